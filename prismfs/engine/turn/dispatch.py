"""Sending what waits in the outbox: local messages at once, others begun in a commit and carried afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from prismfs.engine.turn import deliver
from prismfs.engine.turn.commit_group import Outcome, settle
from prismfs.engine.turn.deliver import Room
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.job_output import without_secrets
from prismfs.kinds.core.outbox import Outbox
from prismfs.records.message import Receipt


def send(desk: Desk, messages: Sequence[Outbox], now: datetime, room: Room) -> tuple[list[Outcome], list[Outbox]]:
    """Deliver the local ones of `messages` and commit that others begin, as `room` allows; the writer's lock is held.

    Returns what was decided, and the messages that are to be carried out now.
    """
    if not messages:
        return [], []
    channels = desk.channels()
    local, others = deliver.choose(messages, channels, room)
    events = [deliver.receipt_event(message, deliver.carry(channels, message), now) for message in local]
    desk.crash_point("before-receipts")
    outcomes = settle(desk, [*events, *(deliver.begin_event(message, now) for message in others)], now)
    view = desk.repo.view(desk.repo.snapshot())
    begun = [view.get(Outbox, message.id) for message in others]
    return outcomes, [message for message in begun if message is not None and message.status == "sending"]


def carry_out(desk: Desk, messages: Sequence[Outbox], now: datetime) -> list[Outcome]:
    """Carry out `messages` one after the other without the writer's lock, then commit how each went."""
    if not messages:
        return []
    channels = desk.channels()
    carried = [(message, deliver.carry(channels, message)) for message in messages]
    desk.crash_point("carried")
    return note_receipts(desk, carried, now)


def run_jobs(desk: Desk, messages: Sequence[Outbox]) -> None:
    """Run the jobs of `messages`, one after the other, without the writer's lock; the next turn notes how they ended.

    A job may run long: how it ended is noted at a time of its own, from which the next attempt's delay counts.
    """
    if not messages:
        return
    channels = desk.channels()
    for message in messages:
        desk.ended.append((message, deliver.carry(channels, message)))
        desk.crash_point("carried")


def note_receipts(desk: Desk, carried: Sequence[tuple[Outbox, Receipt]], now: datetime) -> list[Outcome]:
    """Commit how the messages in `carried` went."""
    if not carried:
        return []
    with desk.repo.writer():
        return write_receipts(desk, carried, now)


def write_receipts(desk: Desk, carried: Sequence[tuple[Outbox, Receipt]], now: datetime) -> list[Outcome]:
    """Commit how the messages in `carried` went; the writer's lock is held."""
    if not carried:
        return []
    told = [(message, without_secrets(desk, message, receipt)) for message, receipt in carried]
    return settle(desk, [deliver.receipt_event(message, receipt, now) for message, receipt in told], now)
