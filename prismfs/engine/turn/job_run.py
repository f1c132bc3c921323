"""Running a job in the foreground: the steps of `prismfs run`, each at a time that the caller gives.

Every step is a commit, and an attempt belongs to the process that commits its beginning first: a watcher beside it
makes no attempt twice, and goes on where this process ends (R-002-18).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from prismfs.delivery.job import JobChannel
from prismfs.engine.turn import deliver
from prismfs.engine.turn.commit_group import commit_group
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.due import due_event
from prismfs.engine.turn.submit import commit_and_deliver
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.response.job import Job
from prismfs.records.api import Event, Plan, Receipt, Refused

Hear = Callable[[bytes, bool], None]
"""Is given each piece that a job prints, and whether it went to standard error."""

AttemptState = Literal["ended", "waiting", "running", "held"]


def begin_run(desk: Desk, event: Event, now: datetime) -> tuple[Job, Outbox]:
    """Commit that the run which `event`, a command, asks for begins; the caller carries it.

    Raises:
        RefusedError: `job_not_allowed`, `paused`, `secret_in_command`; nothing runs.
        PrismfsError: the project is busy or out of reach.
    """
    with desk.repo.writer():
        outcomes = commit_group(desk, [event], now)
        desk.repo.bring_window_if_free()
    decision = next(outcome.decision for outcome in outcomes if outcome.event is event)
    if isinstance(decision, Refused):
        raise decision.raised()
    assert isinstance(decision, Plan)
    job = next(put for put in decision.puts if isinstance(put, Job))
    message = next(put for put in decision.puts if isinstance(put, Outbox))
    return job, message


def carry(desk: Desk, message: Outbox, hear: Hear) -> Receipt:
    """Run the attempt of `message`, whose beginning is committed, and return how it ended.

    Setting the desk's `stopping` ends it; the receipt says so.
    """
    channel = JobChannel(desk.root, stopping=desk.stopping, hear=hear)
    receipt = deliver.carry({message.channel: channel}, message)
    desk.crash_point("carried")
    return receipt


def note(desk: Desk, message: Outbox, receipt: Receipt, now: datetime) -> Job:
    """Commit how the attempt of `message` ended, deliver the notices of it, and return the job as it is then."""
    commit_and_deliver(desk, deliver.receipt_events(desk, [(message, receipt)], now), now)
    return look(desk, message.about)


def look(desk: Desk, identifier: str) -> Job:
    """Return the job as it is on the branch now."""
    found = desk.view().get(Job, identifier)
    assert found is not None, "a job that was begun is not removed"
    return found


def attempt_state(desk: Desk, job: Job) -> tuple[AttemptState, Outbox | None]:
    """Return the state of the newest attempt of `job`, and its message: over, due later, running elsewhere, or held."""
    if job.status in ("succeeded", "failed") or job.last.message is None:
        return "ended", None
    message = desk.view().get(Outbox, job.last.message)
    if message is None or message.status not in ("pending", "sending", "held"):
        return "ended", message
    names: dict[str, AttemptState] = {"pending": "waiting", "sending": "running", "held": "held"}
    return names[message.status], message


def begin_attempt(desk: Desk, message: Outbox, now: datetime) -> Outbox | None:
    """Commit that the attempt of `message` begins; None where another process began it first, or it may not be made."""
    event = deliver.begin_event(message, now)
    with desk.repo.writer():
        outcomes = commit_group(desk, [event], now)
        begun = desk.view().get(Outbox, message.id)
        desk.repo.bring_window_if_free()
    mine = any(outcome.event is event and isinstance(outcome.decision, Plan) for outcome in outcomes)
    return begun if mine and begun is not None and begun.status == "sending" else None


def end_unheard(desk: Desk, message: Outbox, now: datetime) -> None:
    """Commit that an attempt is lost, as a watcher does; before its time is over nothing happens."""
    if message.due_at is None or now <= message.due_at:
        return
    with desk.repo.writer():
        commit_group(desk, [due_event(message)], now)
        desk.repo.bring_window_if_free()
