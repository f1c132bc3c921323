"""A message to the outside, and the receipt of the channel that carried it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from prismfs.records.base import format_instant
from prismfs.records.document import Document

Outcome = Literal["sent", "temporary", "permanent", "unknown", "not_configured"]

LONGEST_RETRY_AFTER = timedelta(hours=24)
"""A server that asks for a longer wait is asked again after this one."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel is to deliver: `id` is the delivery's id and its idempotency key."""

    id: str
    channel: str
    target: str
    subject: str
    body: str
    about: str
    priority: str
    created_at: datetime

    def payload(self) -> Document:
        """Return the message as the JSON object that files, webhooks and commands are given."""
        return {
            "id": self.id,
            "about": self.about,
            "subject": self.subject,
            "body": self.body,
            "priority": self.priority,
            "created_at": format_instant(self.created_at),
        }


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a delivery ended.

    `temporary` is tried again later, `permanent` is not. `unknown` may or may not have arrived: the
    connection was lost, or time ran out, after the message was handed over. `not_configured` lacks a
    setting. `detail` says why in one line and holds no secret; `retry_after` is the wait that a server
    asked for (from now, at most `LONGEST_RETRY_AFTER`). A channel whose mailbox is the project itself
    hands the record over in `document`, and it is written with the receipt.
    """

    outcome: Outcome
    detail: str = ""
    document: Document | None = field(default=None)
    retry_after: timedelta | None = None
