"""An attempt at a job: it begins in a commit, is carried once, and ends in another (R-002-13 to R-002-18).

An attempt whose end nobody wrote down counts as failed and is not made again; the next one follows at its delay.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from prismfs.kinds.care.signal import Redaction
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.response.incident import Incident, Timers
from prismfs.kinds.response.job import AttemptOutcome, Job
from prismfs.kinds.response.pause import Pause, name_of_agent, name_of_workflow
from prismfs.kinds.response.settings.retry import Retry
from prismfs.records.plan import Nothing
from prismfs.rules.care.replies import reply_to_reporter
from prismfs.rules.core.draft import ENGINE, Draft
from prismfs.rules.escalation.messages import withdrawn
from prismfs.rules.response import lifecycle, pauses
from prismfs.rules.response.facts import meta_of
from prismfs.rules.response.jobs import failure, retry

SLACK = timedelta(seconds=30)
"""How much longer than its time-out an attempt may go unheard of before it counts as lost."""

UNHEARD = "nobody wrote down how the attempt ended"

_OUTCOMES: tuple[AttemptOutcome, ...] = ("succeeded", "failed", "timed_out", "not_started", "interrupted", "stopped")
"""What whoever ran an attempt may say of it."""


def begin(draft: Draft, message: Outbox) -> Nothing | None:
    """Let the attempt of `message` begin, if it is due, still wanted, not paused, and its command still allowed.

    What is to be run is written into the message here and nowhere else: whoever carries it runs what was checked.
    """
    if message.status != "pending":
        return Nothing(f"the message is {message.status}", message.id)
    job = _job_of(draft, message)
    incident = None if job is None or job.incident is None else draft.get(Incident, job.incident)
    draft.subject = message
    if job is None:
        _take_back(draft, message, "it belongs to no attempt that is due")
        return None
    if job.last.due_at > draft.now:
        _put_back(draft, message, job)
        return None
    if message.attempts:  # somebody set it back by hand
        unheard(draft, message)
        return None
    if job.status != "retrying" or incident is None or incident.status != "retrying":
        give_up(draft, job, "the incident is not tried again any more")
        return None
    paused = pauses.is_paused(draft.view, agent=job.agent, workflow=job.workflow)
    if paused is not None:
        what = "agent" if paused.agent is not None else "workflow"
        draft.subject = held = draft.put(message.changed(status="held", due_at=None, detail=f"its {what} is paused"))
        draft.because("hold_attempt", f"attempt {job.last.number} waits: its {what} is paused")
        draft.row("outbox.held", held, level="warn", reason=draft.reason, meta=_meta(job))
        return None
    settings = draft.view.single(Retry)
    refused = retry.why_not_allowed(settings, job.job, job.command)
    if refused is not None:
        _take_back(draft, message, refused)
        _exhaust(draft, job.with_last(job.last.changed(outcome="not_allowed", ended_at=draft.now)), incident, refused)
        return None
    draft.subject = draft.put(begun(draft, message, job, settings))
    draft.because("begin_attempt", f"attempt {job.last.number} begins")
    draft.row("outbox.sending", draft.subject, reason=draft.reason, meta=_meta(job))
    return None


def begun(draft: Draft, message: Outbox, job: Job, settings: Retry) -> Outbox:
    """Return `message` as an attempt that has begun: with what is run, and the time until which it may be unheard."""
    timeout = settings.timeout_of(job.job)
    assert job.command is not None
    order: dict[str, Any] = {
        "command": list(job.command),
        "timeout": timeout.total_seconds(),
        "keep": settings.keep,
        "pass_environment": list(settings.pass_environment),
        "environment": {
            "PRISMFS_JOB": job.job,
            "PRISMFS_JOB_ID": job.id,
            "PRISMFS_ATTEMPT": str(job.last.number),
        },
    }
    return message.changed(
        status="sending",
        attempts=message.attempts + 1,
        planned_at=draft.now,
        due_at=draft.now + timeout + SLACK,
        body=json.dumps(order),
    )


def record(draft: Draft, message: Outbox) -> Nothing | None:
    """Write down how the attempt of `message` ended, and what follows; one that was given up changes nothing more."""
    if message.status != "sending":
        return Nothing(f"the message is {message.status}", message.id)
    told = draft.event.document.get("record")
    told = told if isinstance(told, dict) else {}
    said = told.get("outcome")
    outcome: AttemptOutcome = next((known for known in _OUTCOMES if known == said), "unknown")
    code, found = told.get("code"), told.get("redactions")
    detail = str(draft.event.document.get("detail") or "") or None
    sent = draft.put(message.changed(status="sent", sent_at=draft.now, due_at=None, detail=detail))
    job = _job_of(draft, sent)
    draft.subject = sent
    if job is None:
        draft.because("end_attempt", "the attempt ended; nothing waits for it any more")
        draft.row("outbox.sent", sent, reason=draft.reason)
        return None
    _end(
        draft,
        job,
        outcome,
        code=code if isinstance(code, int) else None,
        error=str(told.get("output") or detail or ""),
        redactions=tuple(Redaction.model_validate(entry) for entry in found) if isinstance(found, list) else (),
    )
    return None


def unheard(draft: Draft, message: Outbox) -> None:
    """An attempt that began and of which nobody wrote down the end counts as failed, and is not made again."""
    job = _job_of(draft, message)
    _take_back(draft, message, UNHEARD)
    if job is not None:
        _end(draft, job, "unknown", code=None, error=UNHEARD, redactions=())


def give_up(draft: Draft, job: Job, why: str) -> None:
    """Cancel the attempt of `job` that has not begun: somebody has the incident, or it is over."""
    message = None if job.last.message is None else draft.get(Outbox, job.last.message)
    if message is not None and message.status in ("pending", "held"):
        _take_back(draft, message, why)
    ended = job.with_last(job.last.changed(outcome="cancelled", ended_at=draft.now))
    failed = draft.put(ended.changed(status="failed", ended_at=draft.now, retry_reason=why))
    draft.row("job.failed", failed, level="warn", reason=why, meta=failure.meta_of_job(failed))


def follow_incident(draft: Draft) -> None:
    """Cancel the attempts that wait for an incident which this decision ends, or which somebody takes in hand."""
    for incident in tuple(draft.own(Incident)):
        job = None if incident.job is None else draft.get(Job, incident.job)
        if job is None or job.status != "retrying" or incident.status == "retrying":
            continue
        message = None if job.last.message is None else draft.get(Outbox, job.last.message)
        if message is not None and message.status == "sending":  # how it ends is noted, and nothing follows
            continue
        settled, subject = (draft.rule, draft.reason), draft.subject
        give_up(draft, job, f"the incident is {incident.status}")
        draft.because(*settled)
        draft.subject = subject


def follow_pause(draft: Draft) -> None:
    """Let the attempts go on that waited for a pause which this decision lifts: those that are over it are due now."""
    lifted = {found.name for found in draft.own(Pause) if found.status == "lifted"}
    if not lifted:
        return
    for job in draft.view.open_of(Job):
        message = None if job.last.message is None else draft.get(Outbox, job.last.message)
        if message is None or message.status != "held" or _still_paused(draft, job, lifted):
            continue
        on = draft.put(message.changed(status="pending", due_at=max(job.last.due_at, draft.now), detail=None))
        draft.row("outbox.released", on, reason="what paused it is lifted", meta=_meta(job))


def _end(
    draft: Draft,
    job: Job,
    outcome: AttemptOutcome,
    *,
    code: int | None,
    error: str,
    redactions: tuple[Redaction, ...],
) -> None:
    """The newest attempt of `job` ended: with a row of its own (R-002-14), and with what follows from it."""
    message = None if job.last.message is None else draft.get(Outbox, job.last.message)
    ended = job.last.changed(
        begun_at=None if message is None or not message.attempts else message.planned_at,
        ended_at=draft.now,
        outcome=outcome,
        code=code,
        error=retry.tail_of(error) or None,
    )
    job = draft.put(job.with_last(ended))
    draft.subject = job
    if ended.number == 0:
        if outcome == "succeeded":
            _succeed(draft, job)
        else:
            failure.fail(draft, job, reporter=job.agent, error=error, redactions=redactions)
        return
    incident = draft.need(Incident, str(job.incident))
    incident = draft.put(incident.changed(retry_attempts=ended.number))
    draft.because("end_attempt", f"attempt {ended.number}: {outcome}")
    meta = meta_of(incident) | _meta(job) | {"error": ended.error}
    draft.row("incident.retry", incident, level="warn", reason=draft.reason, meta=meta)
    if outcome == "succeeded":
        if incident.status == "retrying":
            _resolve(draft, incident, ended.number)
        _succeed(draft, job)
        return
    why_not = retry.why_not_again(draft, job) if incident.status == "retrying" else f"the incident is {incident.status}"
    if why_not is None:
        draft.subject = retry.plan_next(draft, job)
        return
    _exhaust(draft, job, incident, why_not)


def _exhaust(draft: Draft, job: Job, incident: Incident, why: str) -> None:
    """No attempt follows: the job failed (R-002-10), and support has its incident unless somebody has it (R-002-17)."""
    draft.subject = failed = draft.put(job.changed(status="failed", ended_at=draft.now, retry_reason=why))
    draft.because("exhaust", f"not tried again: {why}")
    draft.row("job.failed", failed, level="warn", reason=why, meta=failure.meta_of_job(failed))
    if incident.status == "retrying":
        lifecycle.hand_to_support(draft, incident)
        draft.because("exhaust", f"not tried again: {why}")


def _succeed(draft: Draft, job: Job) -> None:
    draft.because("succeed", f"attempt {job.last.number} succeeded" if job.last.number else "it succeeded")
    draft.subject = draft.put(job.changed(status="succeeded", ended_at=draft.now))
    draft.row("job.succeeded", draft.subject, reason=draft.reason, meta=failure.meta_of_job(draft.subject))


def _resolve(draft: Draft, incident: Incident, number: int) -> None:
    """R-002-15: an attempt succeeded, so nobody need be asked; the incident is kept (R-002-16)."""
    said = f"Attempt {number} succeeded."
    resolved = draft.put(
        incident.changed(
            status="auto_resolved",
            auto_resolved=True,
            resolved_at=draft.now,
            resolved_by=ENGINE,
            resolution=said,
            timers=Timers(),
            due_at=None,
        )
    )
    reason = f"attempt {number} succeeded; nobody was asked"
    draft.row("incident.resolved", resolved, level="warn", reason=reason, meta=meta_of(resolved))
    reply_to_reporter(
        draft, resolved, role="resolved", stage="resolved", body=f"{said} Nobody was asked.",
        subject=f"Resolved: {resolved.title}",
    )  # fmt: skip


def _job_of(draft: Draft, message: Outbox) -> Job | None:
    """Return the job whose newest attempt `message` makes, None where it is none's, such as one written by hand."""
    job = draft.get(Job, message.about)
    if job is None or job.last.message != message.id or job.last.outcome is not None:
        return None
    return job


def _put_back(draft: Draft, message: Outbox, job: Job) -> None:
    """Somebody set the message's time by hand: the attempt has its own, and others do not wait for it meanwhile."""
    draft.subject = later = draft.put(message.changed(planned_at=job.last.due_at, due_at=job.last.due_at))
    draft.because("keep_time", f"attempt {job.last.number} is not due yet")
    draft.row("outbox.postponed", later, level="warn", reason=draft.reason, meta=_meta(job))


def _take_back(draft: Draft, message: Outbox, why: str) -> None:
    draft.because("give_up_attempt", why)
    back = draft.put(withdrawn(message, why))
    draft.row("outbox.withdrawn", back, level="warn", reason=why, meta={"action": message.action})


def _still_paused(draft: Draft, job: Job, lifted: set[str]) -> bool:
    names = [name_of_agent(job.agent)]
    if job.workflow is not None:
        names.append(name_of_workflow(job.workflow))
    found = (draft.get(Pause, name) for name in names if name not in lifted)
    return any(one is not None and one.status == "paused" for one in found)


def _meta(job: Job) -> dict[str, Any]:
    """Return what the row of an attempt says of it."""
    return {
        "job": job.id,
        "job_name": job.job,
        "attempt": job.last.number,
        "outcome": job.last.outcome,
        "exit_code": job.last.code,
    }
