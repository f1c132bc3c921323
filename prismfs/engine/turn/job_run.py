"""Running a job in the foreground: the steps of `prismfs run`, each at a time that the caller tells.

Every step is a commit, and whatever is due is begun by whoever commits that first: a watcher beside it makes no attempt
twice, and goes on where this process ends (R-002-18).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from prismfs.delivery.job import JobChannel
from prismfs.engine.turn import deliver
from prismfs.engine.turn.commit_group import settle
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.job_output import without_secrets
from prismfs.engine.turn.react import due_event
from prismfs.engine.turn.submit import settle_and_deliver
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.response.job import Job
from prismfs.records.event import Event
from prismfs.records.message import Receipt
from prismfs.records.plan import Plan, Refused

Hear = Callable[[bytes, bool], None]
"""Is given each piece that a job prints, and whether it went to standard error."""

Standing = Literal["ended", "waiting", "running", "held"]


def begin_run(desk: Desk, event: Event, now: datetime) -> tuple[Job, Outbox]:
    """Commit that the run which `event`, a command, asks for begins; the caller carries it.

    Raises:
        RefusedError: `job_not_allowed`, `paused`, `secret_in_command`; nothing runs.
        PrismfsError: the project is busy or out of reach.
    """
    with desk.repo.writer():
        outcomes = settle(desk, [event], now)
        desk.repo.bring_index_if_free()
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
    """Commit how the attempt of `message` ended, tell whom that concerns, and return the job as it is then."""
    event = deliver.receipt_event(message, without_secrets(desk, message, receipt), now)
    settle_and_deliver(desk, [event], now)
    return look(desk, message.about)


def look(desk: Desk, identifier: str) -> Job:
    """Return the job as the branch has it now."""
    found = desk.repo.view(desk.repo.snapshot()).get(Job, identifier)
    assert found is not None, "a job that was begun is not removed"
    return found


def standing(desk: Desk, job: Job) -> tuple[Standing, Outbox | None]:
    """Return how the newest attempt of `job` stands, and its message: over, due later, running elsewhere, or held."""
    if job.status in ("succeeded", "failed") or job.last.message is None:
        return "ended", None
    message = desk.repo.view(desk.repo.snapshot()).get(Outbox, job.last.message)
    if message is None or message.status not in ("pending", "sending", "held"):
        return "ended", message
    names: dict[str, Standing] = {"pending": "waiting", "sending": "running", "held": "held"}
    return names[message.status], message


def begin_attempt(desk: Desk, message: Outbox, now: datetime) -> Outbox | None:
    """Commit that the attempt of `message` begins; None where somebody else began it first, or it may not be made.

    Raises:
        ConfigError: `protected_unendorsed`; nothing is run by settings that nobody answers for.
    """
    desk.check_endorsed()
    event = deliver.begin_event(message, now)
    with desk.repo.writer():
        outcomes = settle(desk, [event], now)
        begun = desk.repo.view(desk.repo.snapshot()).get(Outbox, message.id)
        desk.repo.bring_index_if_free()
    mine = any(outcome.event is event and isinstance(outcome.decision, Plan) for outcome in outcomes)
    return begun if mine and begun is not None and begun.status == "sending" else None


def end_unheard(desk: Desk, message: Outbox, now: datetime) -> None:
    """Commit that nothing was heard of an attempt in its time, as a watcher does; before that nothing happens."""
    if message.due_at is None or now <= message.due_at:
        return
    with desk.repo.writer():
        settle(desk, [due_event(message)], now)
        desk.repo.bring_index_if_free()
