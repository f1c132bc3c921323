"""A bead: one unit of attention that somebody must take. An escalation is one, a work item is another.

What they share stands here: comments, dependencies on other beads, and that none is ever deleted (R-004-10).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prismfs.kinds.care.signal import DedupKey, Labels, Redaction, Source
from prismfs.kinds.work.work_item import Dependency, Label, Minutes, Peer, PeerId, Priority, WorkStatus, WorkType
from prismfs.records.base import Duration, Identity, Instant, Line, Pid, Record, Text, Value, Word
from prismfs.records.ids import Id
from prismfs.records.kind import Kind, Lifecycle
from prismfs.records.severity import Severity

BeadType = Literal["escalation", "task", "bug", "feature", "epic", "chore", "decision", "gate"]


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
    dedup_window: Duration | None = None
    labels: Labels


class Note(Value):
    """A comment on a record, with who and when."""

    by: Identity
    at: Instant
    text: Text


class Bead(Record):
    """What every bead has.

    `external_id` is the id that an imported one has in the program it came from; `peer` holds what that program
    said of it and no other field does: members unknown here, and values in another writing (R-004-36).
    """

    kind: Literal["bead"] = "bead"
    id: Id
    pid: Pid
    type: BeadType
    title: Line
    body: Text = ""
    created_at: Instant
    status: str
    comments: tuple[Note, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    external_id: PeerId | None = None
    peer: Peer = Peer()
    due_at: Instant | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        """What `bead list --tag` finds it by."""
        return (self.type,)


class Escalation(Bead):
    """An escalation: what happened, how urgent, who has it now, how often it was raised (R-004-07 to R-004-09).

    An open one is raised at `raise_at` when nobody has acknowledged it and goes to another tier at `hop_at`;
    `due_at` is the earlier of the two. `groups` are the groups of notices that it belongs to.
    """

    type: Literal["escalation"]
    severity: Severity
    category: Word | None = None
    source: Source
    reporter: Identity
    tier: Word
    labels: Labels
    related: Id | None = None
    signature: str
    recurrence_of: Id | None = None
    occurrence_count: int = Field(default=1, ge=1)
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
    raise_at: Instant | None = None
    hop_at: Instant | None = None
    groups: tuple[Id, ...] = ()
    redactions: tuple[Redaction, ...] = ()

    @property
    def tags(self) -> tuple[str, ...]:
        """The escalation's labels as `name:value`, derived for listing and export (R-004-07)."""
        original = (self.original_severity or self.severity).label
        return (
            self.type,
            *(() if self.category is None else (self.category,)),
            f"severity:{self.severity.label}",
            f"source:{self.source}",
            f"acknowledged:{str(self.status == 'acknowledged').lower()}",
            f"reescalated:{str(self.reescalation_count > 0).lower()}",
            f"reescalation_count:{self.reescalation_count}",
            f"original_severity:{original}",
            *(f"{name}:{value}" for name, value in self.labels.items()),
        )

    @property
    def match_labels(self) -> dict[str, str]:
        """What matchers are held against: the reporter's labels, and the escalation's own fields before them."""
        own = {
            "severity": self.severity.label,
            "source": self.source,
            "category": self.category,
            "tier": self.tier,
            "reporter": self.reporter,
            "title": self.title,
        }
        return dict(self.labels) | {name: value for name, value in own.items() if value is not None}


class WorkItem(Bead):
    """A work item: something to be done, which one identity at a time has claimed (R-004-35).

    An action item of an incident names that in `related`, and is to be done by `deadline`; `due_at` is when its owner
    is reminded next (R-003-29).
    """

    type: WorkType
    status: WorkStatus
    priority: Priority = 2
    labels: tuple[Label, ...] = ()
    assignee: Identity | None = None
    design: Text = ""
    acceptance_criteria: Text = ""
    notes: Text = ""
    external_ref: Line | None = None
    estimated_minutes: Minutes | None = None
    related: Id | None = None
    deadline: Instant | None = None
    created_by: Identity
    updated_at: Instant
    closed_at: Instant | None = None
    closed_by: Identity | None = None
    close_reason: Text = ""
    redactions: tuple[Redaction, ...] = ()

    @property
    def tags(self) -> tuple[str, ...]:
        """The type and the labels."""
        return (self.type, *self.labels)


_WORK = ("in_progress", "blocked", "deferred")

# One lifecycle for both: each model allows its own statuses only, and its rules say which of the steps they take.
KIND = Kind(
    name="bead",
    model=Bead,
    variants=(Escalation, WorkItem),
    folder="beads",
    format="yaml",
    layout="dated",
    prefix="bea",
    writers=frozenset({"agent", "engine"}),
    lifecycle=Lifecycle(
        edges={
            "open": ("acknowledged", "closed", *_WORK),
            "acknowledged": ("open", "closed"),
            "in_progress": ("open", "closed", *_WORK),
            "blocked": ("open", "closed", *_WORK),
            "deferred": ("open", "closed", *_WORK),
            "closed": ("open", *_WORK),
        },
        open=frozenset({"open", "acknowledged", *_WORK}),
    ),
    facets={
        "title": "title",
        "type": "type",
        "status": "status",
        "key": "signature",
        "due_at": "due_at",
        "rank": "severity.rank",
        "owner": "tier",
        "ref": "related|external_id",
    },
    drop=EscalationDrop,
)
