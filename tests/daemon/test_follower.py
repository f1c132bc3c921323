"""The branch follows right after what people commit is taken, ahead of everything else that a turn does (FG-01)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from prismfs.daemon.watched_project import WINDOW_LAG, Health, WatchedProject
from prismfs.engine.turn.react import react
from tests.support.project import TODO, Project


class BesideTurns:
    """One turn of a watcher's at a time, and where the branch was each time that it was to follow."""

    def __init__(self, bench: Project) -> None:
        self._bench = bench
        self.project = WatchedProject(bench.desk, Health(bench.root))
        self.seen: list[tuple[bool, bool, int]] = []
        """What the follower answered, whether the branch then stood at the records, and how many drops waited."""

    def turn(self) -> None:
        follow = self.project.follower(lambda *_: None, self._bench.clock)

        def after_news() -> bool:
            answer = follow()
            waiting = len(list((self._bench.root / "inbox").iterdir()))
            self.seen.append((answer, self._bench.head() == self._bench.truth(), waiting))
            return answer

        react(self._bench.desk, self._bench.moment(), None, after_news)


def test_branch_is_carried_as_soon_as_a_commit_is_taken_and_before_drops_are(bench: Project) -> None:
    followed = BesideTurns(bench)
    bench.commit_by_hand({"NOTES": b"mine\n"})
    bench.drop(TODO)
    followed.turn()
    assert followed.seen == [(True, True, 1)]


def test_branch_that_was_just_carried_waits(bench: Project) -> None:
    followed = BesideTurns(bench)
    for pause in (WINDOW_LAG / 8, WINDOW_LAG / 2):
        bench.commit_by_hand({"NOTES": f"{pause}\n".encode()})
        followed.turn()
        with bench.desk.repo.writer():
            bench.desk.repo.bring_window()
        bench.clock.move(timedelta(seconds=pause))
        bench.commit_by_hand({"NOTES": f"{pause} later\n".encode()})
        followed.turn()
        bench.clock.move(timedelta(seconds=WINDOW_LAG))
    assert followed.seen == [(True, True, 0), (True, False, 0), (True, True, 0), (True, True, 0)]


def test_commit_that_comes_while_another_is_taken_is_taken_before_drops(
    bench: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The branch cannot follow to what was made of the first: it stands elsewhere by now."""
    followed = BesideTurns(bench)
    bring = bench.desk.repo.bring_window
    tries = []

    def person_first() -> tuple[str, ...]:
        tries.append(bench.clock.now())
        if len(tries) == 1:
            bench.commit_by_hand({"NOTES": b"second\n"})
        return bring()

    monkeypatch.setattr(bench.desk.repo, "bring_window", person_first)
    bench.commit_by_hand({"NOTES": b"first\n"})
    bench.drop(TODO)
    followed.turn()
    assert followed.seen == [(False, False, 1), (True, True, 1)]
    assert bench.git("show", f"{bench.truth()}:NOTES") == "second"


def test_who_is_in_the_way_for_long_is_not_waited_for(bench: Project) -> None:
    followed = BesideTurns(bench)
    bench.commit_by_hand({"NOTES": b"mine\n"})
    (bench.root / ".git" / "index.lock").touch()
    bench.drop(TODO)
    followed.turn()
    assert followed.seen == [(False, False, 1)]
    assert list((bench.root / "inbox").iterdir()) == []


def test_who_commits_again_and_again_holds_up_a_turn_for_half_a_second(
    bench: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = BesideTurns(bench)
    bring = bench.desk.repo.bring_window

    def person_first() -> tuple[str, ...]:
        if len(followed.seen) < 10:
            bench.clock.move(timedelta(seconds=WINDOW_LAG * 0.3))
            bench.commit_by_hand({"NOTES": f"{len(followed.seen)}\n".encode()})
        return bring()

    monkeypatch.setattr(bench.desk.repo, "bring_window", person_first)
    bench.commit_by_hand({"NOTES": b"first\n"})
    bench.drop(TODO)
    followed.turn()
    assert followed.seen == [(False, False, 1), (False, False, 1), (True, False, 1)]
    assert list((bench.root / "inbox").iterdir()) == []
