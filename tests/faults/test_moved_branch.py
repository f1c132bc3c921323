"""The branch moves between deciding and committing: everything is decided again on what is there now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from prismfs.engine.turn.commit_group import Outcome, commit_group, decide_one
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.submit import command_event
from prismfs.errors import ConflictError
from prismfs.records.api import Event, JsonValue, Nothing, Plan
from tests.support.project import Project

ARTICLE = b"kind: kb\nversion: 1\nname: workers\ntitle: Workers\nsource: manual 3.2\nbody: Set `size`.\n"
ADDED: JsonValue = {"name": "workers", "title": "Workers", "source": "manual 3.2", "body": "Set `size`."}


def desk_disturbed(bench: Project, disturb: Callable[[], None]) -> Desk:
    """Return a desk at whose side `disturb` happens each time the branch is about to move."""
    return Desk(bench.root, crash_point=lambda name: disturb() if name == "before-reference" else None)


def add_article(bench: Project) -> Event:
    at = bench.clock.now()
    return command_event("kb.add", {"document": ADDED, "replace": False}, actor="olga", token="add", at=at)


def rules_of(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.decision.rule for outcome in outcomes if isinstance(outcome.decision, Plan)]


def test_branch_that_moved_once_is_decided_on_as_it_is_then(bench: Project) -> None:
    """What the person committed meanwhile is the very article, so that nothing is left to be added."""
    hands = iter([{"kb/workers.yaml": ARTICLE}])

    def disturb() -> None:
        for files in hands:
            bench.commit_by_hand(files)
            break

    with desk_disturbed(bench, disturb) as desk:
        assert isinstance(decide_one(desk, add_article(bench), bench.clock.now()), Plan)
        with desk.repo.writer():
            *news, asked = commit_group(desk, [add_article(bench)], bench.clock.now())
    assert isinstance(asked.decision, Nothing)
    assert rules_of(news) == ["observe"]
    actions = [row.action for row in bench.records("audit")]
    assert actions == ["commit.observed"]
    assert bench.files()["kb/workers.yaml"] == ARTICLE
    assert bench.problems() == ()


def test_branch_that_moved_twice_keeps_what_was_asked_once(bench: Project) -> None:
    hands = iter([{"notes/1": b"one\n"}, {"notes/2": b"two\n"}])

    def disturb() -> None:
        for files in hands:
            bench.commit_by_hand(files)
            break

    with desk_disturbed(bench, disturb) as desk, desk.repo.writer():
        outcomes = commit_group(desk, [add_article(bench)], bench.clock.now())
    assert rules_of(outcomes) == ["observe", "observe", "add_article"]
    assert [row.action for row in bench.records("audit")] == ["commit.observed", "commit.observed", "kb.added"]
    assert bench.problems() == ()


def test_branch_that_never_stops_moving_is_given_up_with_nothing_done(bench: Project) -> None:
    numbers = iter(range(1000))

    def disturb() -> None:
        bench.commit_by_hand({"notes/n": b"%d\n" % next(numbers)})

    with (
        desk_disturbed(bench, disturb) as desk,
        desk.repo.writer(),
        pytest.raises(ConflictError, match="moved"),
    ):
        commit_group(desk, [add_article(bench)], bench.clock.now())
    assert bench.records("kb") == []
    assert bench.records("audit") == []
