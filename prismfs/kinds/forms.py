"""Short forms that act on a record that is already there: an acknowledgement, a comment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prismfs.records.base import Identity, Text, Value
from prismfs.records.ids import Id


class AckDrop(Value):
    """Somebody has seen it: an incident, an escalation or a mail."""

    kind: Literal["ack"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    id: Id
    note: Text = ""


class CommentDrop(Value):
    """A remark on an escalation."""

    kind: Literal["comment"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    id: Id
    text: Text
