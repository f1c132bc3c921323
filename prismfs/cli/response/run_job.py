"""`prismfs run`: run a job with the retry policy, in the foreground (R-002-13)."""

from __future__ import annotations

import signal
import sys
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from prismfs.cli import output

if TYPE_CHECKING:
    from prismfs.clock import Clock
    from prismfs.engine.turn.desk import Desk
    from prismfs.kinds.core.outbox import Outbox
    from prismfs.kinds.response.job import Job

_LOOK = 0.1
"""Seconds between two looks at what a watcher, or a person, has done meanwhile."""


@click.command(
    "run",
    epilog="\b\nExample:\n  prismfs run nightly-export\n  prismfs run import --agent jade -- bin/import --day monday",
)
@click.argument("job", metavar="JOB")
@click.option("--agent", help="Whose job it is (default: what the settings say, else who acts).")
@click.option("--workflow", help="The workflow that it is part of.")
@click.option(
    "--retryable/--not-retryable", default=None, help="Whether a failure may be tried again; it may if unsaid."
)
@click.argument("command", nargs=-1, metavar="[-- COMMAND…]")
@output.verb(writes=True)
def command(
    call: output.Call, job: str, agent: str | None, workflow: str | None, retryable: bool | None,
    command: tuple[str, ...], dry_run: bool,
) -> int:  # fmt: skip
    """Run JOB and, if it fails, try it again as settings/retry.yaml says; exit 0 if any attempt succeeds, else 1.

    Only what those settings allow is run; without COMMAND it is the command that they name. What is left of the
    attempts when this process ends is made by the watcher. Ctrl-C ends the job and is a failure of it.
    """
    from prismfs.cli.render import decision_document, render_decision
    from prismfs.clock import SystemClock
    from prismfs.engine.turn.job_run import begin_run
    from prismfs.engine.turn.submit import command_event, rehearse

    clock = SystemClock()
    said = {"job": job, "agent": agent, "workflow": workflow, "retryable": retryable, "command": list(command) or None}
    document: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    with call.desk() as desk:
        now, token = clock.now(), uuid.uuid4().hex
        event = command_event("job.run", document, actor=call.actor(), token=token, at=now, rules=desk.redaction())
        if dry_run:
            decision = rehearse(desk, event, now)
            line = f"would do: {render_decision(decision)}"
            output.result(call, decision_document(decision) | {"dry_run": True}, line)
            return 0
        _end_with(desk)
        begun, message = begin_run(desk, event, now)

        def hear(piece: bytes, is_error: bool) -> None:
            """Pass on what the job prints as it comes, unread; with `--json` all of it to standard error."""
            stream = sys.stderr if is_error or call.as_json else sys.stdout
            stream.buffer.write(piece)
            stream.buffer.flush()

        ended = _follow(desk, begun, message, clock, hear)
        if desk.stopping.is_set() and ended.status != "succeeded":
            if ended.status != "failed":
                _say(f"interrupted; what is left of {ended.id} is for the watcher")
            raise click.Abort
    _tell(call, ended)
    return 0 if ended.status == "succeeded" else 1


def _follow(desk: Desk, job: Job, message: Outbox | None, clock: Clock, hear: Callable[[bytes, bool], None]) -> Job:
    """Make the attempts of `job` until it has ended, or waits for a pause; `message` is one that has begun here."""
    from prismfs.engine.turn import job_run

    while True:
        if message is not None:
            receipt = job_run.carry(desk, message, hear)
            job = job_run.note(desk, message, receipt, clock.now())
            _say(f"attempt {job.attempts[-2].number} failed" if job.status == "retrying" else "")
        state, message = job_run.attempt_state(desk, job)
        now = clock.now()
        if state in ("ended", "held") or message is None or desk.stopping.is_set():
            return job_run.look(desk, job.id)
        if state == "running":
            job_run.end_unheard(desk, message, now)
        elif job.last.due_at <= now and (begun := job_run.begin_attempt(desk, message, now)) is not None:
            _say(f"attempt {job.last.number} begins")
            message = begun
            continue
        desk.stopping.wait(min(_LOOK, max(0.01, (job.last.due_at - now).total_seconds())))
        job, message = job_run.look(desk, job.id), None


def _say(text: str) -> None:
    if text:
        click.echo(text, err=True)


def _tell(call: output.Call, job: Job) -> None:
    from prismfs.records.api import format_instant

    attempts = [
        {
            "number": attempt.number,
            "outcome": attempt.outcome,
            "code": attempt.code,
            "due_at": format_instant(attempt.due_at),
            "begun_at": None if attempt.begun_at is None else format_instant(attempt.begun_at),
            "ended_at": None if attempt.ended_at is None else format_instant(attempt.ended_at),
        }
        for attempt in job.attempts
        if attempt.outcome is not None
    ]
    data = {
        "id": job.id,
        "job": job.job,
        "status": job.status,
        "retry_reason": job.retry_reason,
        "incident": job.incident,
        "attempts": attempts,
    }
    made = len(attempts)
    line = f"{job.job} {job.status} after {made} {'run' if made == 1 else 'runs'}  {job.id}"
    if job.status == "retrying":
        line = f"{job.job} waits for a pause to be lifted; the watcher goes on with it  {job.id}"
    elif job.status == "failed":
        line += f"  {output.safe(job.retry_reason or '')}"
    output.result(call, data, [line] if job.incident is None else [line, f"  incident {job.incident}"])


def _end_with(desk: Desk) -> None:
    """Make Ctrl-C and SIGTERM end the running job; this process ends once that is written down."""

    def stop(*_: Any) -> None:
        desk.stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:  # such as of a process in the background
            signal.signal(number, stop)
