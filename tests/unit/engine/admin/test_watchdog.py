"""The engine's loop stood still: what tells so, when it does, and that it is told once."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from prismfs.engine.admin import doctor, watchdog
from prismfs.engine.admin.watchdog import Heartbeat
from prismfs.engine.turn.commit_group import commit_group, decide_one
from prismfs.kinds.core.audit import INCIDENT_META
from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy
from prismfs.kinds.work import bead
from prismfs.records.api import Nothing, Plan, Refused
from tests.support.drops import signal
from tests.support.project import Project

HELP = "kind: escalation\nfrom: jade\nseverity: LOW\ntitle: {}\n"
STALE = EscalationPolicy().stale_threshold
LATE, MOMENT = timedelta(minutes=5), timedelta(milliseconds=1)


def look(bench: Project, heartbeat: Heartbeat | None = None) -> list[Any]:
    """Let whoever serves the project next look at it now."""
    return list(watchdog.report_standstill(bench.desk, bench.clock.now(), heartbeat))


def told(bench: Project) -> list[Any]:
    return [one for one in bench.records("incident") if one.title == "Engine loop stopped"]


def rows(bench: Project, action: str) -> list[Any]:
    return [row for row in bench.records("audit") if row.action == action]


@pytest.fixture
def asked(bench: Project) -> Project:
    """A project in which somebody has asked for help and nobody answers."""
    bench.drop(HELP.format("disk is full"))
    bench.turn()
    return bench


def test_look_deadline_exactly_five_minutes_past_says_nothing(asked: Project) -> None:
    asked.clock.move(STALE + LATE)
    assert look(asked) == []


def test_look_deadline_over_five_minutes_past_is_an_incident_of_the_highest_severity(asked: Project) -> None:
    """R-002-07: an engine loop that stopped is the whole system down."""
    due = asked.clock.now() + STALE
    asked.clock.move(STALE + LATE + MOMENT)
    assert len(look(asked)) == 1
    (incident,) = told(asked)
    assert (incident.severity.label, incident.nature, incident.reporter) == ("P0", "outage", "prismfs")
    assert (incident.started_at, incident.detected_at) == (due, asked.clock.now())
    assert (incident.status, incident.level, incident.opened_by) == ("triage", "executive", None)
    (row,) = rows(asked, "incident.detected")
    assert row.level == "error"
    assert set(INCIDENT_META) <= row.meta.keys()
    assert row.event.document["count"] == 1
    assert asked.problems() == ()


def test_look_heartbeat_missing_for_over_five_minutes_is_an_incident_exactly_five_is_none(bench: Project) -> None:
    before = bench.clock.now()
    bench.clock.move(LATE)
    assert look(bench, Heartbeat(before, "watching")) == []
    bench.clock.move(MOMENT)
    assert len(look(bench, Heartbeat(before, "watching"))) == 1
    (incident,) = told(bench)
    assert incident.started_at == before
    assert bench.problems() == ()


@pytest.mark.parametrize("state", ["watching", "failing"])
def test_look_same_missing_heartbeat_is_told_once(bench: Project, state: str) -> None:
    heartbeat = Heartbeat(bench.clock.now(), state)
    bench.clock.move(timedelta(days=1))
    assert [len(look(bench, heartbeat)) for _ in range(3)] == [1, 0, 0]
    bench.wait(timedelta(hours=1))
    assert look(bench, heartbeat) == []
    assert [incident.count for incident in told(bench)] == [1]


def test_look_watcher_that_said_it_stops_is_not_missing(bench: Project) -> None:
    heartbeat = Heartbeat(bench.clock.now(), "stopped")
    bench.clock.move(timedelta(days=30))
    assert look(bench, heartbeat) == []


def test_look_watcher_that_stopped_and_let_deadlines_pass_is_told(asked: Project) -> None:
    heartbeat = Heartbeat(asked.clock.now(), "stopped")
    asked.clock.move(timedelta(days=1))
    assert len(look(asked, heartbeat)) == 1


def test_look_heartbeat_from_a_time_that_has_not_come_says_nothing(bench: Project) -> None:
    assert look(bench, Heartbeat(bench.clock.now() + timedelta(days=1), "watching")) == []


def test_look_answered_and_closed_ones_are_nobodys_missed_deadline(asked: Project) -> None:
    asked.drop(HELP.format("fans are loud"))
    asked.drop("kind: task\nfrom: jade\ntitle: sweep\ntype: chore\n")
    asked.turn()
    escalations = [one for one in asked.records("bead") if one.type == "escalation"]
    for verb, one in zip(("escalate.ack", "escalate.close"), escalations, strict=True):
        document = {"id": one.id} | ({"reason": "done"} if verb == "escalate.close" else {})
        assert isinstance(asked.give(verb, document), Plan)
    assert not any(watchdog.is_unanswered(one) for one in asked.records("bead") if one.type == "escalation")
    asked.clock.move(timedelta(days=30))
    assert look(asked) == []


def test_look_work_item_that_is_not_done_in_time_is_its_owners_matter(bench: Project) -> None:
    bench.drop("kind: task\nfrom: jade\ntitle: sweep\ntype: chore\n")
    bench.turn()
    with bench.desk.repo.writer():
        bench.desk.repo.bring_window()
    (item,) = bench.records("bead")
    late = item.changed(due_at=bench.clock.now() + timedelta(days=1))
    bench.force({bead.KIND.place_of(late): bead.KIND.write(late)})
    bench.turn()
    bench.clock.move(timedelta(days=30))
    assert bench.records("bead")[0].due_at < bench.clock.now()
    assert look(bench) == []


def test_look_acknowledged_incident_is_nobodys_missed_deadline(bench: Project, signals: dict[str, str]) -> None:
    """Whoever answers for it minds its targets; one that nobody answers for is told of."""
    bench.drop(signals["incident"])
    bench.turn()
    (incident,) = bench.records("incident")
    bench.clock.move(timedelta(minutes=1))
    assert isinstance(bench.give("incident.ack", {"id": incident.id}), Plan)
    (found,) = bench.records("bead")
    assert found.status == "acknowledged"
    bench.clock.move(timedelta(days=30))
    assert bench.records("incident")[0].due_at < bench.clock.now() - LATE
    assert look(bench) == []


def test_look_deadline_that_was_set_when_it_had_passed_is_no_standstill(asked: Project) -> None:
    """A severity that becomes worse brings nearer deadlines, which may lie in the past at once."""
    asked.clock.move(STALE + timedelta(hours=1))
    (found,) = asked.records("bead")
    assert isinstance(asked.give("escalate.comment", {"id": found.id, "text": "I know"}), Plan)
    asked.clock.move(LATE)
    assert look(asked) == []
    asked.clock.move(MOMENT)
    assert len(look(asked)) == 1


def test_look_overdue_is_handled_in_the_turn_that_follows_late_and_once(asked: Project) -> None:
    """C-67: over two deadlines there is one raise, and the next counts from now."""
    asked.clock.move(2 * STALE + timedelta(hours=1))
    assert len(look(asked)) == 1
    asked.turn()
    first = min(asked.records("bead"), key=lambda one: one.created_at)
    raised = [row for row in rows(asked, "escalation.raised") if row.entity_id == first.id]
    assert len(raised) == 1
    assert look(asked) == []
    assert [incident.count for incident in told(asked)] == [1]
    assert asked.problems() == ()


def test_look_second_standstill_counts_on_the_open_incident(bench: Project) -> None:
    for _ in range(3):
        heartbeat = Heartbeat(bench.clock.now(), "watching")
        bench.clock.move(timedelta(minutes=10))
        assert len(look(bench, heartbeat)) == 1
        bench.turn()
    (incident,) = told(bench)
    assert incident.count == 3
    assert incident.last_seen_at == bench.clock.now()
    suppressed = rows(bench, "incident.duplicate_suppressed")
    assert [row.level for row in suppressed] == ["warn", "warn"]
    assert all(set(INCIDENT_META) <= row.meta.keys() for row in suppressed)
    assert bench.problems() == ()


def test_look_own_deadlines_of_the_watchdogs_incident_join_it(bench: Project) -> None:
    """Its own respond target is a deadline as any: missed by a stopped engine it counts, and makes no second one."""
    heartbeat = Heartbeat(bench.clock.now(), "watching")
    bench.clock.move(timedelta(minutes=10))
    look(bench, heartbeat)
    bench.turn()
    bench.clock.move(timedelta(minutes=20))
    assert len(look(bench)) == 1
    (incident,) = told(bench)
    assert incident.count == 2


def test_look_after_the_incident_was_resolved_opens_another_that_names_it(bench: Project) -> None:
    heartbeat = Heartbeat(bench.clock.now(), "watching")
    bench.clock.move(timedelta(minutes=10))
    look(bench, heartbeat)
    (first,) = told(bench)
    assert isinstance(bench.give("incident.resolve", {"id": first.id, "note": "started again"}), Plan)
    heartbeat = Heartbeat(bench.clock.now(), "watching")
    bench.clock.move(timedelta(hours=1))
    look(bench, heartbeat)
    _, second = told(bench)
    assert (second.recurrence_of, second.count) == (first.id, 1)


def test_look_report_that_names_the_watchdogs_key_is_another_incident(bench: Project) -> None:
    """C-03: the key of a report never meets one of prismfs itself."""
    heartbeat = Heartbeat(bench.clock.now(), "watching")
    bench.drop(signal("export crashes with a traceback", "It is broken.", dedup_key="watchdog:engine"))
    bench.turn()
    bench.clock.move(timedelta(minutes=10))
    look(bench, heartbeat)
    assert [incident.count for incident in bench.records("incident")] == [1, 1]


def test_look_many_are_counted_and_twenty_named(bench: Project) -> None:
    for number in range(23):
        bench.drop(HELP.format("alarm") + f"signature: alarm-{number}\n")
    bench.turn()
    bench.clock.move(STALE + timedelta(hours=1))
    look(bench)
    (row,) = rows(bench, "incident.detected")
    document = row.event.document
    assert (document["count"], len(document["overdue"])) == (23, 20)
    assert len(row.reason) < 200
    (incident,) = told(bench)
    assert "23 deadlines" in incident.severity_reason


def test_look_deadline_that_cannot_be_handled_hides_no_other(asked: Project) -> None:
    """Such as one that waits for settings to be mended: it is told of once, and the next one as well."""
    asked.clock.move(timedelta(minutes=28))
    asked.drop(HELP.format("fans are loud"))
    asked.turn()
    asked.clock.move(STALE + timedelta(minutes=2))  # the second one is due, and not late yet
    assert [len(look(asked)) for _ in range(2)] == [1, 0]
    asked.clock.move(timedelta(hours=1))
    (outcome,) = look(asked)
    (second,) = (one for one in asked.records("bead") if one.title == "fans are loud")
    assert second.id in [one["id"] for one in outcome.event.document["overdue"]]
    assert [incident.count for incident in told(asked)] == [2]


def test_look_told_at_a_time_that_has_not_come_hides_nothing(bench: Project) -> None:
    """The clock was once set a year too far."""
    heartbeat = Heartbeat(bench.clock.now(), "watching")
    bench.clock.move(timedelta(days=365))
    assert len(look(bench, heartbeat)) == 1
    bench.clock.move(-timedelta(days=365))
    bench.drop(HELP.format("disk is full"))
    bench.turn()
    bench.clock.move(STALE + timedelta(hours=1))
    assert len(look(bench)) == 1


def test_decide_what_was_handled_meanwhile_is_nothing(asked: Project) -> None:
    """The other clone was at work: whoever decides again on top of it has nothing to tell."""
    asked.clock.move(STALE + timedelta(hours=1))
    (event,) = watchdog.standstill_events(asked.desk, asked.clock.now(), None)
    assert isinstance(decide_one(asked.desk, event, asked.clock.now()), Plan)
    asked.turn()
    with asked.desk.repo.writer():
        (outcome,) = commit_group(asked.desk, [event], asked.clock.now())
    assert isinstance(outcome.decision, Nothing)
    assert told(asked) == []


def test_events_of_nobody_but_the_engine_are_refused(asked: Project) -> None:
    asked.clock.move(STALE + timedelta(hours=1))
    (event,) = watchdog.standstill_events(asked.desk, asked.clock.now(), None)
    decision = decide_one(asked.desk, event.changed(type="command"), asked.clock.now())
    assert isinstance(decision, Refused)
    assert decision.problem.code == "reserved_identity"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"state": "watching"}',
        '{"at": "yesterday", "state": "watching"}',
        '{"at": 5, "state": "watching"}',
        '{"at": "2026-03-01T10:00:00Z"}',
        "[" * 100_000,
        " " * 70_000 + "{}",
    ],
)
def test_read_heartbeat_file_that_says_none_is_none(bench: Project, text: str) -> None:
    (bench.root / "run").mkdir(exist_ok=True)
    (bench.root / "run" / "health.json").write_text(text)
    assert watchdog.read_heartbeat(bench.root) is None


def test_read_heartbeat_link_is_not_followed(bench: Project, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.json").write_text('{"at": "2026-03-01T10:00:00Z", "state": "watching"}')
    (bench.root / "run").mkdir(exist_ok=True)
    os.symlink(tmp_path / "elsewhere.json", bench.root / "run" / "health.json")
    assert watchdog.read_heartbeat(bench.root) is None


def test_doctor_names_the_silent_watcher_and_the_oldest_deadline_and_changes_nothing(asked: Project) -> None:
    (asked.root / "run").mkdir(exist_ok=True)
    health = {"at": "2026-03-01T10:00:00.000Z", "state": "watching"}
    (asked.root / "run" / "health.json").write_text(json.dumps(health))
    head = asked.head()
    assert codes(asked) == set()
    asked.clock.move(STALE + LATE)
    assert codes(asked) == {"watcher_silent"}
    asked.clock.move(MOMENT)
    found = {one.problem.code: one.problem for one in doctor.examine(asked.root, asked.clock.now()) if one.problem}
    assert {"watcher_silent", "engine_stopped"} <= found.keys()
    (waiting,) = asked.records("bead")
    assert waiting.id in found["engine_stopped"].message
    assert asked.head() == head


def codes(bench: Project) -> set[str]:
    """Return which of the watchdog's findings the doctor has now."""
    now: datetime = bench.clock.now()
    found = {one.problem.code for one in doctor.examine(bench.root, now) if one.problem}
    return found & {"watcher_silent", "engine_stopped"}
