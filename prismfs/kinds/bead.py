"""A bead: one unit of attention that somebody must take. Here its type is escalation (R-004-07 to R-004-10).

An open escalation is raised when nobody acknowledges it in time; none is ever deleted.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from prismfs.kinds.signal import DedupKey, Redaction
from prismfs.records.base import Identity, Instant, Line, Pid, Record, Text, Value, Word
from prismfs.records.ids import Id
from prismfs.records.kind import Kind, Lifecycle
from prismfs.records.severity import Severity

Source = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*(:[A-Za-z0-9._/-]+){1,2}$", max_length=200)]
"""`type:name` or `type:name:detail`, as in `plugin:rebuild` or `patrol:deacon:health-scan`."""


class EscalationDrop(Value):
    """What an agent drops, or gives `prismfs escalate`, to ask for attention."""

    kind: Literal["escalation"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    severity: str = "MEDIUM"
    title: Line
    body: Text = ""
    source: Source | None = None
    category: Word | None = None
    to: Word | None = None
    related: Id | None = None
    signature: DedupKey | None = None


class Note(Value):
    """A comment on a record, with who and when."""

    by: Identity
    at: Instant
    text: Text


class Bead(Record):
    """An escalation: what happened, how urgent, who has it now, and how often it was raised."""

    kind: Literal["bead"] = "bead"
    id: Id
    pid: Pid
    type: Literal["escalation"]
    title: Line
    body: Text = ""
    severity: Severity
    category: Word | None = None
    source: Source
    reporter: Identity
    tier: Word
    related: Id | None = None
    signature: str | None = None
    recurrence_of: Id | None = None
    occurrence_count: int = Field(default=1, ge=1)
    created_at: Instant
    last_seen_at: Instant
    status: Literal["open", "acknowledged", "closed"]
    acknowledged_by: Identity | None = None
    acknowledged_at: Instant | None = None
    acknowledged_note: Text | None = None
    closed_by: Identity | None = None
    closed_at: Instant | None = None
    closed_reason: Text | None = None
    original_severity: Severity | None = None
    reescalation_count: int = Field(default=0, ge=0)
    last_reescalated_at: Instant | None = None
    comments: tuple[Note, ...] = ()
    redactions: tuple[Redaction, ...] = ()
    due_at: Instant | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The escalation's labels as `name:value`, derived for listing and export (R-004-07)."""
        original = (self.original_severity or self.severity).label
        return (
            f"severity:{self.severity.label}",
            f"source:{self.source}",
            f"acknowledged:{str(self.status == 'acknowledged').lower()}",
            f"reescalated:{str(self.reescalation_count > 0).lower()}",
            f"reescalation_count:{self.reescalation_count}",
            f"original_severity:{original}",
        )


KIND = Kind(
    name="bead",
    model=Bead,
    folder="beads",
    format="yaml",
    layout="dated",
    prefix="bea",
    writers=frozenset({"agent", "engine"}),
    lifecycle=Lifecycle(
        edges={"open": ("acknowledged", "closed"), "acknowledged": ("open", "closed"), "closed": ()},
        open=frozenset({"open", "acknowledged"}),
    ),
    facets={
        "title": "title",
        "status": "status",
        "key": "signature",
        "due_at": "due_at",
        "rank": "severity.rank",
        "owner": "tier",
        "ref": "related",
    },
    drop=EscalationDrop,
)
