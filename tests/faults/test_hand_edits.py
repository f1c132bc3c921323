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
        bench.desk.repo.bring_index()
    bench.commit_by_hand({kind.place_of(record): kind.write(record.changed(**changes))})


def test_react_due_time_set_back_by_hand_is_acted_on_once(bench: Project) -> None:
    bench.drop(ESCALATION)
    bench.turn()
    first = bench.records("bead")[0].due_at
    bench.wait(timedelta(hours=4, minutes=1))
    edit(bench, bench.records("bead")[0], due_at=first, raise_at=first)
    bench.turn()
    bench.turn()
    assert bench.records("bead")[0].reescalation_count == 2
    assert bench.problems() == ()


def test_react_record_put_back_by_hand_does_not_spin(bench: Project) -> None:
    """A bead as it was before it was raised is due and was answered: `react` kept turning for ever."""
    bench.drop(ESCALATION)
    bench.turn()
    before = bench.records("bead")[0]
    bench.wait(timedelta(hours=4, minutes=1))
    edit(bench, before)
    bench.turn()
    turn = react(bench.desk, bench.moment())
    assert not turn.more
    assert turn.next_due > bench.clock.now()
    assert bench.problems() == ()


def test_react_delivery_count_set_back_by_hand_does_not_spin(bench: Project) -> None:
    bench.drop(ESCALATION)
    bench.turn()
    sent = bench.records("outbox")[0]
    edit(bench, sent, status="pending", attempts=0, due_at=bench.clock.now())
    bench.turn()
    assert not react(bench.desk, bench.moment()).more
    assert len(bench.records("mail")) == 1


def test_react_bead_removed_by_hand_is_not_raised(bench: Project) -> None:
    """R-004-25: a missing bead is never a candidate."""
    bench.drop(ESCALATION)
    bench.turn()
    with bench.desk.repo.writer():
        bench.desk.repo.bring_index()
    bench.commit_by_hand({kind_of(bead).place_of(bead): None for bead in bench.records("bead")})
    bench.wait(timedelta(hours=9))
    assert bench.records("bead") == []
    assert "escalation.raised" not in {row.action for row in bench.records("audit")}
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
