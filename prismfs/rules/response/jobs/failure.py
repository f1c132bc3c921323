"""A job failed: what is known of it becomes an incident, which is tried again before anybody is asked (R-002-12).

A failure that the open incident of the same job and fault tells of already is counted there and tried no more.
"""

import re
from collections.abc import Sequence

from pydantic import JsonValue

from prismfs.kinds.care.signal import Signal
from prismfs.kinds.core.settings.fingerprint import Fingerprint
from prismfs.kinds.core.values import Redaction
from prismfs.kinds.response.forms import JobFailureDrop
from prismfs.kinds.response.incident import Incident
from prismfs.kinds.response.job import Attempt, Job
from prismfs.kinds.response.settings.retry import Retry
from prismfs.records.api import MAX_TEXT
from prismfs.rules.care import api as care
from prismfs.rules.core.draft import Draft, one_line
from prismfs.rules.core.fingerprint import fingerprint
from prismfs.rules.core.follow_ups import Attend
from prismfs.rules.core.form import form_of, redactions_of
from prismfs.rules.response import opening
from prismfs.rules.response.jobs import retry

_TITLE = 200

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
        command=retry.known_command(draft, form.job),
        status="running",
        retryable=form.retryable,
        attempts=(
            Attempt(
                number=0,
                due_at=draft.now,
                ended_at=draft.now,
                outcome="failed",
                error=retry.tail_of(form.error),
            ),
        ),
        created_at=draft.now,
    )
    fail(draft, job, reporter=form.sender, error=form.error, redactions=redactions_of(draft))


def fail(draft: Draft, job: Job, *, reporter: str, error: str, redactions: Sequence[Redaction]) -> None:
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
    why_not = retry.why_not_again(draft, job)
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
        retry.plan_next(draft, job)
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


def _signal_of(draft: Draft, job: Job, *, reporter: str, error: str, redactions: Sequence[Redaction]) -> Signal:
    """Put the report that the failure is: by who told of it, to the intake desk, in the lane of incidents."""
    said = one_line(_telling(error), _TITLE)
    labels = {"job": job.job} | ({} if job.workflow is None else {"workflow": one_line(job.workflow)})
    signal = care.new_signal(
        draft,
        sender=reporter,
        to=next(iter(draft.policy.intake), draft.policy.lanes.incident),
        type="IncidentUpdate",
        subject=one_line(f"Job {job.job} failed: {said}"),
        body=_bounded(error),
        labels=labels,
        redactions=tuple(_in_body(entry) for entry in redactions),
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


def _in_body(found: Redaction) -> Redaction:
    return found.changed(pointer="/body") if found.pointer in _TEXTS else found


def _bounded(text: str) -> str:
    data = text.encode()
    return text if len(data) <= MAX_TEXT else data[-MAX_TEXT:].decode(errors="ignore")
