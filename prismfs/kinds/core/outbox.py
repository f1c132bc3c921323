"""An outbox record: one message that is to leave, kept until a channel has carried it (R-004-28).

It is in the same commit as the change that it reports; delivery comes after, at least once.
"""

from typing import Literal

from pydantic import Field

from prismfs.records.api import Id, Instant, JsonObject, Kind, Lifecycle, Line, Record, Text, Word

ROUTED, JOBS = "bridge", "job"
"""The channels of what goes into another project, and of attempts at a job, each delivered once however it ends."""


class Outbox(Record):
    """A message, where it goes, and how far it came. Its id is the idempotency key of the delivery.

    States: `held` by the silence, inhibition or group in `held_by`; `pending`, to be sent at `due_at`; `sending`,
    handed to its channel and, if nothing was heard by `due_at`, `unknown`: it may have arrived and is sent again
    with the same key; `sent`; `failed`, the place refused it for good; `dead`, tried as often as the policy says;
    `not_configured`; `grouped`, said by the message `sent_with`; `withdrawn`, not needed any more.
    `thread` is the first message by the same action about the same record.
    `expected` is what must hold of the target, as it was approved: a channel that sees otherwise does not send.
    `attempts` only ever grows; `attempts_before` of them were made before another round was asked for.
    """

    kind: Literal["outbox"] = "outbox"
    id: Id
    about: Id
    action: str
    level: int = Field(ge=0)
    route: Word | None = None
    channel: Word
    target: str
    subject: Line
    body: Text
    thread: Id | None = None
    expected: JsonObject = Field(default_factory=dict)
    priority: Literal["low", "normal", "high", "urgent"]
    created_at: Instant
    status: Literal[
        "held", "pending", "sending", "unknown", "sent", "failed", "dead", "not_configured", "grouped", "withdrawn"
    ]
    held_by: Id | None = None
    sent_with: Id | None = None
    planned_at: Instant | None = None
    attempts: int = Field(default=0, ge=0)
    attempts_before: int = Field(default=0, ge=0)
    detail: str | None = None
    sent_at: Instant | None = None
    due_at: Instant | None = None


_ENDS = ("sent", "failed", "dead", "not_configured")

KIND = Kind(
    name="outbox", model=Outbox, folder="outbox", format="json", layout="dated", prefix="out",
    writers=frozenset({"engine"}),
    lifecycle=Lifecycle(
        edges={
            "held": ("pending", "not_configured", "grouped", "withdrawn"),
            "pending": ("held", "sending", "withdrawn", "unknown", *_ENDS),
            "sending": ("pending", "unknown", "withdrawn", *_ENDS),
            "unknown": ("sending", "pending", "withdrawn", *_ENDS),
            "failed": ("pending", "sent", "withdrawn"),
            "dead": ("pending", "sent", "withdrawn"),
            "not_configured": ("pending", "withdrawn"),
            "sent": (),
            "grouped": (),
            "withdrawn": (),
        },
        open=frozenset({"held", "pending", "sending", "unknown", "failed", "dead", "not_configured"}),
    ),
    facets={
        "title": "subject", "status": "status", "key": "held_by", "due_at": "due_at", "owner": "action",
        "ref": "about",
    },
    listing=("status", "level", "action", "detail", "due_at", "held_by"),
)  # fmt: skip
