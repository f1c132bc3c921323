"""Triage of an incident, in five tiers and in this order (R-000-19 to R-000-24).

1. what is always read, 2. what is read when relevant, 3. the privacy gates (`reads`); 4. severity, scope and nature
(`rating`); 5. the postmortem and whether it may leave (`output`). By the rules all five are one decision; where the
incident manager's role is a person's, an agent's or a command's, the record waits after the third.
"""

from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import Judgement, TriageRecord
from prismfs.kinds.response.incident import Incident
from prismfs.rules.care.assessment import output
from prismfs.rules.care.assessment.rating import BY_RULES, judge
from prismfs.rules.care.assessment.reads import Reading, read
from prismfs.rules.care.follow_ups import WithdrawIssue
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.follow_ups import AskForTriage, Assess, IncidentOver
from prismfs.rules.core.roles import automation_of
from prismfs.rules.response.api import priority_of


def assess(draft: Draft, asked: Assess) -> None:
    """The step that answers `Assess`: all five tiers, or the first three where a person or a command judges."""
    incident = draft.need(Incident, asked.incident)
    signal = draft.need(Signal, str(incident.opened_by))
    reading = read(draft, signal)  # the privacy gates come before any judgement (R-000-24)
    judged = asked.judged
    if judged is None:
        judged, _ = judge(draft, signal, recurs=incident.recurrence_of is not None, owner=incident.owner)
    _file(draft, signal, incident, reading, judged)


def ask_again(draft: Draft, asked: AskForTriage) -> None:
    """The step that answers `AskForTriage`."""
    incident = draft.need(Incident, asked.incident)
    record = _record_of(draft, incident)
    if record is not None and record.status == "waiting":
        ask(draft, record, incident, reason=asked.reason)


def end_with_incident(draft: Draft, asked: IncidentOver) -> None:
    """The step that answers `IncidentOver`: its triage has no deadline any more, or is over; its issue stays here.

    A triage waits on where its incident may still be reopened. Where there was no fault, or another incident stands
    for it, nothing is sent of it.
    """
    incident = draft.need(Incident, asked.incident)
    record = _record_of(draft, incident)
    if record is not None and incident.status == "resolved":
        if record.due_at is not None:
            draft.put(record.changed(due_at=None))
        return
    reason = f"its incident is {incident.status}"
    if record is not None and record.status == "waiting":
        done = draft.put(record.changed(status="done", done_at=draft.now, due_at=None))
        draft.row("triage.let_go", done, reason=reason)
    if incident.status in ("duplicate", "false_positive"):
        draft.follow(WithdrawIssue(incident.id, reason))


def _file(draft: Draft, signal: Signal, incident: Incident, reading: Reading, judged: Judgement) -> None:
    """Put the triage record of a new incident: done where the rules judge, else waiting (R-000-03).

    A person who opened it with a severity has judged it: no one else is asked.
    """
    automation = automation_of(draft, incident.owner)
    mode = automation.mode
    record = TriageRecord(
        id=draft.new_id("tri"),
        pid=incident.pid,
        incident=incident.id,
        signal=signal.id,
        source_pid=reading.init.project,
        triager=incident.owner,
        mode=mode,
        status="waiting",
        init=reading.init,
        reads=reading.reads,
        privacy=reading.privacy,
        proposal=judged if mode in ("propose", "command") else None,
        opened_at=draft.now,
        due_at=draft.now,
    )
    incident = incident.changed(triage=record.id)
    if mode == "rules" or judged.by != BY_RULES:
        output.conclude(draft, record, incident, judged)
        return
    draft.put(incident)
    if mode == "command":
        draft.put(record)
        draft.row("triage.waiting", record, reason=f"the command of {incident.owner} is asked")
    else:
        ask(draft, record, incident, reason=f"{incident.owner} judges it")


def ask(draft: Draft, record: TriageRecord, incident: Incident, *, reason: str) -> None:
    """Ask a person or an agent to judge: a task in the triager's mailbox, and a deadline by the incident's rank."""
    due = record.opened_at + draft.policy.deadlines.triage[incident.severity.rank]
    waiting = draft.put(record.changed(asked_at=draft.now, due_at=max(due, draft.now)))
    proposal = "" if record.proposal is None else f"\nThe rules propose: {record.proposal.reason}.\n"
    draft.mail(
        record.triager,
        role="triage",
        type="task",
        subject=f"Triage: {incident.title}",
        body=f"Incident {incident.id} waits for severity, scope and nature.\n{proposal}\nSay it with: "
        f"prismfs incident triage {incident.id} --severity P2 --scope SCOPE --kind NATURE --reason TEXT, or drop a "
        "task_result with id, severity, scope, nature and reason. What is left out stays as proposed.",
        about=incident,
        priority=priority_of(incident.severity),
    )
    draft.row("triage.waiting", waiting, reason=reason, meta={"due_at": waiting.to_document()["due_at"]})


def _record_of(draft: Draft, incident: Incident) -> TriageRecord | None:
    return None if incident.triage is None else draft.get(TriageRecord, incident.triage)
