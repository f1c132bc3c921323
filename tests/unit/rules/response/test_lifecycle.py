"""The life of an incident by commands: opened, mitigated, resolved, reopened, closed; what is refused, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from prismfs.errors import RefusedError
from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import TriageRecord
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Event, Nothing, Refused, format_instant, read_label
from prismfs.rules.core.draft import Draft
from prismfs.rules.response.facts import check_times
from prismfs.rules.response.opening import open_incident
from tests.support.memory import MakeRules, MemoryProject


@pytest.fixture
def rules(make_rules: MakeRules) -> MemoryProject:
    return make_rules()


def give(rules: MemoryProject, verb: str, incident: Incident, **said: Any) -> Any:
    """Give a command about an incident; the record afterwards, or the problem's code, or the reason of a Nothing."""
    actor = said.pop("actor", "frank")
    decision = rules.give(f"incident.{verb}", {"id": incident.id, **said}, actor=actor)
    if isinstance(decision, Refused):
        return decision.problem.code
    return decision.reason if isinstance(decision, Nothing) else rules.fresh(incident)


# ---- opened by a command


def test_open_makes_a_signal_and_an_incident_by_the_road_of_a_report(rules: MemoryProject) -> None:
    """R-002-24: replies, triage and escalation are those of a report."""
    incident = rules.open_incident(body="all of it", severity="P1", nature="outage", workflow="billing")
    (signal,) = rules.all(Signal)
    assert (incident.opened_by, signal.incident, signal.sender) == (signal.id, incident.id, "frank")
    assert (incident.nature, incident.affected_workflow, incident.severity.label) == ("outage", "billing", "P1")
    assert "incident.detected" in [row.action for row in rules.rows()]
    assert [bead.related for bead in rules.all(Escalation)] == [incident.id]
    assert [subject for subject in [mail.subject for mail in rules.mails("frank")] if subject.startswith("Triaged")]


@pytest.mark.parametrize("mode", ["rules", "propose", "person"])
def test_open_with_a_severity_counts_as_judged_by_that_person(rules: MemoryProject, mode: str) -> None:
    rules.automate("Clara", mode=mode)
    incident = rules.open_incident(severity="p1")
    (record,) = rules.all(TriageRecord)
    assert (record.status, record.classification.by, record.due_at) == ("done", "frank", None)
    assert (incident.severity.label, incident.sev_initial.label, incident.level) == ("P1", "P1", "coordination")


def test_open_without_a_severity_is_judged_as_every_report_is(rules: MemoryProject) -> None:
    rules.automate("Clara", mode="person")
    incident = rules.open_incident()
    (record,) = rules.all(TriageRecord)
    assert (record.status, incident.severity.label, incident.level) == ("waiting", "P2", "support")


def test_open_with_only_a_grave_nature_takes_its_floor(rules: MemoryProject) -> None:
    assert rules.open_incident(nature="security").severity.rank == 1
    assert rules.open_incident(nature="security", severity="P3", dedup_key="other").severity.rank == 3


@pytest.mark.parametrize(
    ("said", "code", "names"),
    [
        ({"severity": "SEV-1"}, "unknown_severity", "P0, P1, P2, P3"),
        ({"severity": "Critical"}, "unknown_severity", "P0, P1, P2, P3"),
        ({"nature": "bananas"}, "unknown_nature", "security"),
        ({"started_at": "2026-03-01T10:00:00.001Z"}, "times_out_of_order", "detected"),
        ({"started_at": "yesterday"}, "bad_field", None),
        ({"subject": "two\nlines"}, "bad_field", None),
        ({"subject": "--help"}, "bad_field", None),
    ],
)
def test_open_with_what_is_not_valid_leaves_nothing(
    rules: MemoryProject, said: dict[str, str], code: str, names: str | None
) -> None:
    """C-95: no half of an incident is left."""
    decision = rules.give("incident.open", {"subject": "it fails", **said})
    assert isinstance(decision, Refused)
    assert decision.problem.code == code
    assert names is None or names in str(decision.problem.hint)
    assert (rules.all(Incident), rules.all(Signal), rules.all(Audit)) == ([], [], [])


def test_open_with_a_start_keeps_it(rules: MemoryProject) -> None:
    began = format_instant(rules.now - timedelta(minutes=3))
    assert rules.open_incident(started_at=began).started_at == rules.now - timedelta(minutes=3)


def test_open_again_by_key_is_counted_and_a_worse_severity_holds(rules: MemoryProject) -> None:
    """C-01, C-14: the summary of the first stays; a more urgent repeat passes through."""
    first = rules.open_incident(dedup_key="db", severity="P2")
    rules.open_incident(dedup_key="db", severity="P3", subject="other words")
    same = rules.fresh(first)
    assert (same.count, same.title, same.severity.label, same.severity_history) == (2, "it fails", "P2", ())
    rules.open_incident(dedup_key="db", severity="P0")
    worse = rules.fresh(first)
    assert (worse.count, worse.severity.label, worse.level) == (3, "P0", "executive")
    assert len(rules.all(Incident)) == 1


def test_open_by_somebody_without_that_authority_is_refused(rules: MemoryProject) -> None:
    decision = rules.give("incident.open", {"subject": "it fails"}, actor="jade")
    assert isinstance(decision, Refused)
    assert decision.problem.code == "not_allowed"


def test_drill_says_so_in_every_message_and_never_meets_what_is_real(rules: MemoryProject) -> None:
    real = rules.open_incident(dedup_key="db", severity="P1")
    drill = rules.open_incident(dedup_key="db", severity="P0", drill=True)
    assert (real.drill, drill.drill, rules.fresh(real).count) == (False, True, 1)
    about = [mail.subject for mail in rules.all(Mail) if mail.about in (drill.id, drill.escalation)]
    assert about
    assert all("[drill]" in subject for subject in about)
    assert rules.open_incident(dedup_key="db", drill=True).id == drill.id


def test_drill_never_leaves_the_project(rules: MemoryProject) -> None:
    words = {"subject": "prismfs watch crashes with an error", "body": "prismfs watch crashes."}
    real, drill = rules.open_incident(**words), rules.open_incident(**words, drill=True)
    assert [home.incident for home in rules.all(PhoneHome)] == [real.id]
    outputs = {record.incident: record.output for record in rules.all(TriageRecord)}
    assert (outputs[real.id].eligible, outputs[drill.id].eligible) == (True, False)
    assert outputs[drill.id].reasons == ("it is a drill",)
    decision = rules.give("phone_home.stage", {"id": drill.id}, actor="Clara")
    assert isinstance(decision, Refused)
    assert decision.problem.code == "is_drill"


def test_drill_that_the_desk_opens_says_so_in_its_title(rules: MemoryProject) -> None:
    event = {"type": "command", "kind": "incident.open", "cause": "test:1", "at": rules.now, "actor": "frank"}
    draft = Draft(rules.view, Event.model_validate(event | {"document": {}}), rules.now)
    severity = read_label(draft.policy.scales, "P2", scale="prism")
    fields: dict[str, Any] = {
        "nature": "outage",
        "severity": severity,
        "because": "x",
        "reporter": "frank",
        "opened_by": None,
    }
    assert open_incident(draft, title="it fails", key="drill", drill=True, **fields).title == "[drill] it fails"


# ---- mitigated


def test_mitigation_begins_and_ends_each_once(rules: MemoryProject) -> None:
    incident = rules.open_incident(severity="P2")
    rules.wait(minutes=3)
    begun = give(rules, "mitigate", incident, begin=True)
    assert (begun.status, begun.responded_at, begun.mitigated_at) == ("mitigating", rules.now, None)
    assert give(rules, "mitigate", incident, begin=True) == "it is mitigating already"
    rules.wait(minutes=3)
    done = give(rules, "mitigate", incident, note="rolled back")
    assert (done.status, done.mitigated_at, done.notes[0].text) == ("mitigated", rules.now, "rolled back")
    assert give(rules, "mitigate", incident) == "it is mitigated already"
    assert give(rules, "mitigate", incident, begin=True).status == "mitigating"
    give(rules, "resolve", incident, note="mended")
    assert give(rules, "mitigate", incident) == "not_open"
    assert [row.action for row in rules.rows()].count("incident.mitigated") == 1


# ---- resolved, reopened


def test_resolve_ends_what_was_waited_for_and_counts_as_an_answer(rules: MemoryProject) -> None:
    incident = rules.open_incident(severity="P3")
    rules.wait(minutes=2)
    done = give(rules, "resolve", incident, note="mended")
    assert (done.status, done.responded_at, done.resolved_at, done.due_at) == ("resolved", rules.now, rules.now, None)
    assert give(rules, "resolve", incident, note="again") == "resolved already by frank"
    assert give(rules, "ack", incident) == "it is resolved already"


def test_reopen_takes_it_up_again(rules: MemoryProject) -> None:
    incident = rules.open_incident(severity="P2")
    give(rules, "ack", incident)
    answered = rules.fresh(incident).responded_at
    give(rules, "resolve", incident, note="mended")
    rules.wait(minutes=30)
    again = give(rules, "reopen", incident, reason="it fails again")
    assert (again.status, again.reopened, again.resolved_at, again.resolution) == ("triage", 1, None, None)
    assert (again.acknowledged_at, again.responded_at, again.notes[0].text) == (None, answered, "it fails again")
    assert [bead.status for bead in rules.all(Escalation)] == ["closed", "open"]
    assert again.escalation == rules.all(Escalation)[1].id
    assert [
        subject for subject in [mail.subject for mail in rules.mails(again.owner)] if subject.startswith("Reopened")
    ]
    assert [subject for subject in [mail.subject for mail in rules.mails("frank")] if subject.startswith("Reopened")]
    assert give(rules, "reopen", incident, reason="x") == "it is open already"


def test_reopened_minor_incident_that_becomes_urgent_is_escalated_anew(rules: MemoryProject) -> None:
    incident = rules.open_incident(severity="P2")
    give(rules, "triage", incident, severity="P3", reason="only slow")
    give(rules, "resolve", incident, note="mended")
    assert give(rules, "reopen", incident, reason="again").escalation is None
    give(rules, "triage", incident, severity="P1", reason="down")
    assert [bead.status for bead in rules.all(Escalation)] == ["closed", "open"]


def test_reopened_incident_goes_on_growing_old(rules: MemoryProject) -> None:
    """R-002-25: the age is counted from its detection, whatever was in between."""
    incident = rules.open_incident(severity="P2")
    give(rules, "resolve", incident, note="mended")
    rules.wait(minutes=30)
    assert give(rules, "reopen", incident, reason="again").timers.hop == incident.detected_at + timedelta(hours=2)
    give(rules, "resolve", incident, note="mended")
    rules.wait(hours=2)
    assert give(rules, "reopen", incident, reason="again").level == "coordination"


def test_reopen_asks_again_for_a_triage_that_still_waits(rules: MemoryProject) -> None:
    rules.automate("Clara", mode="person")
    incident = rules.report()
    give(rules, "resolve", incident, note="mended")
    assert rules.all(TriageRecord)[0].due_at is None
    rules.wait(minutes=30)
    give(rules, "reopen", incident, reason="again")
    (record,) = rules.all(TriageRecord)
    assert (record.status, record.due_at > rules.now) == ("waiting", True)


def test_reopened_false_alarm_waits_for_its_triage_again(rules: MemoryProject) -> None:
    """FD-36: it was a fault after all; what had ended with it begins anew."""
    rules.automate("Clara", mode="person")
    incident = rules.report()
    give(rules, "ack", incident)
    answered = rules.fresh(incident).responded_at
    give(rules, "close", incident, false_positive=True, reason="the probe was wrong")
    assert [record.status for record in rules.all(TriageRecord)] == ["done"]
    rules.wait(minutes=5)
    again = give(rules, "reopen", incident, reason="the probe was right")
    assert (again.status, again.closed_at, again.closed_reason, again.acknowledged_at) == ("triage", None, None, None)
    assert again.responded_at == answered
    (record,) = rules.all(TriageRecord)
    assert (record.status, record.done_at, record.due_at > rules.now) == ("waiting", None, True)
    assert [bead.status for bead in rules.all(Escalation)] == ["closed", "open"]
    assert "it was a fault after all" in rules.rows("incident.reopened")[0].reason


def test_reopen_of_what_is_closed_is_refused(rules: MemoryProject) -> None:
    incident = rules.open_incident(severity="P2")
    give(rules, "resolve", incident, note="mended")
    assert give(rules, "close", incident, reason="over").status == "closed"
    decision = rules.give("incident.reopen", {"id": incident.id, "reason": "again"})
    assert isinstance(decision, Refused)
    assert (decision.problem.code, "incident open" in decision.problem.hint) == ("closed", True)


def test_reopen_without_a_reason_is_refused(rules: MemoryProject) -> None:
    incident = rules.open_incident()
    give(rules, "resolve", incident, note="mended")
    assert give(rules, "reopen", incident) == "reason_missing"


# ---- closed


@pytest.mark.parametrize(
    ("severity", "outcome"),
    [("P0", "review_missing"), ("P1", "review_missing"), ("P2", "closed"), ("P3", "closed")],
)
def test_close_of_what_was_severe_needs_a_review(rules: MemoryProject, severity: str, outcome: str) -> None:
    """C-117: P0 and P1 are refused without one, P2 and P3 are not."""
    incident = rules.open_incident(severity=severity)
    give(rules, "resolve", incident, note="mended")
    found = give(rules, "close", incident, reason="over")
    assert (found if isinstance(found, str) else found.status) == outcome
    if outcome == "closed":
        assert (found.closed_by, found.closed_at, found.closed_reason, found.due_at) == (
            "frank",
            rules.now,
            "over",
            None,
        )
        assert give(rules, "close", incident) == "it is closed already"


def test_close_looks_at_the_worst_severity_that_it_ever_had(rules: MemoryProject) -> None:
    """R-002-44, C-117: once P1, now P3, still needs it."""
    incident = rules.open_incident(severity="P1")
    milder = give(rules, "triage", incident, severity="P3", reason="only the page is slow")
    assert (milder.severity.label, milder.sev_max.label) == ("P3", "P1")
    give(rules, "resolve", incident, note="mended")
    assert give(rules, "close", incident) == "review_missing"


def test_close_of_an_open_incident_is_refused(rules: MemoryProject) -> None:
    assert give(rules, "close", rules.open_incident()) == "not_resolved"


def test_false_alarm_ends_what_waits_and_takes_back_what_was_staged(rules: MemoryProject) -> None:
    incident = rules.report()
    assert [home.status for home in rules.all(PhoneHome)] == ["draft"]
    assert give(rules, "close", incident, false_positive=True) == "reason_missing"
    done = give(rules, "close", incident, false_positive=True, reason="the probe was wrong")
    assert (done.status, done.resolved_at, done.due_at) == ("false_positive", None, None)
    assert [home.status for home in rules.all(PhoneHome)] == ["withdrawn"]
    assert [bead.status for bead in rules.all(Escalation)] == ["closed"]
    assert [subject for subject in [mail.subject for mail in rules.mails("jade")] if subject.startswith("No fault")]


def test_close_ends_a_triage_that_nobody_judged(rules: MemoryProject) -> None:
    rules.automate("Clara", mode="person")
    incident = rules.report()
    give(rules, "resolve", incident, note="mended")
    give(rules, "close", incident)
    (record,) = rules.all(TriageRecord)
    assert (record.status, record.due_at, record.classification) == ("done", None, None)


def test_report_after_a_false_alarm_is_a_new_incident_that_comes_back_from_nothing(rules: MemoryProject) -> None:
    first = rules.open_incident(dedup_key="db")
    give(rules, "close", first, false_positive=True, reason="the probe was wrong")
    second = rules.open_incident(dedup_key="db")
    assert (second.id != first.id, second.recurrence_of, second.severity.label) == (True, None, "P2")


def test_report_after_a_close_comes_back_one_rank_worse(rules: MemoryProject) -> None:
    """C-06: a new incident, never appended to the closed one; one that was only resolved just now is open again."""
    first = rules.open_incident(dedup_key="db")
    give(rules, "resolve", first, note="mended")
    again = rules.open_incident(dedup_key="db")
    assert (again.id, again.status, again.reopened) == (first.id, "triage", 1)
    give(rules, "resolve", first, note="mended again")
    give(rules, "close", first)
    second = rules.open_incident(dedup_key="db")
    assert (second.recurrence_of, second.severity.label, second.sev_initial.label) == (first.id, "P1", "P1")


# ---- times


TIMES = ("started_at", "detected_at", "responded_at", "resolved_at")


@pytest.mark.parametrize(("early", "late"), [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)])
def test_times_out_of_order_are_refused_naming_them(rules: MemoryProject, early: int, late: int) -> None:
    """R-002-55 to R-002-57: started <= detected <= responded <= resolved; equal is in order."""
    incident = rules.open_incident()
    at = incident.detected_at
    fine = incident.changed(**dict.fromkeys(TIMES, at))
    check_times(fine)
    check_times(fine.changed(**{TIMES[early]: at - timedelta(milliseconds=1)}) if early == 0 else fine)
    wrong = fine.changed(**dict.fromkeys(TIMES[early:late], at + timedelta(milliseconds=1)))
    with pytest.raises(RefusedError) as caught:
        check_times(wrong)
    assert caught.value.code == "times_out_of_order"
    assert f"{TIMES[late - 1]} is later than {TIMES[late]}" in str(caught.value)


@pytest.mark.parametrize("known", [TIMES[:2], TIMES[1:2], (TIMES[1], TIMES[3]), TIMES[1:3]])
def test_times_that_are_not_known_are_not_looked_at(rules: MemoryProject, known: tuple[str, ...]) -> None:
    incident = rules.open_incident()
    blank = incident.changed(started_at=None, responded_at=None, resolved_at=None)
    times = {name: incident.detected_at + timedelta(minutes=number) for number, name in enumerate(known)}
    check_times(blank.changed(**times))
    if len(known) == 2:
        with pytest.raises(RefusedError, match=f"{known[0]} is later than {known[1]}"):
            check_times(blank.changed(**{known[0]: times[known[1]], known[1]: times[known[0]]}))
