"""Short forms that act on records: an acknowledgement, a comment, a silence."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from prismfs.records.base import Identity, Instant, Line, Text, Value
from prismfs.records.ids import Id
from prismfs.records.matcher import Matcher


class AckDrop(Value):
    """Somebody has seen it: an incident, an escalation or a mail."""

    kind: Literal["ack"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    id: Id
    note: Text = ""


class SilenceForm(Value):
    """What a silence is to be, or what of it is to change; a member that is left out stays as it is."""

    matchers: Annotated[tuple[Matcher, ...], Field(max_length=32)] | None = None
    reason: Line | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None


class CommentDrop(Value):
    """A remark on an escalation."""

    kind: Literal["comment"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    id: Id
    text: Text
