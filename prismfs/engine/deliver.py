"""Carrying out what waits in the outbox; each result is an event like any other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from prismfs.decide import ENGINE
from prismfs.engine.desk import Desk
from prismfs.kinds.outbox import Outbox
from prismfs.records.event import Event
from prismfs.records.message import Message, Receipt


def send_due(desk: Desk, messages: Iterable[Outbox], now: datetime) -> list[Event]:
    """Send each message by its channel and return the receipts as events, in the same order."""
    return [receipt_event(message, _send(desk, message), now) for message in messages]


def receipt_event(message: Outbox, receipt: Receipt, now: datetime) -> Event:
    """Return the event that an attempt to deliver `message` ended with `receipt`."""
    document = {"id": message.id, "outcome": receipt.outcome, "detail": receipt.detail}
    return Event.model_validate(
        {
            "type": "delivery",
            "kind": "outbox",
            "cause": f"delivery:{message.id}:{message.attempts + 1}",
            "at": now,
            "actor": ENGINE,
            "assurance": "engine",
            "document": document if receipt.document is None else document | {"record": receipt.document},
        }
    )


def _send(desk: Desk, message: Outbox) -> Receipt:
    channel = desk.channels.get(message.channel)
    if channel is None:
        return Receipt(outcome="not_configured", detail=f"there is no channel {message.channel} here")
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
