"""A mail: a message in the mailbox of an identity of this project. Reading marks it and never removes it (R-004-33)."""

from typing import Literal

from pydantic import Field

from prismfs.records.api import Act, Id, Identity, Instant, Kind, Known, Lifecycle, Line, Pid, Record, Text, Value

MailType = Literal["task", "escalation", "notification", "reply"]
Priority = Literal["low", "normal", "high", "urgent"]


class MailDrop(Value):
    """What an identity drops, or gives `prismfs mail send`, to write to another.

    With `in_reply_to` it is a reply in the thread of that mail, without it begins a thread of its own; a `type`
    that is not given follows from that.
    """

    kind: Literal["mail"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    to: Identity
    type: MailType | None = None
    priority: Priority = "normal"
    subject: Line
    body: Text = ""
    in_reply_to: Id | None = None
    about: Id | None = None


class Mail(Record):
    """One message in a mailbox; `about` is the record that it tells of.

    `in_reply_to` is the mail that it answers and `thread_id` the first mail of the conversation; that one
    has neither. `sender_known` says how the sender is known, `from_pid` of which other project it is.
    """

    kind: Literal["mail"] = "mail"
    id: Id
    sender: Identity = Field(alias="from")
    from_pid: Pid | None = None
    sender_known: Known = "unknown"
    to: Identity
    type: MailType
    priority: Priority
    subject: Line
    body: Text
    about: Id | None = None
    thread_id: Id | None = None
    in_reply_to: Id | None = None
    created_at: Instant
    status: Literal["unread", "read", "archived"]


KIND = Kind(
    name="mail", model=Mail, folder="mail", format="yaml", layout="dated", prefix="mai",
    writers=frozenset({"agent", "engine"}),
    lifecycle=Lifecycle(
        edges={"unread": ("read", "archived"), "read": ("archived",), "archived": ()},
        open=frozenset({"unread"}),
    ),
    facets={"title": "subject", "status": "status", "key": "thread_id", "owner": "to", "ref": "about"},
    drop=MailDrop,
    listing=("status", "to"),
    acts=(Act("mail.ack", {"status": ("read",)}), Act("mail.archive", {"status": ("archived",)})),
)  # fmt: skip
