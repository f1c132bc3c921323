"""Carrying out what waits in the outbox; how it went is an event like any other.

A local channel (mailbox, log, file) shows a message once by its id and is written during the turn. Whatever leaves
over a network or starts a program may take long and may not be heard of again: that it begins is committed
first, then a courier carries it without the writer's lock, and its receipt comes back as an event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from prismfs.delivery import Channel
from prismfs.engine.turn.desk import Desk
from prismfs.kinds.core.outbox import Outbox
from prismfs.records.base import format_instant
from prismfs.records.document import Document
from prismfs.records.event import Event
from prismfs.records.message import Message, Receipt
from prismfs.rules import ENGINE
from prismfs.rules.response.api import JOBS

WAITING = ("pending", "unknown")
"""States in which a message waits for its due time to be sent."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many messages may leave now, and how many attempts at jobs may begin: those may take long."""

    messages: int
    jobs: int

    def takes(self, message: Outbox) -> bool:
        """Tell whether there is room for `message`."""
        return (self.jobs if is_job(message) else self.messages) > 0

    def less(self, leaving: Iterable[Outbox]) -> Room:
        """Return what is left once `leaving` have left."""
        gone = Counter(map(is_job, leaving))
        return Room(messages=self.messages - gone[False], jobs=self.jobs - gone[True])

    def more(self, ended: Iterable[Outbox]) -> Room:
        """Return what there is once `ended` have ended."""
        back = Counter(map(is_job, ended))
        return Room(messages=self.messages + back[False], jobs=self.jobs + back[True])


class Courier(Protocol):
    """Carries messages elsewhere while the turns go on, at most so many at a time."""

    def room(self) -> Room:
        """Return how many more messages it takes now."""

    def take(self, desk: Desk, messages: Sequence[Outbox]) -> None:
        """Carry `messages`, whose beginning is committed."""

    def collect(self, desk: Desk) -> Sequence[tuple[Outbox, Receipt]]:
        """Return what was carried to an end for this desk since the last call."""

    def give_back(self, desk: Desk, carried: Sequence[tuple[Outbox, Receipt]]) -> None:
        """Keep what `collect` returned for the next call: it could not be committed."""


def choose(
    messages: Iterable[Outbox], channels: Mapping[str, Channel], room: Room
) -> tuple[list[Outbox], list[Outbox]]:
    """Return the local ones among `messages`, and those that leave now: as `room` allows, a fair share an action.

    A place that is slow, or that many messages wait for, does not keep those to other places waiting (C-82).
    """
    local: list[Outbox] = []
    shares: list[tuple[int, Outbox]] = []
    turns: Counter[str] = Counter()
    for message in messages:
        if is_local(channels, message):
            local.append(message)
        else:
            shares.append((turns[message.action], message))
            turns[message.action] += 1
    shares.sort(key=lambda share: share[0])
    leaving: list[Outbox] = []
    for _, message in shares:
        if room.takes(message):
            leaving.append(message)
            room = room.less([message])
    return local, leaving


def is_job(message: Outbox) -> bool:
    """Tell whether a message is an attempt at a job."""
    return message.channel == JOBS


def is_local(channels: Mapping[str, Channel], message: Outbox) -> bool:
    """Tell whether the message's channel is a local one; so is one that there is not: that is found out at once."""
    channel = _channel(channels, message)
    return channel is None or channel.local


def begin_event(message: Outbox, now: datetime) -> Event:
    """Return the event that an attempt to deliver `message` begins; one that was postponed begins another time."""
    attempt = message.attempts + 1
    due = "" if message.due_at is None else format_instant(message.due_at)
    return _event(
        message, f"delivery:{message.id}:{attempt}:begin:{due}", now, {"outcome": "sending", "attempt": attempt}
    )


def receipt_event(message: Outbox, receipt: Receipt, now: datetime) -> Event:
    """Return the event that an attempt ended with `receipt`; `message` is as it was when the attempt was made."""
    attempt = message.attempts + (message.status != "sending")
    document: Document = {"outcome": receipt.outcome, "attempt": attempt, "detail": receipt.detail}
    if receipt.document is not None:
        document["record"] = receipt.document
    if receipt.retry_after is not None:
        document["retry_after"] = receipt.retry_after.total_seconds()
    return _event(message, f"delivery:{message.id}:{attempt}", now, document)


def carry(channels: Mapping[str, Channel], message: Outbox) -> Receipt:
    """Carry one message out by its channel and say how it ended; a fault of a channel is its receipt."""
    channel = _channel(channels, message)
    if channel is None:
        return Receipt(outcome="not_configured", detail=f"there is no channel {message.channel} here")
    try:
        return channel.send(
            Message(
                id=message.id,
                channel=message.channel,
                target=message.target,
                subject=message.subject,
                body=message.body,
                about=message.about,
                priority=message.priority,
                created_at=message.created_at,
            )
        )
    except Exception as error:  # a channel that another package adds may fail in any way; the watcher must go on
        return Receipt(outcome="temporary", detail=f"the channel failed: {type(error).__name__}")


def _channel(channels: Mapping[str, Channel], message: Outbox) -> Channel | None:
    try:
        return channels[message.channel]
    except KeyError:
        return None


def _event(message: Outbox, cause: str, now: datetime, document: Document) -> Event:
    return Event.model_validate(
        {
            "type": "delivery",
            "kind": "outbox",
            "cause": cause,
            "at": now,
            "actor": ENGINE,
            "assurance": "engine",
            "document": {"id": message.id} | document,
        }
    )
