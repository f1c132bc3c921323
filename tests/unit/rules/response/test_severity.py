"""Targets of an incident: strict, from its detection, each missed once; windows where a rank has no target."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prismfs.kinds import kind_of
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.response.incident import Incident
from prismfs.kinds.response.settings.response import Response
from prismfs.records.api import format_instant
from tests.support.memory import MakeRules, MemoryProject

MS = timedelta(milliseconds=1)
RESPOND = {"P0": timedelta(minutes=5), "P1": timedelta(minutes=15), "P2": timedelta(hours=1), "P3": timedelta(hours=24)}
RESOLVE = {"P0": timedelta(hours=1), "P1": timedelta(hours=4), "P2": timedelta(hours=24)}


@pytest.fixture
def rules(make_rules: MakeRules) -> MemoryProject:
    return make_rules()


def opened(rules: MemoryProject, severity: str = "P2", **said: Any) -> Incident:
    return rules.open_incident(severity=severity, **said)


def breaches(rules: MemoryProject) -> list[tuple[Any, Any]]:
    rows = rules.rows("incident.overdue")
    assert all(row.level == "error" for row in rows)
    return [(row.meta["target"], row.meta["late_seconds"]) for row in rows]


def respond_to_settings(rules: MemoryProject, **fields: Any) -> None:
    response = rules.view.single(Response).changed(**fields)
    rules.view.put_file("settings/response.yaml", kind_of(response).write(response))


@pytest.mark.parametrize(("severity", "target"), RESPOND.items())
def test_ack_at_the_respond_target_is_a_breach_and_a_moment_before_is_none(
    make_rules: MakeRules, severity: str, target: timedelta
) -> None:
    """R-002-02 to R-002-06: elapsed == target is a breach; its row comes before the answer's."""
    late, timely = make_rules(), make_rules()
    for rules, by in ((late, target), (timely, target - MS)):
        incident = opened(rules, severity)
        rules.now += by
        rules.give("incident.ack", {"id": incident.id})
    assert breaches(late) == [("respond", 0.0)]
    actions = [row.action for row in late.rows()]
    assert actions.index("incident.overdue") < actions.index("incident.acknowledged")
    assert (breaches(timely), timely.all(Incident)[0].missed) == ([], ())


@pytest.mark.parametrize(("severity", "target"), RESOLVE.items())
def test_resolve_at_the_resolve_target_is_a_breach_and_a_moment_before_is_none(
    make_rules: MakeRules, severity: str, target: timedelta
) -> None:
    late, timely = make_rules(), make_rules()
    for rules, by in ((late, target), (timely, target - MS)):
        incident = opened(rules, severity)
        rules.give("incident.ack", {"id": incident.id})
        rules.now += by
        rules.give("incident.resolve", {"id": incident.id, "note": "done"})
    assert breaches(late) == [("resolve", 0.0)]
    assert breaches(timely) == []


def test_a_target_that_passes_is_told_once_a_moment_after_it(rules: MemoryProject) -> None:
    opened(rules, "P0")
    rules.now += RESPOND["P0"]
    rules.run_due()
    assert breaches(rules) == []
    rules.now += MS
    rules.run_due()
    assert breaches(rules) == [("respond", 0.001)]
    rules.now += timedelta(days=3)
    rules.run_due()
    assert breaches(rules) == [("respond", 0.001), ("resolve", pytest.approx(3 * 86400 - 3300.0 + 0.001))]
    assert rules.all(Incident)[0].missed == ("respond", "resolve")


def test_an_answer_after_the_breach_was_told_is_no_second_one(rules: MemoryProject) -> None:
    incident = opened(rules, "P0")
    rules.wait(minutes=6)
    rules.run_due()
    rules.give("incident.ack", {"id": incident.id})
    assert breaches(rules) == [("respond", 60.0)]


def test_worse_severity_whose_target_has_passed_is_missed_at_once(rules: MemoryProject) -> None:
    incident = opened(rules, "P2")
    rules.wait(minutes=70)
    rules.run_due()
    rules.give("incident.triage", {"id": incident.id, "severity": "P0", "reason": "all are down"})
    assert breaches(rules) == [("respond", 600.0), ("resolve", 600.0)]
    assert rules.fresh(incident).timers.resolve is None


def test_worse_severity_takes_the_shorter_target_and_milder_the_longer_one(rules: MemoryProject) -> None:
    incident = opened(rules, "P2")
    for severity in ("P1", "P2"):
        rules.wait(minutes=10)
        rules.give("incident.triage", {"id": incident.id, "severity": severity, "reason": "looked closer"})
        assert rules.fresh(incident).timers.resolve == incident.detected_at + RESOLVE[severity]
    assert breaches(rules) == []


def test_a_target_missed_once_is_not_missed_again_under_a_milder_severity(rules: MemoryProject) -> None:
    incident = opened(rules, "P0")
    rules.give("incident.ack", {"id": incident.id})
    rules.wait(hours=2)
    rules.run_due()
    rules.give("incident.triage", {"id": incident.id, "severity": "P1", "reason": "half of them work"})
    assert rules.fresh(incident).timers.resolve is None
    rules.wait(hours=4)
    rules.run_due()
    assert [target for target, _ in breaches(rules)] == ["resolve"]


def test_rank_without_a_target_has_none_where_no_window_is_configured(rules: MemoryProject) -> None:
    """R-002-05, R-002-06."""
    assert opened(rules, "P3").timers.resolve is None


def test_rank_without_a_target_is_to_be_resolved_by_the_end_of_the_next_window(rules: MemoryProject) -> None:
    """R-002-05: the first window that begins at detection or later; one that is under way is not the next one."""
    sunday = {"name": "sunday", "rule": "FREQ=WEEKLY;BYDAY=SU;BYHOUR=10", "lasts": "2h"}
    tuesday = {"name": "tuesday", "rule": "FREQ=WEEKLY;BYDAY=TU;BYHOUR=22;BYMINUTE=30", "lasts": "5h"}
    respond_to_settings(rules, windows=(sunday, tuesday))
    assert rules.now == datetime(2026, 3, 1, 10, tzinfo=UTC)  # a Sunday, at the beginning of a window
    assert opened(rules, "P3", dedup_key="a").timers.resolve == datetime(2026, 3, 1, 12, tzinfo=UTC)
    rules.now += MS
    incident = opened(rules, "P3", dedup_key="b")
    assert incident.timers.resolve == datetime(2026, 3, 4, 3, 30, tzinfo=UTC)
    assert opened(rules, "P2", dedup_key="c").timers.resolve == rules.now + RESOLVE["P2"]
    rules.now = datetime(2026, 3, 4, 3, 30, tzinfo=UTC)
    rules.give("incident.resolve", {"id": incident.id, "note": "done"})
    assert ("resolve", 0.0) in breaches(rules)


def test_reopened_incident_keeps_both_clocks_at_its_detection(rules: MemoryProject) -> None:
    incident = opened(rules, "P1")
    rules.wait(minutes=10)
    rules.give("incident.ack", {"id": incident.id})
    rules.give("incident.resolve", {"id": incident.id, "note": "rolled back"})
    rules.wait(minutes=50)
    rules.give("incident.reopen", {"id": incident.id, "reason": "again"})
    again = rules.fresh(incident)
    assert (again.timers.resolve, again.timers.respond) == (incident.detected_at + RESOLVE["P1"], None)
    rules.give("incident.resolve", {"id": incident.id, "note": "rolled back"})
    rules.wait(hours=5)
    assert breaches(rules) == []
    rules.give("incident.reopen", {"id": incident.id, "reason": "again"})
    assert breaches(rules) == [("resolve", 7200.0)]


def test_breach_row_names_its_target_and_when_it_was(rules: MemoryProject) -> None:
    incident = opened(rules, "P0")
    rules.wait(minutes=7)
    rules.run_due()
    (row,) = [row for row in rules.all(Audit) if row.action == "incident.overdue"]
    due = incident.detected_at + RESPOND["P0"]
    assert (row.meta["target"], row.meta["due_at"], row.meta["late_seconds"]) == ("respond", format_instant(due), 120.0)


def test_a_judgement_by_a_person_is_an_answer_and_one_by_the_rules_is_none(rules: MemoryProject) -> None:
    """R-002-56: the first act of somebody other than the reporting agent and the engine."""
    incident = opened(rules, "P2")
    assert (incident.responded_at, incident.timers.respond) == (None, incident.detected_at + RESPOND["P2"])
    rules.wait(minutes=10)
    rules.give("incident.triage", {"id": incident.id, "severity": "P2", "scope": "mixed", "reason": "both"})
    judged = rules.fresh(incident)
    assert (judged.responded_at, judged.timers.respond) == (rules.now, None)


def test_a_judgement_at_the_target_comes_too_late(rules: MemoryProject) -> None:
    incident = opened(rules, "P2")
    rules.now += RESPOND["P2"]
    rules.give("incident.triage", {"id": incident.id, "severity": "P1", "reason": "worse"})
    assert breaches(rules)[0] == ("respond", 0.0)
