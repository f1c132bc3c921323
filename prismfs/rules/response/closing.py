"""The end of an incident, and its way back: closed, a false alarm, reopened.

What still waits on its account ends with it: a triage that nobody judged, and, where there was no fault or another
incident stands for it, a report of it that has not left.
"""

from __future__ import annotations

from prismfs.errors import RefusedError
from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.kinds.care.triage_record import TriageRecord
from prismfs.kinds.response.incident import AGENT, Incident, Timers
from prismfs.records.plan import Nothing
from prismfs.rules.care.assessment import tiers
from prismfs.rules.care.replies import reply_to_reporter
from prismfs.rules.core.draft import Draft
from prismfs.rules.response import lifecycle, owners, severity_change, targets
from prismfs.rules.response.facts import escalate_incident, meta_of, priority_of, subject_of
from prismfs.rules.response.postmortem import duty
from prismfs.rules.response.status import with_note

ENDED = ("closed", "duplicate", "false_positive")
_WITHDRAWABLE = ("draft", "pending_operator_review", "approved", "failed")


def close_incident(draft: Draft) -> Nothing | None:
    """Close an incident that is over; one that was severe at its worst needs a stored review first (R-002-44, C-117).

    With `false_positive` it is closed as no fault at all, from any state in which it is not closed yet.

    Raises:
        RefusedError: `not_found`, `not_resolved`, `review_missing`; `reason_missing` and `security_lowered` of a false
            alarm.
    """
    document = draft.event.document
    incident = draft.need(Incident, str(document["id"]))
    if incident.status in ENDED:
        return Nothing(f"it is {incident.status} already", incident.id)
    reason = str(document.get("reason") or "") or None
    if document.get("false_positive"):
        return _close_as_false_alarm(draft, incident, reason)
    if incident.is_open:
        raise RefusedError(
            "not_resolved", f"it is {incident.status}", field="/id", hint="prismfs incident resolve ID --note TEXT"
        )
    if duty.is_required(draft.response, incident) and not duty.is_reviewed(draft, incident):
        raise RefusedError(
            "review_missing",
            f"it was {incident.sev_max.label} at its worst, and its review is not stored",
            field="/id",
            hint=f"prismfs review new {incident.id}",
        )
    draft.because("close", f"{draft.event.actor} closes it")
    draft.subject = end(draft, incident, "closed", reason)
    draft.row("incident.closed", draft.subject, level="warn", reason=draft.reason, meta=meta_of(incident))
    return None


def reopen_incident(draft: Draft) -> Nothing | None:
    """The fault is back before its incident was closed: it is triaged again; both clocks go on from its detection.

    Whoever had it is asked anew: the acknowledgement counts no more. How soon it was first answered stays.

    Raises:
        RefusedError: `not_found`, `closed`, `reason_missing`, `too_many_notes`.
    """
    document = draft.event.document
    incident = draft.need(Incident, str(document["id"]))
    if incident.is_open:
        return Nothing("it is open already", incident.id)
    if incident.status in ENDED:
        raise RefusedError(
            "closed", f"it is {incident.status}, and stays so", field="/id",
            hint='a new one, which says that it came back: prismfs incident open "TITLE" --key KEY',
        )  # fmt: skip
    reason = str(document.get("reason") or "")
    if not reason:
        raise RefusedError("reason_missing", "it is reopened with a reason", field="/reason", hint="--reason TEXT")
    again = with_note(draft, incident, reason).changed(
        status="triage",
        reopened=incident.reopened + 1,
        auto_resolved=False,
        acknowledged_at=None,
        acknowledged_by=None,
        acknowledged_note=None,
        mitigated_at=None,
        resolved_at=None,
        resolved_by=None,
        resolution=None,
        escalation=None,
        timers=Timers(),
    )
    draft.because("reopen", f"{draft.event.actor} says that the fault is back")
    again = draft.put(targets.retarget(draft, again))
    draft.subject = again
    draft.row(
        "incident.reopened",
        again,
        level="warn",
        reason=draft.reason,
        meta=meta_of(again) | {"before": incident.status, "reopened": again.reopened},
    )
    again = lifecycle.hand_to_support(draft, again) if again.level == AGENT else _take_up_again(draft, again)
    reply_to_reporter(
        draft,
        again,
        role="reopened",
        stage="triaged",
        body=f"The fault is back: {again.id} is open again, and {again.owner} has it.",
        subject=f"Reopened: {again.title}",
    )
    draft.subject = draft.need(Incident, incident.id)
    return None


def end(draft: Draft, incident: Incident, status: str, reason: str | None) -> Incident:
    """Put `incident` as ended for good, with what waited on its account; it waits for nothing any more."""
    ended = draft.put(
        incident.changed(
            status=status,
            closed_at=draft.now,
            closed_by=draft.event.actor,
            closed_reason=reason,
            timers=Timers(),
            due_at=None,
        )
    )
    _end_triage(draft, ended)
    if status != "closed":
        _keep_here(draft, ended)
    return ended


def _close_as_false_alarm(draft: Draft, incident: Incident, reason: str | None) -> Nothing | None:
    if reason is None:
        raise RefusedError("reason_missing", "a false alarm is closed with a reason", field="/reason", hint="--reason")
    severity_change.check_lowering(draft, incident, incident.severity, nature="none")
    if incident.is_open:
        incident = targets.responded(draft, incident)
    if incident.status in ("auto_resolved", "in_review"):
        raise RefusedError(
            "not_open", f"it is {incident.status}: there was a fault", field="/id", hint="prismfs incident close ID"
        )
    draft.because("close_as_false_alarm", f"{draft.event.actor} says that there was no fault")
    draft.subject = end(draft, incident, "false_positive", reason)
    draft.row("incident.false_positive", draft.subject, level="warn", reason=draft.reason, meta=meta_of(incident))
    reply_to_reporter(
        draft,
        incident,
        role="false_positive",
        stage="closed",
        body=f"{incident.id} is closed: it was no fault.\n\n{reason}",
        subject=f"No fault: {incident.title}",
    )
    return None


def _take_up_again(draft: Draft, incident: Incident) -> Incident:
    """Let everybody who waited for it take it up again: its owner, its escalation, its triage, the chain."""
    draft.mail(
        incident.owner,
        role="reopened:owner",
        type="task",
        subject=f"Reopened: {subject_of(incident)}",
        body=f"The fault is back: {incident.id} is open again.\n\nprismfs incident show {incident.id}\n",
        about=incident,
        priority=priority_of(incident.severity),
    )
    incident = draft.put(owners.with_hop_time(draft, escalate_incident(draft, incident)))
    record = None if incident.triage is None else draft.get(TriageRecord, incident.triage)
    if record is not None and record.status == "waiting":
        tiers.ask(draft, record, incident, reason="its incident is open again")
    return owners.climb(draft, draft.need(Incident, incident.id))


def _end_triage(draft: Draft, incident: Incident) -> None:
    record = None if incident.triage is None else draft.get(TriageRecord, incident.triage)
    if record is not None and record.status == "waiting":
        done = draft.put(record.changed(status="done", done_at=draft.now, due_at=None))
        draft.row("triage.let_go", done, reason=f"its incident is {incident.status}")


def _keep_here(draft: Draft, incident: Incident) -> None:
    """Withdraw what was staged of it and has not left."""
    for found in draft.view.with_ref(PhoneHome, incident.id):
        staged = draft.need(PhoneHome, found.id)
        if staged.status in _WITHDRAWABLE:
            reason = f"its incident is {incident.status}"
            gone = draft.put(staged.changed(status="withdrawn", detail=reason, due_at=None))
            draft.row("phone_home.withdrawn", gone, level="warn", reason=reason)
