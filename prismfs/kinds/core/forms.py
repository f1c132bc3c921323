"""Short forms that act on a record of any family: an acknowledgement, a comment."""

from typing import Literal

from pydantic import Field

from prismfs.records.api import Id, Identity, Text, Value


class AckDrop(Value):
    """Acknowledges an incident, an escalation or a mail."""

    kind: Literal["ack"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    id: Id
    note: Text = ""


class CommentDrop(Value):
    """A remark on an escalation, a work item or an incident."""

    kind: Literal["comment"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    id: Id
    text: Text


FORMS = (AckDrop, CommentDrop)
