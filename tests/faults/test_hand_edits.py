"""What people change by hand in records that the engine keeps must not bring it to a standstill, or to a spin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from prismfs.engine.turn.react import react
from prismfs.kinds import kind_of
from tests.support.project import Project

ESCALATION = "kind: escalation\nfrom: jade\nseverity: MEDIUM\ntitle: disk is full\n"


def edit(bench: Project, record: Any, **changes: Any) -> None:
    kind = kind_of(record)
    with bench.desk.repo.writer():
        bench.desk.repo.bring_window()
    bench.commit_by_hand({kind.place_of(record): kind.write(record.changed(**changes))})


def test_react_due_time_set_back_by_hand_counts_for_nothing(bench: Project) -> None:
    bench.drop(ESCALATION)
    bench.turn()
    before = bench.records("bead")[0]
    bench.wait(timedelta(hours=4, minutes=1))
    raised = bench.records("bead")[0]
    for words in ({"due_at": before.due_at, "raise_at": before.due_at}, before.to_document()):
        edit(bench, raised, **{name: words[name] for name in ("due_at", "raise_at")})
        bench.turn()
        assert bench.records("bead") == [raised]
        turn = react(bench.desk, bench.moment())
        assert (turn.more, turn.outcomes) == (False, ())
        assert turn.next_due is not None
        assert turn.next_due > bench.clock.now()
    assert bench.git("status", "--porcelain") == ""
    assert bench.problems() == ()


def test_react_delivery_set_back_by_hand_is_not_made_again(bench: Project) -> None:
    bench.drop(ESCALATION)
    bench.turn()
    sent = bench.records("outbox")[0]
    edit(bench, sent, status="pending", attempts=0, due_at=bench.clock.now())
    bench.turn()
    assert not react(bench.desk, bench.moment()).more
    assert bench.records("outbox")[0] == sent
    assert len(bench.records("mail")) == 1


def test_escalation_closed_or_removed_by_hand_is_raised_all_the_same(bench: Project) -> None:
    """FT-06: a commit is no way around the rules: who closes it says so by the command, which has a rule and a row."""
    bench.drop(ESCALATION)
    bench.turn()
    bead = bench.records("bead")[0]
    edit(bench, bead, status="closed")
    bench.turn()
    with bench.desk.repo.writer():
        bench.desk.repo.bring_window()
    bench.commit_by_hand({kind_of(bead).place_of(bead): None})
    bench.wait(timedelta(hours=9))
    assert [row.meta["refused"] for row in bench.rows("commit.observed")] == [
        {kind_of(bead).place_of(bead): "engine_record_changed"}
    ] * 2
    assert bench.rows("escalation.raised")
    assert bench.problems() == ()


def test_file_set_aside_by_a_process_that_was_killed_is_not_taken_twice(bench: Project) -> None:
    """It is in history, and the process died between the rename and the removal."""
    name = bench.drop(ESCALATION)
    path = bench.root / "inbox" / name

    def killed(point: str) -> None:
        if point == "before-inbox":
            path.rename(path.with_name(f".taken-{name}"))
            raise KeyboardInterrupt

    bench.desk.crash_point = killed
    with pytest.raises(KeyboardInterrupt):
        bench.turn()
    bench.restart()
    bench.turn()
    assert [bead.occurrence_count for bead in bench.records("bead")] == [1]
    assert list((bench.root / "inbox").iterdir()) == []
    assert bench.problems() == ()


@pytest.mark.parametrize("name", [".taken-", ".taken-" + "a" * 248])
def test_react_file_named_like_one_set_aside_does_not_spin(bench: Project, name: str) -> None:
    """`watch` took all of a core and `react` never returned, for an empty file that any agent can write."""
    bench.drop(b"", name)
    if len(name) > 7:
        bench.drop(ESCALATION, name.removeprefix(".taken-"))
    bench.turn()
    turn = react(bench.desk, bench.moment())
    assert (turn.more, turn.outcomes, turn.wait_until) == (False, (), None)
