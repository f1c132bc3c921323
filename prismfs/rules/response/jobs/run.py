"""Running a job by hand or from a schedule: it begins in a commit, so that nothing of it can be lost (R-002-08)."""

from __future__ import annotations

from prismfs.errors import RefusedError
from prismfs.kinds.core.forms import JobRunForm
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.response.job import Attempt, Job
from prismfs.kinds.response.settings.retry import Retry
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.form import redactions_of
from prismfs.rules.response import pauses
from prismfs.rules.response.jobs import attempts as attempt
from prismfs.rules.response.jobs import retry


def run(draft: Draft) -> None:
    """Begin a run that whoever gives the command makes; if it never tells the end, the run counts as failed.

    Raises:
        RefusedError: `job_not_allowed`, the settings do not allow exactly this; `paused`; `secret_in_command`.
        RecordError: what the form refuses; with the field.
        ForbiddenError: `protected_unendorsed`.
    """
    authority.check_endorsed(draft)
    form = JobRunForm.from_document({name: draft.event.document[name] for name in _members(draft)})
    if any(entry.pointer.startswith("/command") for entry in redactions_of(draft) if entry.level == "redact"):
        raise RefusedError(
            "secret_in_command", "the arguments hold a secret, and they are kept in history", field="/command",
            hint="pass it by a variable that pass_environment in settings/retry.yaml names",
        )  # fmt: skip
    settings = draft.view.single(Retry)
    allowed = settings.jobs.get(form.job)
    command = form.command or (None if allowed is None else allowed.own_command)
    refused = retry.why_not_allowed(settings, form.job, command)
    if allowed is None or command is None or refused is not None:
        raise RefusedError(
            "job_not_allowed", refused or "it is not allowed", field="/job",
            hint=f"jobs in settings/retry.yaml, for example {form.job}: {{command: [make, export]}}",
        )  # fmt: skip
    agent, workflow = form.agent or allowed.agent or draft.event.actor, form.workflow or allowed.workflow
    if pauses.is_paused(draft.view, agent=agent, workflow=workflow) is not None:
        raise RefusedError(
            "paused", "its agent or its workflow is paused", field="/job", hint="prismfs list pause --open"
        )
    identifier = draft.new_id("job")
    message = Outbox(
        id=draft.new_id("out", f"{retry.CHANNEL}:{identifier}:0"),
        about=identifier,
        action=f"{retry.CHANNEL}:{form.job}",
        level=0,
        channel=retry.CHANNEL,
        target=form.job,
        subject=f"Run {form.job}",
        body="",
        priority="normal",
        created_at=draft.now,
        planned_at=draft.now,
        status="pending",
    )
    first = Attempt(number=0, due_at=draft.now, message=message.id)
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
            attempts=(first,),
            created_at=draft.now,
        )
    )
    draft.put(attempt.begun(draft, message, job, settings))
    draft.subject = job
    draft.because("run", f"{draft.event.actor} runs it")
    draft.row("job.running", job, reason=draft.reason, meta={"job_name": job.job, "agent": job.agent})


def _members(draft: Draft) -> list[str]:
    return [name for name in JobRunForm.model_fields if draft.event.document.get(name) is not None]
