"""A signal: one message from an agent or person to a persona, and what became of it.

What the sender wrote never changes. What the desk made of it (lane, status, incident) is filled in by the
engine and may be overruled by an audited `classify`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from prismfs.records.base import Duration, Identity, Instant, Line, Pid, Record, Text, Value, Word
from prismfs.records.ids import Id
from prismfs.records.kind import Kind, Lifecycle

SignalType = Literal[
    "Question",
    "TaskAssigned",
    "Acknowledgment",
    "StatusUpdate",
    "ReviewRequested",
    "ReviewCompleted",
    "IncidentUpdate",
]
Category = Literal["INFO", "TASK", "ASK", "BLOCKER"]
Lane = Literal["info", "incident", "enhancement", "recommendation", "unclassified"]
LANES: tuple[Lane, ...] = ("info", "incident", "enhancement", "recommendation", "unclassified")

DedupKey = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Source = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*(:[A-Za-z0-9._/-]+){1,2}$", max_length=200)]
"""`type:name` or `type:name:detail`, as in `plugin:rebuild` or `patrol:deacon:health-scan`."""

LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
AttachmentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]{0,99}$")]
Labels = Annotated[
    dict[LabelName, Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]],
    Field(default_factory=dict, max_length=64),
]


class SignalDrop(Value):
    """What an agent drops: who, to whom, what. The sender does not classify (R-000-01)."""

    kind: Literal["signal"]
    version: Literal[1] = 1
    id: Id | None = None
    sender: Identity = Field(alias="from")
    to: Identity
    to_pid: Pid | None = None
    type: SignalType
    category: Category | None = None
    subject: Line
    body: Text = ""
    in_reply_to: Id | None = None
    dedup_key: DedupKey | None = None
    labels: Labels
    attachments: dict[AttachmentName, Text] = Field(default_factory=dict, max_length=16)
    created_at: Instant | None = None
    ttl: Duration | None = None


class Redaction(Value):
    """What was taken out before the signal was kept: where, of what kind, how often; never the value."""

    pointer: str
    kind: str
    count: int


class Signal(Record):
    """A signal as kept (R-000-08 to R-000-13)."""

    kind: Literal["signal"] = "signal"
    id: Id
    pid: Pid
    sender: Identity = Field(alias="from")
    to: Identity
    type: SignalType
    category: Category | None = None
    subject: Line
    body: Text = ""
    in_reply_to: Id | None = None
    thread_id: Id | None = None
    dedup_key: DedupKey | None = None
    labels: Labels
    attachments: dict[AttachmentName, Text] = Field(default_factory=dict)
    created_at: Instant
    received_at: Instant
    ttl: Duration | None = None
    payload_hash: str
    redactions: tuple[Redaction, ...] = ()
    status: Literal["received", "delivered", "answered", "asked", "handed_off", "unclassified", "expired"]
    lane: Lane | None = None
    lane_reason: str | None = None
    lane_by: Identity | Word | None = None
    incident: Id | None = None
    disposition: Literal["opened", "duplicate_suppressed", "recurrence"] | None = None
    due_at: Instant | None = None


_SORTED: tuple[str, ...] = ("answered", "asked", "handed_off", "unclassified")

KIND = Kind(
    name="signal",
    model=Signal,
    folder="signals",
    format="yaml",
    layout="dated",
    prefix="sig",
    writers=frozenset({"agent", "person", "engine"}),
    lifecycle=Lifecycle(
        edges={
            "received": ("delivered", "expired", *_SORTED),
            "delivered": (),
            "answered": ("asked", "handed_off", "unclassified"),
            "asked": ("answered", "handed_off", "unclassified"),
            "handed_off": ("answered", "asked", "unclassified"),
            "unclassified": ("answered", "asked", "handed_off"),
            "expired": (),
        },
        open=frozenset({"received", "asked", "unclassified"}),
    ),
    facets={"title": "subject", "status": "status", "due_at": "due_at", "owner": "from", "ref": "incident"},
    drop=SignalDrop,
)
