"""An outbox record: one message that is to leave, kept until a channel has carried it (R-004-28).

It stands in the same commit as the change that it tells of; delivering comes after, at least once.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prismfs.records.base import Instant, Line, Record, Text, Word
from prismfs.records.ids import Id
from prismfs.records.kind import Kind, Lifecycle


class Outbox(Record):
    """A message, where it goes, and how far it came. Its id is the idempotency key of the delivery."""

    kind: Literal["outbox"] = "outbox"
    id: Id
    about: Id
    action: str
    level: int = Field(ge=0)
    channel: Word
    target: str
    subject: Line
    body: Text
    priority: Literal["low", "normal", "high", "urgent"]
    created_at: Instant
    status: Literal["pending", "sent", "failed", "not_configured"]
    attempts: int = Field(default=0, ge=0)
    detail: str | None = None
    sent_at: Instant | None = None
    due_at: Instant | None = None


KIND = Kind(
    name="outbox",
    model=Outbox,
    folder="outbox",
    format="json",
    layout="dated",
    prefix="out",
    writers=frozenset({"engine"}),
    lifecycle=Lifecycle(
        edges={
            "pending": ("sent", "failed", "not_configured"),
            "failed": ("pending",),
            "not_configured": ("pending",),
            "sent": (),
        },
        open=frozenset({"pending", "failed", "not_configured"}),
    ),
    facets={
        "title": "subject",
        "status": "status",
        "due_at": "due_at",
        "owner": "action",
        "ref": "about",
    },
)
