"""A job failed: what is known of it becomes an incident, which is tried again before anybody is asked (R-002-12).

A failure that the open incident of the same job and fault tells of already is counted there and tried no more. What is
run again is known here and allowed by `settings/retry.yaml`; no file that an agent drops can say it (R-002-18).
"""

import re
from datetime import datetime

from prismfs.kinds.care.signal import Signal
from prismfs.kinds.core.outbox import JOBS, Outbox
from prismfs.kinds.core.settings.fingerprint import Fingerprint
from prismfs.kinds.core.values import Redaction
from prismfs.kinds.response.incident import Incident
from prismfs.kinds.response.job import Attempt, Job, JobFailureDrop
from prismfs.kinds.response.settings.retry import Retry
from prismfs.records.api import MAX_TEXT, Id, JsonValue
from prismfs.rules.care import api as care
from prismfs.rules.core.api import Attend, Draft, fingerprint, form_of, one_line, redactions_of
from prismfs.rules.response import opening

_TAIL = 2000
"""Characters of what an attempt printed that stand in the job and in the attempt's row; the event has all of it."""

_SAYS_WHAT = re.compile(r"error|exception|panic|fatal|fail|refused|timed? ?out|denied", re.IGNORECASE)

_TEXTS = ("/error", "/output")
"""Where the text of a failure was when it was scanned; it is the body of the report."""


def accept_failure(draft: Draft) -> None:
    """Accept a failure that an agent dropped: its job failed, and is tried again or handed to support (R-002-08)."""
    form = form_of(draft)
    assert isinstance(form, JobFailureDrop)
    allowed = draft.view.single(Retry).jobs.get(form.job)
    job = Job(
        id=draft.new_id("job"),
        pid=draft.project.pid,
        job=form.job,
        agent=form.agent or (allowed.agent if allowed is not None else None) or form.sender,
        workflow=form.workflow or (allowed.workflow if allowed is not None else None),
        command=known_command(draft, form.job),
        status="running",
        retryable=form.retryable,
        attempts=(
            Attempt(number=0, due_at=draft.now, ended_at=draft.now, outcome="failed", error=tail_of(form.error)),
        ),
        created_at=draft.now,
    )
    fail(draft, job, reporter=form.sender, error=form.error, redactions=redactions_of(draft))


def fail(draft: Draft, job: Job, *, reporter: str, error: str, redactions: tuple[Redaction, ...]) -> None:
    """Make an incident of the failure of `job`'s run, or count it on the one that tells of it (R-002-09 to R-002-11).

    `job` is as its run left it; `error` is the whole text, without secrets, `redactions` what was taken out of it.
    """
    signal = _signal_of(draft, job, reporter=reporter, error=error, redactions=redactions)
    fields = {"job": job.job, "error": error}
    key = f"job:{job.job}/{fingerprint(draft.view.single(Fingerprint), 'job_failure', fields, payload=job.id)}"
    known = opening.known_by(draft, key)
    if known is not None and known.is_open:
        _count(draft, job, signal, known)
    else:
        _open(draft, job, signal, key, known)


def _open(draft: Draft, job: Job, signal: Signal, key: str, earlier: Incident | None) -> None:
    judged, because = care.judge(draft, signal, recurs=earlier is not None)
    why_not = why_not_again(draft, job)
    why = "retryable, as nobody says otherwise" if job.retryable is None else "retryable, says its agent"
    job = draft.put(job.changed(status="retrying", opened=True, retry_reason=why_not or why))
    draft.because("detect_failure", f"not tried again: {why_not}" if why_not else "it is tried again first")
    draft.row("job.failed", job, level="warn", reason=draft.reason, meta=meta_of_job(job))
    incident = opening.open_for_signal(
        draft,
        signal,
        judged,
        because,
        key=key,
        earlier=earlier,
        status="triage" if why_not else "retrying",
        meta=meta_of_job(job) | {"stack_trace": signal.body},
        job=job.id,
        affected_agent=job.agent,
        affected_workflow=job.workflow,
        retry_attempts=0,
    )
    draft.subject = job = draft.put(job.changed(incident=incident.id))
    if why_not is None:
        plan_next(draft, job)
    else:
        draft.put(job.changed(status="failed", ended_at=draft.now))
        draft.follow(Attend(incident.id, judged))


def _count(draft: Draft, job: Job, signal: Signal, incident: Incident) -> None:
    """R-002-18: one plan of attempts for one fault, however often it is met while the plan runs."""
    reason = f"counted on {incident.id}, not tried again"
    failed = job.changed(status="failed", ended_at=draft.now, incident=incident.id, retry_reason=reason)
    draft.subject = draft.put(failed)
    draft.row("job.failed", failed, level="warn", reason=reason, meta=meta_of_job(failed))
    opening.count_signal(draft, signal, incident, job=job.id)


def meta_of_job(job: Job) -> dict[str, JsonValue]:
    """Return what a row says of a job: which one, what its last attempt came to, and what was said of trying again."""
    return {
        "job": job.id,
        "job_name": job.job,
        "exit_code": job.last.code,
        "outcome": job.last.outcome,
        "retryable": job.retryable,
        "retry_reason": job.retry_reason,
    }


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
    message = draft.put(message_of(draft, job.id, job.job, number, due))
    attempt = Attempt(number=number, due_at=due, message=message.id)
    return draft.put(job.changed(status="retrying", attempts=(*job.attempts, attempt)))


def message_of(draft: Draft, identifier: Id, job: str, number: int, due: datetime) -> Outbox:
    """Return the message that makes attempt `number` of a run of `job`; 0 is the run itself."""
    return Outbox(
        id=draft.new_id("out", f"{JOBS}:{identifier}:{number}"),
        about=identifier,
        action=f"{JOBS}:{job}",
        level=number,
        channel=JOBS,
        target=job,
        subject=f"Run {job}: attempt {number}" if number else f"Run {job}",
        body="What is run is written here when the attempt begins.",
        priority="normal",
        created_at=draft.now,
        planned_at=due,
        due_at=due,
        status="pending",
    )


def tail_of(text: str) -> str:
    """Return the end of what a job printed, from the beginning of a line on where that is near."""
    if len(text) <= _TAIL:
        return text
    end = text[-_TAIL:]
    _, _, whole = end.partition("\n")
    return whole if len(whole) > _TAIL // 2 else end


def _signal_of(draft: Draft, job: Job, *, reporter: str, error: str, redactions: tuple[Redaction, ...]) -> Signal:
    """Put the report that the failure is: by who told of it, to the intake desk, in the lane of incidents."""
    said = one_line(_telling(error), 200)
    labels = {"job": job.job} | ({} if job.workflow is None else {"workflow": one_line(job.workflow)})
    signal = care.new_signal(
        draft,
        sender=reporter,
        to=next(iter(draft.policy.intake), draft.policy.lanes.incident),
        type="IncidentUpdate",
        subject=one_line(f"Job {job.job} failed: {said}"),
        body=_bounded(error),
        labels=labels,
        redactions=tuple(one.changed(pointer="/body") if one.pointer in _TEXTS else one for one in redactions),
        status="handed_off",
        lane="incident",
        lane_reason="a job failed",
        lane_by="rules",
    )
    return draft.put(signal)


def _telling(error: str) -> str:
    """Return the line of an error that says what it is: the last that does, traces of calls left out, else the last."""
    lines = [line for line in error.splitlines() if line.strip()]
    own = [line for line in lines if not line[0].isspace()]
    found = [line for line in own if _SAYS_WHAT.search(line)]
    return next(reversed(found or own or lines), "it says nothing")


def _bounded(text: str) -> str:
    data = text.encode()
    return text if len(data) <= MAX_TEXT else data[-MAX_TEXT:].decode(errors="ignore")
