"""The retry policy at work: what may be run again, why a failure is not tried again, and the next attempt.

What is run is known here and allowed by `settings/retry.yaml`; no file that an agent drops can say it (R-002-18).
"""

from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.response.job import Attempt, Job
from prismfs.kinds.response.settings.retry import Retry
from prismfs.rules.core.draft import Draft

CHANNEL = "job"
"""The channel whose messages are attempts; each is delivered once, however it ends."""

_TAIL = 2000
"""Characters of what an attempt printed that stand in the job and in the attempt's row; the event has all of it."""


def known_command(draft: Draft, job: str) -> tuple[str, ...] | None:
    """Return the arguments that run `job`: those of its newest record, else those that the settings allow, if whole.

    None where they are not known.
    """
    newest = draft.view.latest_with_key(Job, job)
    if newest is not None and newest.command is not None:
        return newest.command
    allowed = draft.view.single(Retry).jobs.get(job)
    return None if allowed is None else allowed.own_command


def why_not_allowed(settings: Retry, job: str, command: tuple[str, ...] | None) -> str | None:
    """Return why `job` may not be run by `command`, None where the settings allow exactly that."""
    allowed = settings.jobs.get(job)
    if allowed is None:
        return "settings/retry.yaml names no such job"
    if command is None:
        return "nobody knows its arguments: settings/retry.yaml leaves some of them open"
    return None if allowed.allows(command) else "settings/retry.yaml allows the job another command"


def why_not_again(draft: Draft, job: Job) -> str | None:
    """Return why no attempt follows the last one of `job`, which failed; None where one does (R-002-13, R-002-18)."""
    settings = draft.view.single(Retry)
    if job.retryable is False:
        return "its agent says that another attempt does not mend it"
    if job.last.outcome == "interrupted":
        return "somebody ended it"
    if job.last.code in settings.final_codes:
        return f"exit code {job.last.code} is final"
    if job.last.number >= len(settings.delays):
        made = job.last.number
        if not made:
            return "settings/retry.yaml gives it no attempts"
        return "1 attempt failed" if made == 1 else f"{made} attempts failed"
    return why_not_allowed(settings, job.job, job.command)


def plan_next(draft: Draft, job: Job) -> Job:
    """Put the next attempt of `job` into the outbox, due at its delay from now, and return the job with it."""
    number = job.last.number + 1
    due = draft.now + draft.view.single(Retry).delays[number - 1]
    message = draft.put(
        Outbox(
            id=draft.new_id("out", f"{CHANNEL}:{job.id}:{number}"),
            about=job.id,
            action=f"{CHANNEL}:{job.job}",
            level=number,
            channel=CHANNEL,
            target=job.job,
            subject=f"Run {job.job}: attempt {number}",
            body="What is run is written here when the attempt begins.",
            priority="normal",
            created_at=draft.now,
            planned_at=due,
            due_at=due,
            status="pending",
        )
    )
    attempt = Attempt(number=number, due_at=due, message=message.id)
    return draft.put(job.changed(status="retrying", attempts=(*job.attempts, attempt)))


def tail_of(text: str) -> str:
    """Return the end of what a job printed, from the beginning of a line on where that is near."""
    if len(text) <= _TAIL:
        return text
    end = text[-_TAIL:]
    _, _, whole = end.partition("\n")
    return whole if len(whole) > _TAIL // 2 else end
