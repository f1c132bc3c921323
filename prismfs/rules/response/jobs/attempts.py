"""The end of an attempt at a job, and what follows from it (R-002-13 to R-002-18); it begins in `run`.

An attempt whose end was not recorded counts as failed and is not made again; the next one follows at its delay.
"""

from prismfs.errors import RefusedError
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.values import Redaction
from prismfs.kinds.response.incident import Incident, Timers
from prismfs.kinds.response.job import AttemptOutcome, Job
from prismfs.records.api import JsonValue, Nothing
from prismfs.rules.core.api import ENGINE, Attend, Draft, IncidentOver, ReplyToReporters, outbox
from prismfs.rules.response.facts import PauseLifted, add_row
from prismfs.rules.response.jobs import failure
from prismfs.rules.response.orders import is_paused, pause_names

_OUTCOMES: tuple[AttemptOutcome, ...] = ("succeeded", "failed", "timed_out", "not_started", "interrupted", "stopped")
"""What may be said of an attempt by who ran it."""


def send_again(draft: Draft) -> None:
    """Refuse to send an attempt again, however it ended.

    Raises:
        RefusedError: `made_once`.
    """
    message = outbox.message_of(draft)
    hint = f"prismfs run {message.target}"
    raise RefusedError("made_once", "an attempt at a job is made once", field="/id", hint=hint)


def nothing_heard(draft: Draft) -> None:
    """Answer the due time of an attempt that began: it counts as failed.

    Raises:
        RefusedError: `not_sending`.
    """
    message = outbox.message_of(draft)
    outbox.check_sending(message)
    draft.subject = message
    count_as_failed(draft, message)


def record_end(draft: Draft, message: Outbox) -> Nothing | None:
    """Record how the attempt of `message` ended, and what follows; of an abandoned one nothing does."""
    if message.status != "sending":
        return Nothing(f"the message is {message.status}", message.id)
    told = draft.event.document.get("record")
    told = told if isinstance(told, dict) else {}
    said = told.get("outcome")
    outcome: AttemptOutcome = next((known for known in _OUTCOMES if known == said), "unknown")
    code, found = told.get("code"), told.get("redactions")
    detail = str(draft.event.document.get("detail") or "") or None
    sent = draft.put(message.changed(status="sent", sent_at=draft.now, due_at=None, detail=detail))
    job = job_of(draft, sent)
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


def count_as_failed(draft: Draft, message: Outbox) -> None:
    """Count an attempt as failed that began and whose end was not recorded; it is not made again."""
    job = job_of(draft, message)
    withdraw(draft, message, outbox.UNHEARD)
    if job is not None:
        _end(draft, job, "unknown", code=None, error=outbox.UNHEARD, redactions=())
    else:
        draft.because("give_up_attempt", outbox.UNHEARD)


def abandon(draft: Draft, job: Job, why: str) -> None:
    """Cancel the attempt of `job` that has not begun: its incident is over, or assigned."""
    message = _message_of(draft, job)
    if message is not None and message.status in ("pending", "held"):
        withdraw(draft, message, why)
    ended = job.with_last(job.last.changed(outcome="cancelled", ended_at=draft.now))
    failed = draft.put(ended.changed(status="failed", ended_at=draft.now, retry_reason=why))
    draft.row("job.failed", failed, level="warn", reason=why, meta=failure.meta_of_job(failed))


def cancel_attempts(draft: Draft, asked: IncidentOver) -> None:
    """Cancel the attempts that wait for an incident which is over."""
    incident = draft.need(Incident, asked.incident)
    job = None if incident.job is None else draft.get(Job, incident.job)
    if job is None or job.status != "retrying":
        return
    message = _message_of(draft, job)
    if message is None or message.status != "sending":  # how one ends that is under way is noted, and nothing follows
        abandon(draft, job, f"the incident is {incident.status}")


def release_attempts(draft: Draft, asked: PauseLifted) -> None:
    """Release the attempts that waited for a pause which is lifted; one whose time has passed is due now."""
    for job in draft.view.open_of(Job):
        message = _message_of(draft, job)
        if message is None or message.status != "held" or asked.name not in pause_names(job.agent, job.workflow):
            continue
        if is_paused(draft, agent=job.agent, workflow=job.workflow) is not None:
            continue
        on = draft.put(message.changed(status="pending", due_at=max(job.last.due_at, draft.now), detail=None))
        draft.row("outbox.released", on, reason="what paused it is lifted", meta=meta_of_attempt(job))


def withdraw(draft: Draft, message: Outbox, why: str) -> None:
    """Withdraw the message of an attempt that is no longer made."""
    back = draft.put(outbox.withdrawn(message, why))
    draft.row("outbox.withdrawn", back, level="warn", reason=why, meta={"action": message.action})


def exhaust(draft: Draft, job: Job, incident: Incident, why: str) -> None:
    """Fail the job, as no attempt follows (R-002-10); its incident goes to support unless it is assigned (R-002-17)."""
    draft.subject = failed = draft.put(job.changed(status="failed", ended_at=draft.now, retry_reason=why))
    draft.because("exhaust", f"not tried again: {why}")
    draft.row("job.failed", failed, level="warn", reason=why, meta=failure.meta_of_job(failed))
    if incident.status == "retrying":
        draft.put(incident.changed(status="triage"))
        draft.follow(Attend(incident.id))


def job_of(draft: Draft, message: Outbox) -> Job | None:
    """Return the job whose newest attempt `message` makes, None where it is none's, such as one written by hand."""
    job = draft.get(Job, message.about)
    if job is None or job.last.message != message.id or job.last.outcome is not None:
        return None
    return job


def meta_of_attempt(job: Job) -> dict[str, JsonValue]:
    """Return what the row of an attempt says of it."""
    return {
        "job": job.id,
        "job_name": job.job,
        "attempt": job.last.number,
        "outcome": job.last.outcome,
        "exit_code": job.last.code,
    }


def _message_of(draft: Draft, job: Job) -> Outbox | None:
    return None if job.last.message is None else draft.get(Outbox, job.last.message)


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
    message = _message_of(draft, job)
    ended = job.last.changed(
        begun_at=None if message is None or not message.attempts else message.planned_at,
        ended_at=draft.now,
        outcome=outcome,
        code=code,
        error=failure.tail_of(error) or None,
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
    said = f"attempt {ended.number}: {outcome}"
    add_row(draft, "incident.retry", incident, reason=said, meta=meta_of_attempt(job) | {"error": ended.error})
    if outcome == "succeeded":
        if incident.status == "retrying":
            _resolve(draft, incident, ended.number)
        _succeed(draft, job)
        return
    why_not = (
        failure.why_not_again(draft, job) if incident.status == "retrying" else f"the incident is {incident.status}"
    )
    if why_not is None:
        draft.because("end_attempt", said)
        draft.subject = failure.plan_next(draft, job)
        return
    exhaust(draft, job, incident, why_not)


def _succeed(draft: Draft, job: Job) -> None:
    draft.because("succeed", f"attempt {job.last.number} succeeded" if job.last.number else "it succeeded")
    draft.subject = draft.put(job.changed(status="succeeded", ended_at=draft.now))
    draft.row("job.succeeded", draft.subject, reason=draft.reason, meta=failure.meta_of_job(draft.subject))


def _resolve(draft: Draft, incident: Incident, number: int) -> None:
    """Resolve an incident whose job succeeded, without asking people (R-002-15); it is kept (R-002-16)."""
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
    add_row(draft, "incident.resolved", resolved, reason=f"attempt {number} succeeded; nobody was asked")
    body, subject = f"{said} Nobody was asked.", f"Resolved: {resolved.title}"
    draft.follow(ReplyToReporters(resolved, role="resolved", stage="resolved", body=body, subject=subject))
