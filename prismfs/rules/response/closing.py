"""An incident is answered, resolved, closed, found to be no fault, or reopened.

What still waits on its account ends with it: `IncidentOver` tells every family.
"""

from dataclasses import dataclass

from prismfs.errors import RefusedError
from prismfs.kinds.response.incident import AGENT, Incident, Timers
from prismfs.records.api import Id, Nothing
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.follow_ups import AskForTriage, Attend, IncidentAnswered, IncidentOver, ReplyToReporters
from prismfs.rules.response import owners, severity_change, targets
from prismfs.rules.response.facts import ENDED, check_times, merged_into, meta_of, priority_of, subject_of
from prismfs.rules.response.postmortem import duty
from prismfs.rules.response.status import with_note

_NO_KEY = "no open incident has this key"


@dataclass(frozen=True, slots=True)
class TellReopened:
    """Tell everybody who reported an incident that it is open again."""

    incident: Id


def acknowledge_incident(draft: Draft) -> Nothing | None:
    """Acknowledge the incident and its escalation: the actor answers for it from now on."""
    incident = _named(draft)
    if incident is None:
        return Nothing(_NO_KEY)
    if not incident.is_open:
        return Nothing(f"it is {incident.status} already", incident.id)
    if incident.acknowledged_at is not None:
        return Nothing(f"acknowledged already by {incident.acknowledged_by}", incident.id)
    acknowledged = targets.responded(draft, incident).changed(
        acknowledged_at=draft.now, acknowledged_by=draft.event.actor, acknowledged_note=_note(draft)
    )
    draft.subject = draft.put(acknowledged)
    draft.because("acknowledge", f"{draft.event.actor} answers for it")
    draft.row("incident.acknowledged", draft.subject, level="warn", reason=draft.reason, meta=meta_of(acknowledged))
    draft.follow(IncidentAnswered(incident.id))
    return None


def resolve_incident(draft: Draft) -> Nothing | None:
    """Resolve the incident, with what resolved it.

    Nothing is waited for any more but an update that stakeholders were promised (R-003-16).
    """
    incident = _named(draft)
    if incident is None:
        return Nothing(_NO_KEY)
    if not incident.is_open:
        by = f" by {incident.resolved_by}" if incident.resolved_by else ""
        return Nothing(f"{incident.status} already{by}", incident.id)
    resolved = targets.responded(draft, incident).changed(
        status="resolved",
        resolved_at=draft.now,
        resolved_by=draft.event.actor,
        resolution=_note(draft),
        timers=Timers(promised=incident.timers.promised),
        due_at=incident.timers.promised,
    )
    check_times(resolved)
    draft.subject = draft.put(resolved)
    draft.because("resolve", f"{draft.event.actor} says that the fault is gone")
    draft.row("incident.resolved", draft.subject, level="warn", reason=draft.reason, meta=meta_of(resolved))
    body, subject = _note(draft) or "Resolved.", f"Resolved: {incident.title}"
    draft.follow(ReplyToReporters(incident, role="resolved", stage="resolved", body=body, subject=subject))
    draft.follow(IncidentOver(incident.id))
    return None


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
    """Reopen an incident whose fault is back: it is triaged again, and both clocks go on from its detection.

    Its owner is asked anew: the acknowledgement counts no more. How soon it was first answered stays.

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
    again = targets.retarget(draft, again)
    if again.level != AGENT:
        again = owners.with_hop_time(draft, again)
    draft.subject = again = draft.put(again)
    draft.row(
        "incident.reopened",
        again,
        level="warn",
        reason=draft.reason,
        meta=meta_of(again) | {"before": incident.status, "reopened": again.reopened},
    )
    if again.level != AGENT:
        draft.mail(
            again.owner,
            role="reopened:owner",
            type="task",
            subject=f"Reopened: {subject_of(again)}",
            body=f"The fault is back: {again.id} is open again.\n\nprismfs incident show {again.id}\n",
            about=again,
            priority=priority_of(again.severity),
        )
        draft.follow(AskForTriage(again.id, reason="its incident is open again"))
    draft.follow(Attend(again.id))
    draft.follow(TellReopened(again.id))
    return None


def tell_reopened(draft: Draft, asked: TellReopened) -> None:
    """Say to everybody who reported it who has it now, when all else of the decision is done."""
    incident = draft.need(Incident, asked.incident)
    body = f"The fault is back: {incident.id} is open again, and {incident.owner} has it."
    subject = f"Reopened: {incident.title}"
    draft.follow(ReplyToReporters(incident, role="reopened", stage="triaged", body=body, subject=subject))


def end(draft: Draft, incident: Incident, status: str, reason: str | None) -> Incident:
    """Put `incident` as ended for good, and tell every family; it waits for nothing any more."""
    draft.follow(IncidentOver(incident.id))
    return draft.put(
        incident.changed(
            status=status,
            closed_at=draft.now,
            closed_by=draft.event.actor,
            closed_reason=reason,
            timers=Timers(),
            due_at=None,
        )
    )


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
    body, subject = f"{incident.id} is closed: it was no fault.\n\n{reason}", f"No fault: {incident.title}"
    draft.follow(ReplyToReporters(incident, role="false_positive", stage="closed", body=body, subject=subject))
    return None


def _named(draft: Draft) -> Incident | None:
    """Return the incident that a command names: by its id, or the open one with the key that a reporter gave it.

    What a monitor opened by its own key, it can answer and end by that key; None where no open one has it (C-04, C-05).
    """
    key = draft.event.document.get("key")
    if key is None:
        return draft.need(Incident, str(draft.event.document["id"]))
    return merged_into(draft, draft.view.open_with_key(Incident, f"key:{key}"))


def _note(draft: Draft) -> str | None:
    note = draft.event.document.get("note")
    return str(note) if note else None
