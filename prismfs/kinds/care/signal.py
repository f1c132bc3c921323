"""A signal: one message from an agent or person to a persona, and what became of it.

What the sender wrote never changes. What the desk made of it (lane, status, incident) is filled in by the
engine and may be overruled by an audited `classify`.
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from prismfs.kinds.core.values import DedupKey, Labels, Redaction
from prismfs.records import api
from prismfs.records.api import Act, Duration, Id, Identity, Instant, Kind, Known, Lifecycle, Line, Pid, Record, Text

SignalType = Literal[
    "Question", "TaskAssigned", "Acknowledgment", "StatusUpdate", "ReviewRequested", "ReviewCompleted",
    "IncidentUpdate",
]  # fmt: skip
Category = Literal["INFO", "TASK", "ASK", "BLOCKER"]
Lane = Literal["info", "incident", "enhancement", "recommendation", "unclassified"]
LANES: tuple[Lane, ...] = ("info", "incident", "enhancement", "recommendation", "unclassified")

AttachmentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]{0,99}$")]


def _to_one(value: object) -> object:
    name = value.strip().casefold() if isinstance(value, str) else ""
    if isinstance(value, list | tuple) or name in _EVERYBODY or "*" in name or "," in name:
        raise PydanticCustomError("code:broadcast_refused", "a signal goes to one identity, never to several")
    return value


def _named_pid(value: object) -> object:
    if value == "":
        raise PydanticCustomError("code:empty_pid", "an empty project id names no project")
    return value


_EVERYBODY = frozenset({"all", "everybody", "everyone", "@all", "@here", "@everyone", "@channel"})

Address = Annotated[
    str, BeforeValidator(_to_one), StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(@PID-[A-Z0-9]{3,32})?$")
]
"""An identity, or one of another project: `Sage`, `Sage@PID-HOME01` (R-000-64)."""


class SignalDrop(api.Value):
    """What an agent drops: who, to whom, what. The sender does not classify (R-000-01)."""

    kind: Literal["signal"]
    version: Literal[1] = 1
    id: Id | None = None
    sender: Identity = Field(alias="from")
    to: Address | None = None
    to_pid: Annotated[Pid | None, BeforeValidator(_named_pid)] = None
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

    @model_validator(mode="after")
    def _recipient_is_named(self) -> Self:
        if self.to is None and self.in_reply_to is None:
            raise PydanticCustomError("code:missing_field", "what answers no signal says whom it is for, in `to`")
        return self


class Context(api.Value):
    """What the sender's project says about itself with a signal to a bridge (R-000-19)."""

    tenant: api.Word
    phone_home: Literal["ask", "never"] = "ask"
    roster: tuple[Identity, ...] = ()
    environment: dict[str, str] = Field(default_factory=dict)


class Progress(api.Value):
    """How far the desk has come with a signal; the reporter's own project keeps the latest (R-000-81).

    `stage` is one of received, asked, answered, handed_off, classified, triaged, pending_review, rejected, expired,
    shipped, duplicate, updated, overdue, resolved, closed.
    """

    stage: api.Word
    at: Instant
    lane: str | None = None
    owner: Identity | None = None
    incident: Id | None = None
    severity: str | None = None
    due_at: Instant | None = None
    issue_url: str | None = None


class Signal(Record):
    """A signal as kept (R-000-08 to R-000-13).

    `sender_known` says how its sender is known; `from_pid` is the project that it came from and `to_pid` the one that
    it goes to, where that is another.
    `progress` is, of a reply, what it tells; of a signal that went to another project, the last that was told.
    """

    kind: Literal["signal"] = "signal"
    id: Id
    pid: Pid
    sender: Identity = Field(alias="from")
    from_pid: Pid | None = None
    sender_known: Known = "unknown"
    to: Identity
    to_pid: Pid | None = None
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
    context: Context | None = None
    progress: Progress | None = None
    status: Literal[
        "received", "delivered", "answered", "asked", "handed_off", "unclassified", "expired", "routing", "routed",
        "returned",
    ]  # fmt: skip
    acknowledged_at: Instant | None = None
    lane: Lane | None = None
    lane_reason: str | None = None
    lane_by: Identity | api.Word | None = None
    incident: Id | None = None
    disposition: Literal["opened", "duplicate_suppressed", "recurrence"] | None = None
    due_at: Instant | None = None

    @property
    def thread(self) -> Id:
        """The first signal of the conversation that it belongs to."""
        return self.thread_id or self.id


_SORTED: tuple[str, ...] = ("answered", "asked", "handed_off", "unclassified")

KIND = Kind(
    name="signal",
    awaited=True,
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
            "routing": ("routed", "returned"),
            "routed": (),
            "returned": ("routed",),
        },
        open=frozenset({"received", "asked", "unclassified", "routing"}),
    ),
    facets={"title": "subject", "status": "status", "due_at": "due_at", "owner": "from", "ref": "incident"},
    drop=SignalDrop,
    listing=("status", "lane", "to"),
    acts=(Act("classify", {"lane": LANES}, note="reason", gives={"lane": "lane", "reason": "lane_reason"}),),
)
