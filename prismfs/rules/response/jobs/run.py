"""A run of a job, or an attempt after a failure, begins: in a commit, so that nothing of it can be lost (R-002-08)."""

import json
from datetime import timedelta

from prismfs.errors import RefusedError
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.response.incident import Incident
from prismfs.kinds.response.job import Attempt, Job, JobRunForm
from prismfs.kinds.response.settings.retry import Retry
from prismfs.records.api import Nothing
from prismfs.rules.core.api import Draft, outbox, redactions_of
from prismfs.rules.response import orders
from prismfs.rules.response.jobs import attempts, failure

SLACK = timedelta(seconds=30)
"""How much longer than its time-out an attempt may go unheard of before it counts as lost."""


def run(draft: Draft) -> None:
    """Begin a run that the caller of the command makes; if it never tells the end, the run counts as failed.

    Raises:
        RefusedError: `job_not_allowed`, the settings do not allow exactly this; `paused`; `secret_in_command`.
        RecordError: what the form refuses; with the field.
    """
    form = _form(draft)
    if any(entry.pointer.startswith("/command") for entry in redactions_of(draft) if entry.level == "redact"):
        said = "the arguments hold a secret, and they are kept in history"
        hint = "pass it by a variable that pass_environment in settings/retry.yaml names"
        raise RefusedError("secret_in_command", said, field="/command", hint=hint)
    settings = draft.view.single(Retry)
    allowed = settings.jobs.get(form.job)
    command = form.command or (None if allowed is None else allowed.own_command)
    refused = failure.why_not_allowed(settings, form.job, command)
    if allowed is None or command is None or refused is not None:
        hint = f"jobs in settings/retry.yaml, for example {form.job}: {{command: [make, export]}}"
        raise RefusedError("job_not_allowed", refused or "it is not allowed", field="/job", hint=hint)
    agent, workflow = form.agent or allowed.agent or draft.event.actor, form.workflow or allowed.workflow
    if orders.is_paused(draft, agent=agent, workflow=workflow) is not None:
        hint = "prismfs list pause --open"
        raise RefusedError("paused", "its agent or its workflow is paused", field="/job", hint=hint)
    identifier = draft.new_id("job")
    message = failure.message_of(draft, identifier, form.job, 0, draft.now)
    job = draft.put(
        Job(
            id=identifier,
            pid=draft.project.pid,
            job=form.job,
            agent=agent,
            workflow=workflow,
            command=command,
            status="running",
            retryable=form.retryable,
            attempts=(Attempt(number=0, due_at=draft.now, message=message.id),),
            created_at=draft.now,
        )
    )
    draft.put(_begun(draft, message, job, settings))
    draft.subject = job
    draft.because("run", f"{draft.event.actor} runs it")
    draft.row("job.running", job, reason=draft.reason, meta={"job_name": job.job, "agent": job.agent})


def record_delivery(draft: Draft) -> Nothing | None:
    """Record that an attempt begins, or how it ended; its message is delivered once, however it ends."""
    message = outbox.message_of(draft)
    return _begin(draft, message) if outbox.is_beginning(draft) else attempts.record_end(draft, message)


def _begin(draft: Draft, message: Outbox) -> Nothing | None:
    """Begin the attempt of `message` if it is due, still needed, not paused, and its command still allowed.

    What is to be run is written into the message here and nowhere else, so that what was checked is what runs.
    """
    if message.status != "pending":
        return Nothing(f"the message is {message.status}", message.id)
    job = attempts.job_of(draft, message)
    incident = None if job is None or job.incident is None else draft.get(Incident, job.incident)
    draft.subject = message
    if job is None:
        why = "it belongs to no attempt that is due"
        draft.because("give_up_attempt", why)
        attempts.withdraw(draft, message, why)
        return None
    if job.last.due_at > draft.now:
        _put_back(draft, message, job)
        return None
    if message.attempts:  # set back by hand
        attempts.count_as_failed(draft, message)
        return None
    if job.status != "retrying" or incident is None or incident.status != "retrying":
        why = "the incident is not tried again any more"
        draft.because("give_up_attempt", why)
        attempts.abandon(draft, job, why)
        return None
    paused = orders.is_paused(draft, agent=job.agent, workflow=job.workflow)
    if paused is not None:
        what = "agent" if paused.agent is not None else "workflow"
        draft.subject = held = draft.put(message.changed(status="held", due_at=None, detail=f"its {what} is paused"))
        draft.because("hold_attempt", f"attempt {job.last.number} waits: its {what} is paused")
        draft.row("outbox.held", held, level="warn", reason=draft.reason, meta=attempts.meta_of_attempt(job))
        return None
    settings = draft.view.single(Retry)
    refused = failure.why_not_allowed(settings, job.job, job.command)
    if refused is not None:
        attempts.withdraw(draft, message, refused)
        attempts.exhaust(
            draft, job.with_last(job.last.changed(outcome="not_allowed", ended_at=draft.now)), incident, refused
        )
        return None
    draft.subject = draft.put(_begun(draft, message, job, settings))
    draft.because("begin_attempt", f"attempt {job.last.number} begins")
    draft.row("outbox.sending", draft.subject, reason=draft.reason, meta=attempts.meta_of_attempt(job))
    return None


def _begun(draft: Draft, message: Outbox, job: Job, settings: Retry) -> Outbox:
    """Return `message` as an attempt that has begun: with what is run, and the time until which it may be unheard."""
    timeout = settings.timeout_of(job.job)
    assert job.command is not None
    order = {
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


def _put_back(draft: Draft, message: Outbox, job: Job) -> None:
    """Give a message whose time was set by hand the time of its attempt again, so that others do not wait for it."""
    draft.subject = later = draft.put(message.changed(planned_at=job.last.due_at, due_at=job.last.due_at))
    draft.because("keep_time", f"attempt {job.last.number} is not due yet")
    draft.row("outbox.postponed", later, level="warn", reason=draft.reason, meta=attempts.meta_of_attempt(job))


def _form(draft: Draft) -> JobRunForm:
    document = draft.event.document
    given = {name: document[name] for name in JobRunForm.model_fields if document.get(name) is not None}
    return JobRunForm.from_document(given)
