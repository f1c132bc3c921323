"""Delivering the messages of the outbox: which may leave, carrying one, and the events of how it went.

A local channel (mailbox, log, file) shows a message once by its id and is written during the turn. A message that
leaves over a network or starts a program may take long and may be lost: that it begins is committed first, then a
courier carries it without the writer's lock, and its receipt comes back as an event.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from prismfs.delivery import Channel
from prismfs.engine.event import engine_event
from prismfs.engine.turn.desk import Desk
from prismfs.errors import RecordError
from prismfs.intake.scan import redact, scan_key
from prismfs.kinds.core.outbox import JOBS, ROUTED, Outbox
from prismfs.records.api import Document, Event, Message, Receipt, format_instant, replace_impossible

_NOT_KEPT = "what it printed was not kept: it could not be scanned for secrets"


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many messages may leave now, and how many attempts at jobs may begin: those may take long."""

    messages: int
    jobs: int

    def allows(self, message: Outbox) -> bool:
        """Tell whether `message` may leave now."""
        return (self.jobs if is_job(message) else self.messages) > 0

    def without(self, begun: Iterable[Outbox]) -> "Capacity":
        """Return what is left once `begun` have left."""
        counts = Counter(map(is_job, begun))
        return Capacity(messages=self.messages - counts[False], jobs=self.jobs - counts[True])

    def plus(self, ended: Iterable[Outbox]) -> "Capacity":
        """Return what there is once `ended` have ended."""
        counts = Counter(map(is_job, ended))
        return Capacity(messages=self.messages + counts[False], jobs=self.jobs + counts[True])


class Courier(Protocol):
    """Carries messages to their receivers, at most so many at a time; each comes back with a receipt."""

    def capacity(self) -> Capacity:
        """Return how many more messages it takes now."""

    def send(self, desk: Desk, messages: Sequence[Outbox], /) -> None:
        """Carry `messages`, whose beginning is committed."""

    def collect(self, desk: Desk) -> Sequence[tuple[Outbox, Receipt]]:
        """Return a group of what has ended for this desk; the same again until it is released."""

    def release(self, desk: Desk, carried: Sequence[tuple[Outbox, Receipt]]) -> None:
        """Forget what `collect` returned: it is committed."""


def choose(
    messages: Iterable[Outbox], channels: Mapping[str, Channel], capacity: Capacity
) -> tuple[list[Outbox], list[Outbox]]:
    """Return the local ones among `messages`, and those that leave now: as `capacity` allows, a fair share an action.

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
        if capacity.allows(message):
            leaving.append(message)
            capacity = capacity.without([message])
    return local, leaving


def is_job(message: Outbox) -> bool:
    """Tell whether a message is an attempt at a job."""
    return message.channel == JOBS


def is_routed(message: Outbox) -> bool:
    """Tell whether a message goes to another project, and not by a channel."""
    return message.channel == ROUTED


def is_local(channels: Mapping[str, Channel], message: Outbox) -> bool:
    """Tell whether the message's channel is a local one; so is one that there is not: that is found out at once."""
    return message.channel not in channels or channels[message.channel].local


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
    document: Document = {"outcome": receipt.outcome, "attempt": attempt, "detail": replace_impossible(receipt.detail)}
    if receipt.document is not None:
        document["record"] = receipt.document
    if receipt.retry_after is not None:
        document["retry_after"] = receipt.retry_after.total_seconds()
    return _event(message, f"delivery:{message.id}:{attempt}", now, document)


def receipt_events(desk: Desk, carried: Sequence[tuple[Outbox, Receipt]], now: datetime) -> list[Event]:
    """Return the events of how the messages in `carried` ended, without the secrets that a job may have printed.

    Raises:
        ConfigError: the project's settings of redaction are invalid.
    """
    return [receipt_event(message, _without_secrets(desk, message, receipt), now) for message, receipt in carried]


def carry(channels: Mapping[str, Channel], message: Outbox) -> Receipt:
    """Carry one message out by its channel and say how it ended; a fault of a channel is its receipt."""
    if message.channel not in channels:
        return Receipt(outcome="not_configured", detail=f"there is no channel {message.channel} here")
    try:
        return channels[message.channel].send(
            Message(
                id=message.id,
                channel=message.channel,
                target=message.target,
                subject=message.subject,
                body=message.body,
                about=message.about,
                priority=message.priority,
                created_at=message.created_at,
                expected=message.expected,
                thread=message.thread,
            )
        )
    except Exception as error:  # a channel that another package adds may fail in any way; the watcher must go on
        return Receipt(outcome="temporary", detail=f"the channel failed: {type(error).__name__}")


def carry_all(channels: Mapping[str, Channel], messages: Iterable[Outbox]) -> list[tuple[Outbox, Receipt]]:
    """Carry messages one after the other, and say how each ended."""
    return [(message, carry(channels, message)) for message in messages]


def _without_secrets(desk: Desk, message: Outbox, receipt: Receipt) -> Receipt:
    """Return the receipt of a job as it may be kept: scanned first, then cut.

    Cut first, a secret could lose the half by which it is known.
    """
    if not is_job(message) or receipt.document is None:
        return receipt
    document = dict(receipt.document)
    text, keep = str(document.get("output") or ""), document.pop("keep", None)
    try:
        scanned = redact({"output": text}, rules=desk.redaction(), key=scan_key())
    except RecordError:
        return replace(receipt, document=document | {"output": _NOT_KEPT})
    document["output"] = _end_of(str(scanned.document["output"]), keep if isinstance(keep, int) else 0)
    if scanned.findings:
        document["redactions"] = scanned.redactions
    return replace(receipt, document=document)


def _end_of(text: str, most: int) -> str:
    """Return the last `most` bytes of `text`, from the beginning of a line on where there is one."""
    data = text.encode()
    if len(data) <= most:
        return text
    end = data[-most:]
    _, found, lines = end.partition(b"\n")
    return (lines if found and lines else end).decode(errors="ignore")


def _event(message: Outbox, cause: str, now: datetime, document: Document) -> Event:
    return engine_event("delivery", "outbox", cause=cause, at=now, document={"id": message.id} | document)
