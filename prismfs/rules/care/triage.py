"""Triage of an incident, in five parts and in this order (R-000-19 to R-000-24).

1. what is always read, 2. what is read when relevant, 3. the privacy gates, 4. severity, scope, nature (`assessment`);
5. the local postmortem, and whether a report may leave. By the rules all five are one decision; where the incident
manager's role is a person's, an agent's or a command's, the record waits after the third.

A postmortem is made of fields that the scanner has seen, and stays in this project. What concerns the customer's own
things ends here, with a way to go on (R-000-27, R-000-28); of the rest a phone-home is staged for an operator to see.
"""

from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import Judgement, Mode, Output, TriageRecord
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import format_instant
from prismfs.rules.care.assessment import BY_RULES, check_privacy, judge, read_always, read_if_relevant
from prismfs.rules.care.outbound_issue.staging import StageIssue, WithdrawIssue
from prismfs.rules.core.api import AskForTriage, Assess, Draft, IncidentOver, ReplyToReporters, automation_of
from prismfs.rules.response.api import change_severity, meta_of, priority_of

_PATHS = {
    "security": "Take the credential or access in question out of use first, then find out who had it, then mend it.",
    "data_loss": "Stop what writes there first, keep what is left, restore from a backup, then look for the cause.",
    "outage": "Bring it back first (the last version that worked, or a restart), then look for the cause.",
    "performance": "Measure where the time goes before and after each change, and begin with what changed last.",
    "regression": "Go back to the last version that worked, then find the change between the two.",
}
_USUAL_PATH = "Find the smallest case that shows it, mend that in your own project, and try it again."


def assess(draft: Draft, asked: Assess) -> None:
    """The step that answers `Assess`: all five parts, or the first three where a person or a command judges (R-000-03).

    A person who opened the incident with a severity has judged it: no one else is asked.
    """
    incident = draft.need(Incident, asked.incident)
    signal = draft.need(Signal, str(incident.opened_by))
    mode = automation_of(draft, incident.owner).mode
    record = new_record(draft, signal, incident, mode=mode)  # the privacy gates come before any judgement (R-000-24)
    judged = asked.judged
    if judged is None:
        judged, _ = judge(draft, signal, recurs=incident.recurrence_of is not None, owner=incident.owner)
    record = record.changed(proposal=judged if mode in ("propose", "command") else None, due_at=draft.now)
    incident = incident.changed(triage=record.id)
    if mode == "rules" or judged.by != BY_RULES:
        conclude(draft, record, incident, judged)
        return
    draft.put(incident)
    if mode == "command":
        draft.put(record)
        draft.row("triage.waiting", record, reason=f"the command of {incident.owner} is asked")
    else:
        ask(draft, record, incident, reason=f"{incident.owner} judges it")


def ask_again(draft: Draft, asked: AskForTriage) -> None:
    """The step that answers `AskForTriage`."""
    incident = draft.need(Incident, asked.incident)
    record = record_of(draft, incident)
    if record is not None and record.status == "done" and record.classification is None:
        record = record.changed(status="waiting", done_at=None)  # it was over with its incident, and nobody had judged
    if record is not None and record.status == "waiting":
        ask(draft, record, incident, reason=asked.reason)


def end_with_incident(draft: Draft, asked: IncidentOver) -> None:
    """The step that answers `IncidentOver`: its triage has no deadline any more, or is over; its issue stays here.

    A triage waits on where its incident may still be reopened. Where there was no fault, or another incident stands
    for it, nothing is sent of it.
    """
    incident = draft.need(Incident, asked.incident)
    record = record_of(draft, incident)
    if record is not None and incident.status == "resolved":
        if record.due_at is not None:
            draft.put(record.changed(due_at=None))
        return
    reason = f"its incident is {incident.status}"
    if record is not None and record.status == "waiting":
        done = draft.put(record.changed(status="done", done_at=draft.now, due_at=None))
        draft.row("triage.released", done, reason=reason)
    if incident.status in ("duplicate", "false_positive"):
        draft.follow(WithdrawIssue(incident.id, reason))


def new_record(draft: Draft, signal: Signal, incident: Incident, *, mode: Mode) -> TriageRecord:
    """Return the triage record of `incident`, which `signal` reported, after the first three parts; not yet put."""
    init = read_always(draft, signal)
    return TriageRecord(
        id=draft.new_id("tri"),
        pid=incident.pid,
        incident=incident.id,
        signal=signal.id,
        source_pid=init.project,
        triager=incident.owner,
        mode=mode,
        status="waiting",
        init=init,
        reads=read_if_relevant(draft, signal),
        privacy=check_privacy(signal),
        opened_at=draft.now,
    )


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
        f"prismfs incident triage {incident.id} --severity P2 --scope SCOPE --nature NATURE --reason TEXT, or drop a "
        "task_result with id, severity, scope, nature and reason. What is left out stays as proposed.",
        about=incident,
        priority=priority_of(incident.severity),
    )
    draft.row("triage.waiting", waiting, reason=reason, meta={"due_at": waiting.to_document()["due_at"]})


def conclude(draft: Draft, record: TriageRecord, incident: Incident, judged: Judgement) -> None:
    """Finish a triage with the judgement `judged`: incident, record, row; its reporter and its issue follow.

    It serves a first judgement and one that takes the place of another alike.
    """
    incident = incident.changed(nature=judged.nature, scope=judged.scope)
    incident = draft.put(change_severity(draft, incident, judged.severity, judged.reason, by=judged.by))
    reasons = reasons_against(record, judged)
    if incident.drill:
        reasons = (*reasons, "it is a drill")
    output = Output(postmortem=postmortem(record, incident, judged), eligible=not reasons, reasons=reasons)
    draft.put(record.changed(status="done", classification=judged, output=output, done_at=draft.now, due_at=None))
    meta = meta_of(incident) | {
        "triage": record.id,
        "scope": judged.scope,
        "nature": judged.nature,
        "privacy": record.privacy.status,
        "eligible": output.eligible,
        "by": judged.by,
        "rules": list(judged.rules),
    }
    draft.row("incident.triaged", incident, level="warn", reason=judged.said, meta=meta)
    _tell(draft, incident, judged, output)
    if record.classification is not None and record.classification.scope != judged.scope:
        draft.follow(WithdrawIssue(incident.id, f"its scope is {incident.scope} now", stage_anew=output.eligible))
    elif output.eligible:
        draft.follow(StageIssue(incident.id))


def reasons_against(record: TriageRecord, judged: Judgement) -> tuple[str, ...]:
    """Return every reason why the report stays here; none where it may be staged for review."""
    reasons = []
    if judged.scope == "customer-internal":
        reasons.append("scope customer-internal: it concerns the customer's own things")
    if record.privacy.status == "suspect":
        reasons.append(f"privacy: {record.privacy.suspects} places may hold something sensitive")
    if record.privacy.status == "blocked":
        reasons.append("privacy: no scanner has seen the report")
    if record.init.phone_home == "never":
        reasons.append(f"phone_home: never, says the policy of {record.source_pid}")
    return tuple(reasons)


def postmortem(record: TriageRecord, incident: Incident, judged: Judgement) -> str:
    """Return the local postmortem: what, when, who, how bad and why, what was read, what stays open."""
    init, privacy = record.init, record.privacy
    environment = ", ".join(f"{name}={value}" for name, value in sorted(init.environment.items())) or "not stated"
    evidence = "".join(f"\n- {entry.what}: {entry.why} ({entry.lines} lines)" for entry in record.reads)
    taken = f", {privacy.redacted} taken out" if privacy.redacted else ""
    kinds = f" ({', '.join(privacy.kinds)})" if privacy.kinds else ""
    came_back = "" if incident.recurrence_of is None else f"; it came back after {incident.recurrence_of}"
    return f"""\
# {incident.title}

- Incident: {incident.id}, opened by {incident.opened_by}
- Detected: {format_instant(incident.detected_at)}{came_back}
- Reported by: {incident.reporter} of {record.source_pid}
- Severity: {judged.severity.label}
- Scope: {judged.scope}
- Nature: {judged.nature}
- Judged by: {judged.by}
- Why: {judged.reason}
- Environment: {environment}
- Privacy: {privacy.status}{taken}{kinds}

## Evidence read
{evidence or chr(10) + "- the report itself"}

## Open

- The cause, and what would have caught it earlier
- {"Who answers for it" if incident.acknowledged_at is None else "When it is resolved"}
"""


def record_of(draft: Draft, incident: Incident) -> TriageRecord | None:
    """Return the triage record of `incident`, None where it has none."""
    return None if incident.triage is None else draft.get(TriageRecord, incident.triage)


def _tell(draft: Draft, incident: Incident, judged: Judgement, output: Output) -> None:
    said = f"Filed as incident {incident.id} and triaged: {judged.said}."
    if judged.scope == "customer-internal":
        path = _PATHS.get(judged.nature, _USUAL_PATH)
        said += (
            f" It concerns your own project and stays local.\n\nA way to resolve it: {path} "
            f"Tell {incident.owner} in this thread what you find; it is closed when the fault is gone."
        )
    elif output.eligible:
        said += (
            "\n\nIt concerns the product: a report is prepared for its tracker, and an operator decides whether it may "
            "leave. You hear of the decision."
        )
    else:
        said += f"\n\nIt stays local: {'; '.join(output.reasons)}. {incident.owner} goes on with it."
    subject = f"Triaged: {incident.title}"
    draft.follow(ReplyToReporters(incident, role="triaged", stage="triaged", body=said, subject=subject))
