"""A mail: a message in the mailbox of a persona of this project. Reading marks it and never removes it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prismfs.records.base import Identity, Instant, Line, Record, Text
from prismfs.records.ids import Id
from prismfs.records.kind import Kind, Lifecycle


class Mail(Record):
    """One message in a mailbox; `about` is the record that it tells of."""

    kind: Literal["mail"] = "mail"
    id: Id
    sender: Identity = Field(alias="from")
    to: Identity
    type: Literal["task", "escalation", "notification", "reply"]
    priority: Literal["low", "normal", "high", "urgent"]
    subject: Line
    body: Text
    about: Id | None = None
    created_at: Instant
    status: Literal["unread", "read", "archived"]


KIND = Kind(
    name="mail",
    model=Mail,
    folder="mail",
    format="yaml",
    layout="dated",
    prefix="mai",
    writers=frozenset({"engine"}),
    lifecycle=Lifecycle(
        edges={"unread": ("read", "archived"), "read": ("archived",), "archived": ()},
        open=frozenset({"unread"}),
    ),
    facets={"title": "subject", "status": "status", "owner": "to", "ref": "about"},
)
