"""Two incidents that are one: what is added up, what is worse, who hears of it, and what is not merged."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from prismfs.kinds import kind_of
from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import TriageRecord
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.core.settings.persona import Automation, Persona
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Nothing, Refused, format_instant
from tests.support.memory import MakeRules, MemoryProject


@pytest.fixture
def rules(make_rules: MakeRules) -> MemoryProject:
    return make_rules()


def opened(rules: MemoryProject, key: str, **said: Any) -> Incident:
    return rules.open_incident(subject=f"{key} fails", dedup_key=key, **said)


def reported(rules: MemoryProject, key: str, **form: Any) -> Incident:
    return rules.report(subject=f"prismfs {key} crashes", body="It crashes with an error.", dedup_key=key, **form)


def merge(rules: MemoryProject, member: Incident, into: Incident, *, actor: str = "frank") -> Any:
    decision = rules.give("incident.merge", {"id": member.id, "into": into.id}, actor=actor)
    return decision.problem.code if isinstance(decision, Refused) else decision


def give(rules: MemoryProject, verb: str, incident: Incident, **said: Any) -> Any:
    return rules.give(f"incident.{verb}", {"id": incident.id, **said})


def test_merge_adds_up_reports_and_keeps_the_earliest_times(rules: MemoryProject) -> None:
    """C-15: the earliest start wins, and the reports are counted together."""
    first = opened(rules, "a", started_at=format_instant(rules.now - timedelta(minutes=9)))
    rules.wait(minutes=4)
    opened(rules, "a")
    other = opened(rules, "b", started_at=format_instant(rules.now - timedelta(minutes=1)))
    merge(rules, first, other)
    into, member = rules.fresh(other), rules.fresh(first)
    assert (into.count, into.detected_at, into.started_at) == (3, first.detected_at, first.started_at)
    assert (into.title, into.dedup_key, into.status) == ("b fails", "key:b", "triage")
    assert (member.status, member.duplicate_of, member.due_at) == ("duplicate", into.id, None)
    by_action = {row.action: row for row in rules.all(Audit)}
    assert by_action["incident.merged"].entity_id == member.id
    assert by_action["incident.joined"].entity_id == into.id


@pytest.mark.parametrize(
    ("one", "other", "holds"),
    [("P3", "P1", "P1"), ("P1", "P3", "P1"), ("P2", "P2", "P2"), ("P0", "P2", "P0")],
)
def test_merge_keeps_the_worse_severity_whichever_way(rules: MemoryProject, one: str, other: str, holds: str) -> None:
    member, into = opened(rules, "a", severity=one), opened(rules, "b", severity=other)
    merge(rules, member, into)
    found = rules.fresh(into)
    assert (found.severity.label, found.sev_max.label) == (holds, holds)
    assert len(found.severity_history) == (one < other)
    assert found.level == {"P0": "executive", "P1": "coordination", "P2": "support"}[holds]
    assert found.escalation is not None


def test_merge_keeps_the_worst_that_either_ever_was(rules: MemoryProject) -> None:
    """R-002-44: what once was P1 needs its review under whatever name."""
    member, into = opened(rules, "a", severity="P1"), opened(rules, "b", severity="P3")
    give(rules, "triage", member, severity="P3", reason="slow, not down")
    merge(rules, member, into)
    assert (rules.fresh(into).severity.label, rules.fresh(into).sev_max.label) == ("P3", "P1")
    give(rules, "resolve", into, note="mended")
    assert give(rules, "close", into).problem.code == "review_missing"


def test_merge_of_what_is_judged_into_what_waits_for_its_triage_climbs(rules: MemoryProject) -> None:
    """R-002-25: the severity that is taken over is no proposal."""
    clara = rules.view.get(Persona, "Clara").changed(automation=Automation(mode="person"))
    rules.view.put_file("roster/clara.yaml", kind_of(clara).write(clara))
    waiting, member = reported(rules, "w"), opened(rules, "b", severity="P0")
    assert rules.fresh(waiting).level == "support"
    merge(rules, member, waiting)
    assert (rules.fresh(waiting).severity.label, rules.fresh(waiting).level) == ("P0", "executive")


def test_merge_makes_the_target_of_the_earlier_detection_hold(rules: MemoryProject) -> None:
    member = opened(rules, "a", severity="P3")
    rules.wait(hours=3, minutes=30)
    into = opened(rules, "b", severity="P1")
    merge(rules, member, into)
    assert rules.fresh(into).timers.resolve == member.detected_at + timedelta(hours=4)


def test_merge_tells_everybody_who_reported_once_and_moves_the_reports(rules: MemoryProject) -> None:
    member, into = reported(rules, "a"), reported(rules, "b", sender="onyx")
    reported(rules, "a", sender="onyx")
    merge(rules, member, into)
    told = [mail.to for mail in rules.all(Mail) if mail.subject.startswith("Merged")]
    assert sorted(told) == ["jade", "onyx"]
    assert {signal.incident for signal in rules.all(Signal)} == {into.id}
    give(rules, "resolve", into, note="mended")
    heard = [mail.to for mail in rules.all(Mail) if mail.subject.startswith("Resolved")]
    assert sorted(heard) == ["jade", "onyx"]


def test_merge_ends_what_waited_on_its_account(rules: MemoryProject) -> None:
    member = reported(rules, "a")
    clara = rules.view.get(Persona, "Clara").changed(automation=Automation(mode="person"))
    rules.view.put_file("roster/clara.yaml", kind_of(clara).write(clara))
    waiting, into = reported(rules, "w"), opened(rules, "b", severity="P2")
    assert [home.incident for home in rules.all(PhoneHome) if home.status == "draft"] == [member.id]
    merge(rules, member, into)
    merge(rules, waiting, into)
    assert [home.status for home in rules.all(PhoneHome)] == ["withdrawn"]
    states = {record.incident: (record.status, record.due_at) for record in rules.all(TriageRecord)}
    assert states[waiting.id] == ("done", None)
    open_beads = [bead.related for bead in rules.all(Escalation) if bead.status != "closed"]
    assert open_beads == [into.id]


def test_merge_again_changes_nothing(rules: MemoryProject) -> None:
    member, into = opened(rules, "a"), opened(rules, "b")
    merge(rules, member, into)
    assert isinstance(merge(rules, member, into), Nothing)
    assert rules.fresh(into).count == 2


def test_report_of_a_merged_one_is_counted_where_it_was_merged_to(rules: MemoryProject) -> None:
    a, b, c = (opened(rules, key) for key in "abc")
    merge(rules, a, b)
    merge(rules, b, c)
    opened(rules, "a")
    assert (rules.fresh(c).count, len(rules.all(Incident))) == (4, 3)
    give(rules, "resolve", c, note="mended")
    rules.wait(hours=2)
    assert opened(rules, "a").recurrence_of == c.id


def test_merge_of_resolved_ones_keeps_the_latest_end(rules: MemoryProject) -> None:
    """C-15: the latest explicit end wins."""
    member, into = opened(rules, "a"), opened(rules, "b")
    give(rules, "resolve", into, note="mended")
    rules.wait(minutes=5)
    give(rules, "resolve", member, note="mended")
    merge(rules, member, into)
    assert (rules.fresh(into).status, rules.fresh(into).resolved_at) == ("resolved", rules.now)


def test_merge_into_itself_a_duplicate_or_a_circle_is_refused(rules: MemoryProject) -> None:
    a, b, c = (opened(rules, key) for key in "abc")
    assert merge(rules, a, a) == "merge_self"
    merge(rules, a, b)
    assert merge(rules, c, a) == "is_duplicate"
    assert merge(rules, a, c) == "is_duplicate"
    assert merge(rules, b, a) == "merge_circle"
    merge(rules, b, c)
    assert merge(rules, c, a) == "merge_circle"


def test_merge_of_an_open_one_into_one_that_is_over_is_refused(rules: MemoryProject) -> None:
    a, b, c = (opened(rules, key) for key in "abc")
    give(rules, "resolve", b, note="mended")
    assert merge(rules, a, b) == "not_open"
    give(rules, "close", b)
    assert merge(rules, a, b) == "closed"
    assert merge(rules, b, a) == "closed"
    give(rules, "close", c, false_positive=True, reason="nothing")
    assert merge(rules, c, a) == "closed"
    assert merge(rules, a, a.changed(id="inc-01k5w0g3m0a1b2c3d4e5f6g7h8")) == "not_found"


def test_merge_of_a_drill_with_what_is_real_is_refused(rules: MemoryProject) -> None:
    assert merge(rules, opened(rules, "a", drill=True), opened(rules, "b")) == "is_drill"


def test_merge_of_what_two_projects_reported_is_refused(rules: MemoryProject) -> None:
    """Neither project may read of the other's matter."""
    a, b = opened(rules, "a"), opened(rules, "b")
    foreign = b.changed(reporter_pid="PID-OTHER1")
    rules.view.put_file(kind_of(b).place_of(b), kind_of(b).write(foreign))
    assert merge(rules, a, b) == "other_project"


def test_merge_by_somebody_without_that_authority_is_refused(rules: MemoryProject) -> None:
    assert merge(rules, opened(rules, "a"), opened(rules, "b"), actor="jade") == "not_allowed"


def test_merge_takes_the_first_answer_of_either(rules: MemoryProject) -> None:
    member = opened(rules, "a", severity="P2")
    rules.wait(minutes=10)
    give(rules, "ack", member)
    into = opened(rules, "b", severity="P2")
    rules.wait(minutes=80)
    rules.run_due()
    assert rules.fresh(into).missed == ("respond",)
    merge(rules, member, into)
    found = rules.fresh(into)
    assert (found.responded_at, found.missed) == (rules.fresh(member).responded_at, ("respond",))


def test_unmerged_has_its_reports_and_the_other_its_times(rules: MemoryProject) -> None:
    """FD-36: what came of the merge goes; what people have said since stays."""
    first = rules.open_incident(dedup_key="a", severity="P3", subject="a")
    rules.wait(minutes=5)
    second = rules.open_incident(dedup_key="b", severity="P1", subject="b")
    rules.give("incident.merge", {"id": first.id, "into": second.id})
    joined = rules.fresh(second)
    assert (joined.detected_at, joined.count) == (first.detected_at, 2)
    rules.wait(minutes=5)
    rules.give("incident.unmerge", {"id": first.id, "reason": "another disk"})
    again, other = rules.fresh(first), rules.fresh(second)
    assert (again.status, again.duplicate_of, again.before_merge, again.closed_at) == ("triage", None, None, None)
    assert (other.detected_at, other.count, other.severity.label) == (second.detected_at, 1, "P1")
    assert {signal.incident for signal in rules.all(Signal)} == {first.id, second.id}


def test_unmerge_of_one_that_was_merged_on_names_what_comes_first(rules: MemoryProject) -> None:
    a, b, c = (rules.open_incident(dedup_key=key, severity="P2", subject=key) for key in "abc")
    rules.give("incident.merge", {"id": a.id, "into": b.id})
    rules.give("incident.merge", {"id": b.id, "into": c.id})
    refused = rules.give("incident.unmerge", {"id": a.id, "reason": "x"})
    assert isinstance(refused, Refused)
    assert (refused.problem.code, b.id in str(refused.problem.hint)) == ("is_duplicate", True)
    rules.give("incident.unmerge", {"id": b.id, "reason": "x"})
    assert (rules.fresh(c).count, rules.fresh(b).count) == (1, 2)
    rules.give("incident.unmerge", {"id": a.id, "reason": "x"})
    assert (rules.fresh(b).count, rules.fresh(a).count) == (1, 1)
