"""A message to the outside, what a channel declares of itself, and the receipt of the one that carried it."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from prismfs.records.document import Document
from prismfs.records.instants import format_instant

Outcome = Literal["sent", "temporary", "permanent", "unknown", "not_configured"]

LONGEST_RETRY_AFTER = timedelta(hours=24)
"""A server that asks for a longer wait is asked again after this one."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel is to deliver: `id` is the delivery's id and its idempotency key.

    `expected` is what must hold of the target, where the channel can see that.
    """

    id: str
    channel: str
    target: str
    subject: str
    body: str
    about: str
    priority: str
    created_at: datetime
    expected: Document = field(default_factory=dict)
    thread: str | None = None

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


NAME_TARGET = r"[a-z][a-z0-9_-]{0,63}"
"""The pattern of a target's name in `settings/routing.yaml`, and of a channel's word."""


@dataclass(frozen=True, slots=True)
class ChannelForm:
    """The form of a channel's actions, `word` or `word:target`, and the settings without which none is delivered.

    `reaches` says what the target is: a `persona` of the roster, a person by a `contact`, a `target` that
    `settings/routing.yaml` describes, a `place` on this machine; no route names what only the `engine` uses.
    `target` is the pattern of the part after the colon, None where there is none, and `shown` how people write it.
    `contacts` of `settings/escalation.json` must be filled in; `address` is the one that a message goes to. Without an
    address and a target it goes to `place`.
    """

    word: str
    reaches: Literal["persona", "contact", "target", "place", "engine"]
    target: str | None = None
    shown: str = ""
    contacts: tuple[str, ...] = ()
    address: str | None = None
    place: str = "escalation"

    @property
    def action(self) -> str:
        """The channel's action as people write it, such as `mail:<identity>`."""
        return self.word if self.target is None else f"{self.word}:{self.shown}"

    def takes(self, action: str) -> bool:
        """Tell whether `action` is one of this channel, as it may stand in a route."""
        pattern = self.word if self.target is None else f"{self.word}:(?:{self.target})"
        return re.fullmatch(pattern, action) is not None
