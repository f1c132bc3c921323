"""The life of an incident: answered, mitigated, resolved, closed, found to be no fault, or reopened.

It is mitigated when its impact is gone or bearable while its cause is not known yet; a command says so, or the gates of
its phases do (R-003-11). What still waits on its account ends with it: `IncidentOver` tells every family.
"""

from datetime import datetime

from prismfs.errors import RefusedError
from prismfs.kinds.response.incident import AGENT, Incident, IncidentStatus, Timers
from prismfs.records.api import Nothing
from prismfs.rules.core.api import AskForTriage, Attend, Draft, IncidentAnswered, IncidentOver, ReplyToReporters
from prismfs.rules.response import facts, owners, severity
from prismfs.rules.response.postmortem import duty
from prismfs.rules.response.status import with_note

_NO_KEY = "no open incident has this key"
_WORKED_ON = ("triage", "mitigating", "mitigated")


def acknowledge_incident(draft: Draft) -> Nothing | None:
    """Acknowledge the incident and its escalation: the actor answers for it from now on."""
    incident = _named(draft)
    if incident is None:
        return Nothing(_NO_KEY)
    if not incident.is_open:
        return Nothing(f"it is {incident.status} already", incident.id)
    if incident.acknowledged_at is not None:
        return Nothing(facts.who_has(draft, incident), incident.id)
    at = facts.time_of_fact(draft)
    acknowledged = facts.without_lead(severity.responded(draft, incident, at=at)).changed(
        acknowledged_at=at or draft.now, acknowledged_by=draft.event.actor, acknowledged_note=_note(draft)
    )
    acknowledged = _told(acknowledged, "acknowledged_at", at)
    draft.subject = draft.put(acknowledged)
    draft.because("acknowledge", f"{draft.event.actor} answers for it")
    facts.add_row(draft, "incident.acknowledged", draft.subject)
    draft.follow(IncidentAnswered(incident.id))
    return None


def mitigate_incident(draft: Draft) -> Nothing | None:
    """Mark an incident as mitigated, or, with `begin`, as being mitigated.

    Raises:
        RefusedError: `not_found`, `retrying`, `not_open`, `too_many_notes`, `in_the_future`, `times_out_of_order`.
    """
    incident, note, at = facts.incident_of(draft), _note(draft), facts.time_of_fact(draft)
    if not incident.is_open:
        raise RefusedError("not_open", f"it is {incident.status}", field="/id", hint="prismfs incident reopen ID")
    if incident.status == "retrying":
        hint = "prismfs incident resolve ID"
        raise RefusedError("retrying", "its job is still tried again", field="/id", hint=hint)
    step: IncidentStatus = "mitigating" if draft.event.document.get("begin") else "mitigated"
    if incident.status == step:
        return Nothing(f"it is {step} already", incident.id)
    incident = incident if note is None else with_note(draft, incident, note, at=at)
    draft.because("mitigate", f"{draft.event.actor} says that it is {step}")
    draft.subject = mitigate(draft, incident, step, at=at)
    return None


def mitigate(draft: Draft, incident: Incident, step: IncidentStatus, *, at: datetime | None = None) -> Incident:
    """Return `incident` as `step` says, mitigating or mitigated, with a row; unchanged where its state forbids it.

    Raises:
        RefusedError: `times_out_of_order`.
    """
    if incident.status not in _WORKED_ON or incident.status == step:
        return incident
    changed = severity.responded(draft, incident, at=at).changed(status=step)
    if step == "mitigated":
        changed = _told(changed.changed(mitigated_at=at or draft.now), "mitigated_at", at)
        reason = f"its impact is gone or bearable, says {draft.event.actor}"
    else:
        reason = f"{draft.event.actor} works on its impact"
    facts.add_row(draft, f"incident.{step}", draft.put(changed), reason=reason)
    return changed


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
    at = facts.time_of_fact(draft)
    resolved = severity.responded(draft, incident, at=at).changed(
        status="resolved",
        resolved_at=at or draft.now,
        resolved_by=draft.event.actor,
        resolution=_note(draft),
        timers=Timers(promised=incident.timers.promised),
        due_at=incident.timers.promised,
    )
    facts.check_times(resolved)
    if at is not None:
        resolved = severity.judge_targets(draft, facts.as_told(resolved, "resolved_at"))
    draft.subject = draft.put(resolved)
    draft.because("resolve", f"{draft.event.actor} says that the fault is gone")
    facts.add_row(draft, "incident.resolved", draft.subject)
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
    document, incident = draft.event.document, facts.incident_of(draft)
    if incident.status in facts.ENDED:
        return Nothing(f"it is {incident.status} already", incident.id)
    reason = str(document.get("reason") or "") or None
    if document.get("false_positive"):
        return _close_as_false_alarm(draft, incident, reason)
    if incident.is_open:
        hint = "prismfs incident resolve ID --note TEXT"
        raise RefusedError("not_resolved", f"it is {incident.status}", field="/id", hint=hint)
    if duty.is_required(draft.response, incident) and not duty.is_reviewed(draft, incident):
        said = f"it was {incident.sev_max.label} at its worst, and its review is not stored"
        raise RefusedError("review_missing", said, field="/id", hint=f"prismfs review new {incident.id}")
    draft.because("close", f"{draft.event.actor} closes it")
    draft.subject = end(draft, incident, "closed", reason)
    facts.add_row(draft, "incident.closed", draft.subject)
    return None


def reopen_incident(draft: Draft) -> Nothing | None:
    """Reopen an incident whose fault is back, or that was a fault after all: it is triaged again, its clocks go on.

    Its owner is asked anew: the acknowledgement counts no more. How soon it was first answered stays.

    Raises:
        RefusedError: `not_found`, `closed`, `reason_missing`, `too_many_notes`.
    """
    incident = facts.incident_of(draft)
    if incident.is_open:
        return Nothing("it is open already", incident.id)
    if incident.status in ("closed", "duplicate"):
        hint = 'a new one, which says that it came back: prismfs incident open "TITLE" --key KEY'
        raise RefusedError("closed", f"it is {incident.status}, and stays so", field="/id", hint=hint)
    reason = str(draft.event.document.get("reason") or "")
    if not reason:
        raise RefusedError("reason_missing", "it is reopened with a reason", field="/reason", hint="--reason TEXT")
    draft.because("reopen", f"{draft.event.actor} says that {_back(incident)}")
    draft.subject = reopen(draft, incident, reason)
    return None


def reopen(draft: Draft, incident: Incident, reason: str) -> Incident:
    """Open an incident again that is not closed: whoever has it triages it anew, and its reporters hear of it."""
    noted = with_note(draft, incident, reason).changed(
        reopened=incident.reopened + 1,
        auto_resolved=False,
        mitigated_at=None,
        resolved_at=None,
        resolved_by=None,
        resolution=None,
        closed_at=None,
        closed_by=None,
        closed_reason=None,
    )
    again = as_open(draft, noted, "triage")
    facts.add_row(draft, "incident.reopened", again, meta={"before": incident.status, "reopened": again.reopened})
    if again.level != AGENT:
        subject = f"Reopened: {facts.subject_of(again)}"
        body = f"{_back(incident).capitalize()}: {again.id} is open again.\n\nprismfs incident show {again.id}\n"
        facts.mail(draft, again, again.owner, "reopened:owner", subject=subject, body=body)
        draft.follow(AskForTriage(again.id, reason="its incident is open again"))
    draft.follow(Attend(again.id))
    draft.follow(facts.TellReopened(again.id))
    return again


def as_open(draft: Draft, incident: Incident, status: IncidentStatus) -> Incident:
    """Put and return `incident` as open again: nobody has acknowledged it, and it is escalated anew."""
    again = facts.without_lead(incident).changed(
        status=status,
        acknowledged_at=None,
        acknowledged_by=None,
        acknowledged_note=None,
        escalation=None,
        timers=Timers(),
    )
    return draft.put(owners.with_times(draft, again))


def _back(incident: Incident) -> str:
    return "it was a fault after all" if incident.status == "false_positive" else "the fault is back"


def tell_reopened(draft: Draft, asked: facts.TellReopened) -> None:
    """Tell the reporters of a reopened incident its owner, when all else of the decision is done."""
    incident = draft.need(Incident, asked.incident)
    body = f"{incident.id} is open again, and {incident.owner} has it."
    subject = f"Reopened: {incident.title}"
    draft.follow(ReplyToReporters(incident, role="reopened", stage="triaged", body=body, subject=subject))


def end(draft: Draft, incident: Incident, status: str, reason: str | None) -> Incident:
    """End `incident`, without a timer left, and tell every family."""
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
    severity.check_lowering(draft, incident, incident.severity, nature="none")
    if incident.is_open:
        incident = severity.responded(draft, incident)
    if incident.status in ("auto_resolved", "in_review"):
        hint = "prismfs incident close ID"
        raise RefusedError("not_open", f"it is {incident.status}: there was a fault", field="/id", hint=hint)
    draft.because("close_as_false_alarm", f"{draft.event.actor} says that there was no fault")
    draft.subject = end(draft, incident, "false_positive", reason)
    facts.add_row(draft, "incident.false_positive", draft.subject)
    body, subject = f"{incident.id} is closed: it was no fault.\n\n{reason}", f"No fault: {incident.title}"
    draft.follow(ReplyToReporters(incident, role="false_positive", stage="closed", body=body, subject=subject))
    return None


def _named(draft: Draft) -> Incident | None:
    """Return the incident that a command names: by its id, or the open one with the key that a reporter gave it.

    What a monitor opened by its own key, it can answer and end by that key; None where no open one has it (C-04, C-05).
    """
    key = draft.event.document.get("key")
    if key is None:
        return facts.incident_of(draft)
    return facts.merged_into(draft, draft.view.open_with_key(Incident, f"key:{key}"))


def _told(incident: Incident, name: str, at: datetime | None) -> Incident:
    """Return `incident` with the time `name` marked where a person told it as `at`, all of them in order.

    Raises:
        RefusedError: `times_out_of_order`.
    """
    if at is None:
        return incident
    facts.check_times(incident)
    return facts.as_told(incident, name)


def _note(draft: Draft) -> str | None:
    note = draft.event.document.get("note")
    return str(note) if note else None
