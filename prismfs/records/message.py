"""A message to the outside, and the receipt of the channel that carried it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from prismfs.records.document import Document

Outcome = Literal["sent", "temporary", "permanent", "not_configured"]


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


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a delivery ended.

    `temporary` is tried again later, `permanent` is not; `detail` says why in one line. A channel whose
    mailbox is the project itself hands the record over in `document`, and it is written with the receipt.
    """

    outcome: Outcome
    detail: str = ""
    document: Document | None = field(default=None)
