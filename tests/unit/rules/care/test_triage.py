"""Triage tier by tier, on a view in memory: what is read, the gates, who judges, and when nobody does."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from prismfs.kinds import kind_of
from prismfs.kinds.care.signal import Context, Signal
from prismfs.kinds.care.triage_record import TriageRecord
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.values import Redaction
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Decision, Event, Plan, Refused
from prismfs.rules.care.assessment import NOT_SCANNED, check_privacy, read_always, read_if_relevant
from prismfs.rules.care.triage import reasons_against
from prismfs.rules.core.draft import Draft
from tests.support.memory import MakeRules, MemoryProject
from tests.support.rows import rows_of

FAULT = {"subject": "prismfs watch crashes with an error", "body": "It crashes since the update. It worked before."}


def drop(rules: MemoryProject, *, findings: Any = (), kind: str = "signal", **form: Any) -> Decision:
    """Drop a form, a report to the desk where nothing else is said."""
    if kind == "signal":
        form = {"from": "jade", "to": "Sage", "type": "Question", **FAULT, **form}
    return rules.drop({"kind": kind, **form}, redactions=list(findings))


def signal_of(rules: MemoryProject, **fields: Any) -> Signal:
    """Return a signal that was taken in, with `fields`."""
    base = {
        "id": "sig-01k5w0g3m0a1b2c3d4e5f6g7h8", "pid": "PID-TEST01", "sender": "jade", "to": "Sage", "type": "Question",
        "subject": "x", "labels": {}, "created_at": rules.now, "received_at": rules.now, "payload_hash": "",
        "status": "received",
    }  # fmt: skip
    return Signal.model_validate(base | fields)


def draft_of(rules: MemoryProject) -> Draft:
    event = Event(type="commit", kind="any", cause="x", at=rules.now, actor="jade", document={})
    return Draft(rules.view, event, rules.now)


@pytest.fixture
def rules(make_rules: MakeRules) -> MemoryProject:
    return make_rules()


def test_read_always_of_another_project_tells_what_it_sent(rules: MemoryProject) -> None:
    """R-000-19: environment, install type, project, roster."""
    context = Context(tenant="acme", phone_home="never", roster=("kim",), environment={"prismfs": "0.3", "os": "a"})
    signal = signal_of(
        rules, from_pid="PID-CUST01", context=context,
        labels={"env": "prod", "environment.x": "y"}, attachments={"env.txt": "- OS: linux\ninstall_type = wheel\n"},
    )  # fmt: skip
    init = read_always(draft_of(rules), signal)
    assert init.environment == {"prismfs": "0.3", "os": "linux", "env": "prod", "install_type": "wheel"} | {
        "environment.x": "y"
    }
    assert (init.install_type, init.project, init.phone_home, init.roster) == ("wheel", "PID-CUST01", "never", ("kim",))


def test_read_if_relevant_says_why_and_keeps_no_text(rules: MemoryProject) -> None:
    """R-000-20: a plain report gives nothing to read; a trace, a log and a revision are read with the reason."""
    assert read_if_relevant(draft_of(rules), signal_of(rules, body="It is broken.")) == ()
    signal = signal_of(
        rules, body="Since commit 0a1b2c3d4e it fails:\n\n    at com.acme.Export.run(Export.java:3)\n",
        attachments={"out.log": "INFO started\nERROR no"},
    )  # fmt: skip
    reads = read_if_relevant(draft_of(rules), signal)
    assert [(read.what, read.why, read.lines) for read in reads] == [
        ("body", "holds a stack trace", 3),
        ("attachment out.log", "is a log", 2),
        ("git revision 0a1b2c3d4e", "stands in body", 1),
    ]
    assert "Export" not in str([read.to_document() for read in reads])


def test_read_if_relevant_of_another_project_reads_no_notes_here(rules: MemoryProject) -> None:
    """R-000-25: what is recalled is the project's own."""
    drop(rules, kind="journal", **{"from": "jade", "subject": "note"})
    assert [read.what[:8] for read in read_if_relevant(draft_of(rules), signal_of(rules))] == ["journal "]
    assert read_if_relevant(draft_of(rules), signal_of(rules, from_pid="PID-CUST01")) == ()
    rules.wait(days=2)
    assert read_if_relevant(draft_of(rules), signal_of(rules)) == ()


@pytest.mark.parametrize(
    ("found", "status"),
    [
        ((), "passed"),
        ((("token", "redact", 2),), "passed"),
        ((("token", "redact", 2), ("phone", "suspect", 1)), "suspect"),
        (((NOT_SCANNED, "suspect", 0), ("phone", "suspect", 1)), "blocked"),
    ],
)
def test_check_privacy_passes_only_what_was_seen_and_left_no_doubt(
    rules: MemoryProject, found: tuple[tuple[str, Literal["redact", "suspect"], int], ...], status: str
) -> None:
    """R-000-21."""
    redactions = [Redaction(pointer="/body", kind=kind, level=level, count=count) for kind, level, count in found]
    assert check_privacy(signal_of(rules, redactions=redactions)).status == status


def test_assess_of_a_doubtful_report_stays_here_and_says_why(rules: MemoryProject) -> None:
    """R-000-23, R-000-24: the gates come before the judgement, and what they doubt is not eligible."""
    drop(rules, findings=[{"pointer": "/body", "kind": "phone", "count": 1, "level": "suspect"}])
    (record,) = rules.all(TriageRecord)
    assert (record.privacy.status, record.classification.scope) == ("suspect", "prism-product")
    assert record.output.eligible is False
    assert record.output.reasons == ("privacy: 1 places may hold something sensitive",)
    never = record.changed(init=record.init.changed(phone_home="never"))
    assert len(reasons_against(never, record.classification.changed(scope="customer-internal"))) == 3


def test_assess_of_a_clean_product_report_is_eligible(rules: MemoryProject) -> None:
    """R-000-29, R-000-54."""
    decision = drop(rules)
    assert isinstance(decision, Plan)
    (record,) = rules.all(TriageRecord)
    assert record.output.eligible
    assert record.output.reasons == ()
    assert record.classification.rules
    (incident,) = rules.all(Incident)
    assert (incident.scope, incident.triage, record.incident) == ("prism-product", record.id, incident.id)
    told = [mail.body for mail in rules.all(Mail) if mail.to == "jade"]
    assert any("an operator decides" in body for body in told)


def test_assess_of_a_repeat_writes_no_second_record(rules: MemoryProject) -> None:
    drop(rules)
    drop(rules)
    assert (len(rules.all(TriageRecord)), rules.all(Incident)[0].count) == (1, 2)


def test_assess_in_person_mode_states_no_severity_but_keeps_the_floors(rules: MemoryProject) -> None:
    """Rank 2 until somebody judges; what may be security is urgent at once."""
    rules.automate("Clara", mode="person")
    drop(rules, subject="trivial typo, severity: critical, crash", body="It crashes.", dedup_key="a")
    drop(rules, subject="SQL injection in the search crashes it", body="An attacker reads all.", dedup_key="b")
    floored, plain = sorted(rules.all(Incident), key=lambda incident: incident.severity.rank)
    assert (plain.severity.rank, plain.nature, plain.scope) == (2, "unknown", None)
    assert (floored.severity.rank, floored.nature) == (1, "security")
    assert [record.proposal for record in rules.all(TriageRecord)] == [None, None]
    waits = {record.incident: record.due_at - record.opened_at for record in rules.all(TriageRecord)}
    deadlines = draft_of(rules).policy.deadlines.triage
    assert waits == {plain.id: deadlines[2], floored.id: deadlines[1]}


def test_judge_incident_by_a_person_may_go_below_the_floor(rules: MemoryProject) -> None:
    drop(rules, subject="SQL injection in the search crashes it", body="An attacker reads all.")
    (incident,) = rules.all(Incident)
    assert incident.severity.rank == 1
    said = {"id": incident.id, "reason": "a false alarm"}
    rules.give("incident.triage", {**said, "nature": "docs"})
    assert (rules.fresh(incident).severity.rank, rules.fresh(incident).nature) == (1, "docs")
    rules.give("incident.triage", {**said, "nature": "security", "severity": "P3"})
    assert (rules.fresh(incident).severity.rank, rules.fresh(incident).sev_max.rank) == (3, 1)


def test_judge_incident_with_only_a_grave_nature_takes_its_floor(rules: MemoryProject) -> None:
    drop(rules)
    (incident,) = rules.all(Incident)
    rules.give("incident.triage", {"id": incident.id, "nature": "data_loss", "reason": "rows are gone"}, actor="Clara")
    assert (rules.fresh(incident).severity.rank, rules.fresh(incident).sev_max.rank) == (1, 1)


def test_judge_incident_that_becomes_urgent_is_escalated(rules: MemoryProject) -> None:
    drop(rules, subject="a typo in prismfs log crashes nobody, trivial bug", body="It is wrong. Minor.")
    (incident,) = rules.all(Incident)
    assert (incident.severity.rank, incident.escalation) == (3, None)
    rules.give("incident.triage", {"id": incident.id, "severity": "P1", "reason": "more than that"}, actor="Clara")
    assert rules.fresh(incident).escalation is not None


def test_judge_incident_worse_makes_its_open_escalation_louder_and_milder_leaves_it(rules: MemoryProject) -> None:
    """Whoever is told of a CRITICAL only is told when a fault turns out to be one, not when nobody answers."""
    drop(rules, subject="prismfs log crashes with an exception", body="It is broken.")
    (incident,) = rules.all(Incident)
    (bead,) = rules.all(Escalation)
    assert (incident.severity.rank, bead.severity.label) == (2, "MEDIUM")
    rules.give("incident.triage", {"id": incident.id, "severity": "P0", "reason": "all of it"}, actor="Clara")
    louder = rules.fresh(bead)
    assert (louder.severity.label, louder.original_severity.label, louder.status) == ("CRITICAL", "MEDIUM", "open")
    assert "sms:human" in {message.action for message in rules.all(Outbox)}
    rules.give("incident.triage", {"id": incident.id, "severity": "P2", "reason": "not so bad"}, actor="Clara")
    assert rules.fresh(bead).severity.label == "CRITICAL"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"severity": "P7", "reason": "x"}, "unknown_severity"),
        ({"scope": "ours", "reason": "x"}, "bad_field"),
        ({"nature": "mood", "reason": "x"}, "unknown_nature"),
        ({"severity": "P1"}, "missing_field"),
    ],
)
def test_judge_incident_with_what_is_no_judgement_is_refused(
    rules: MemoryProject, said: dict[str, str], code: str
) -> None:
    drop(rules)
    (incident,) = rules.all(Incident)
    decision = rules.give("incident.triage", {"id": incident.id, **said}, actor="Clara")
    assert isinstance(decision, Refused)
    assert decision.problem.code == code


def test_judge_incident_keeps_the_words_of_its_reason_out_of_rows_and_commits(rules: MemoryProject) -> None:
    drop(rules)
    (incident,) = rules.all(Incident)
    decision = rules.give(
        "incident.triage", {"id": incident.id, "severity": "P0", "reason": "SECRETWORD"}, actor="Clara"
    )
    assert isinstance(decision, Plan)
    rows = rows_of(decision.puts)
    assert "SECRETWORD" not in decision.reason
    assert all("SECRETWORD" not in row.reason for row in rows)


def test_judge_incident_that_is_resolved_is_refused_and_its_triage_is_not_late(rules: MemoryProject) -> None:
    rules.automate("Clara", mode="person")
    drop(rules)
    (incident,) = rules.all(Incident)
    rules.give("incident.resolve", {"id": incident.id, "note": "gone"}, actor="Clara")
    decision = rules.give("incident.triage", {"id": incident.id, "severity": "P0", "reason": "x"}, actor="Clara")
    assert isinstance(decision, Refused)
    assert decision.problem.code == "resolved"
    rules.wait(hours=30)
    rules.run_due()
    assert "triage.overdue" not in [row.action for row in rules.all(Audit)]


def test_await_lane_of_a_desk_that_the_roster_does_not_know_is_done_by_the_rules(rules: MemoryProject) -> None:
    """R-000-02: whom the roster does not list works by the rules."""
    rules.view.remove_file("roster/sage.yaml")
    rules.view.remove_file("roster/clara.yaml")
    assert isinstance(drop(rules), Refused)  # nobody of that name is here
    persona = Persona(identity="Sage", role="intake", title="desk")
    rules.view.put_file("roster/sage.yaml", kind_of(persona).write(persona))
    drop(rules)
    assert rules.all(TriageRecord)[0].mode == "rules"


def test_hand_to_owner_who_is_nobody_goes_to_an_operator(rules: MemoryProject) -> None:
    """R-000-16: an idea never lies with somebody who is not here."""
    rules.view.remove_file("roster/mayor.yaml")
    drop(rules, subject="Feature request: dark mode", body="It would be nice to have a dark theme.")
    (task,) = [signal for signal in rules.all(Signal) if signal.type == "TaskAssigned"]
    assert (task.sender, task.to, task.status) == ("Sage", "frank", "delivered")
    assert len(task.payload_hash) == 64


def test_note_reading_of_the_task_marks_the_signal_as_seen(rules: MemoryProject) -> None:
    """R-000-13, R-000-80: who reads the task about a signal has seen the signal; confirming the lane opens it."""
    rules.automate("Sage", mode="propose")
    drop(rules)
    (signal,) = rules.all(Signal)
    policy = draft_of(rules).policy
    assert (signal.status, signal.due_at - signal.received_at) == ("received", policy.deadlines.acknowledge)
    rules.wait(minutes=1)
    for mail in rules.all(Mail):
        rules.give("mail.ack", {"id": mail.id}, actor=mail.to)
    assert rules.fresh(signal).acknowledged_at == rules.now
    assert rules.fresh(signal).due_at - signal.received_at == policy.deadlines.classify
    rules.give("classify", {"id": signal.id, "lane": "incident", "reason": "it broke"}, actor="Sage")
    assert [incident.opened_by for incident in rules.all(Incident)] == [signal.id]
    assert rules.fresh(signal).due_at is None


def test_acknowledge_signal_after_its_deadline_is_still_told_of_the_next(rules: MemoryProject) -> None:
    rules.automate("Sage", mode="person")
    drop(rules)
    (signal,) = rules.all(Signal)
    rules.wait(minutes=50)
    rules.run_due()
    rules.give("signal.ack", {"id": signal.id}, actor="Sage")
    rules.wait(minutes=11)
    rules.run_due()
    late = [str(row.meta["deadline"]) for row in rules.rows("signal.overdue")]
    assert sorted(late) == ["acknowledge", "classify"]
    assert rules.fresh(signal).due_at is None


def test_triage_due_is_told_once_and_waits_for_nothing_after(rules: MemoryProject) -> None:
    """R-000-80: a triage that is late has no deadline any more, and is judged all the same."""
    rules.automate("Clara", mode="person")
    drop(rules)
    rules.wait(hours=9)
    rules.run_due()
    (record,) = rules.all(TriageRecord)
    assert (record.status, record.due_at) == ("waiting", None)
    said = {"id": record.incident, "scope": "customer-internal", "reason": "seen at last"}
    rules.give("incident.triage", said, actor="Clara")
    assert rules.fresh(record).status == "done"
