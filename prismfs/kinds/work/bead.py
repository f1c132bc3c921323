"""The kind `bead`: escalations and work items, in one folder with one kind of id (R-004-35).

A work item is something to be done; the forms make and change one.
Its words are those of the public beads program, so that its `issues.jsonl` can be imported and exported.
"""

from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

from prismfs.kinds.core.bead import Bead, LinkType, PeerId
from prismfs.kinds.core.values import Redaction
from prismfs.kinds.escalation.api import Escalation
from prismfs.records.api import Act, Id, Identity, Instant, Kind, Lifecycle, Line, Text, Value

WorkType = Literal["task", "bug", "feature", "epic", "chore", "decision", "gate"]
WorkStatus = Literal["open", "in_progress", "blocked", "deferred", "closed"]

Priority = Annotated[int, Field(ge=0, le=4)]
"""0 is the most urgent, 4 the least; 2 by default."""

Minutes = Annotated[int, Field(ge=0)]

Label = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


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


class NewLink(Value):
    """A link as it is asked for; who and when follow from the event."""

    type: LinkType = "blocks"
    on: PeerId


class WorkDrop(Value):
    """What an agent drops, or gives `prismfs bead create`, to note something that has to be done."""

    kind: Literal["task"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    type: WorkType = "task"
    title: Line
    body: Text = ""
    priority: Priority = 2
    labels: Annotated[tuple[Label, ...], Field(max_length=64)] = ()
    assignee: Identity | None = None
    design: Text = ""
    acceptance_criteria: Text = ""
    notes: Text = ""
    external_ref: Line | None = None
    estimated_minutes: Minutes | None = None
    dependencies: Annotated[tuple[NewLink, ...], Field(max_length=64)] = ()


class WorkChange(Value):
    """What `bead update` may say: only the members that are named change.

    `labels` replaces all labels; `add_labels` and `remove_labels` change some. Null takes a value away where one
    may be missing.
    """

    type: WorkType = "task"
    status: WorkStatus = "open"
    priority: Priority = 2
    title: Line = "untitled"
    body: Text = ""
    assignee: Identity | None = None
    design: Text = ""
    acceptance_criteria: Text = ""
    notes: Text = ""
    external_ref: Line | None = None
    estimated_minutes: Minutes | None = None
    labels: tuple[Label, ...] = ()
    add_labels: tuple[Label, ...] = ()
    remove_labels: tuple[Label, ...] = ()


FORMS = (WorkDrop,)

_WORK = ("in_progress", "blocked", "deferred")

_ESCALATION, _ITEM = ("escalation",), get_args(WorkType)

_ACTS = (
    Act("escalate.ack", {"status": ("acknowledged",)}, types=_ESCALATION, note="note",
        gives={"note": "acknowledged_note"}),
    Act("escalate.unack", {"status": ("open",)}, when={"status": ("acknowledged",)}, types=_ESCALATION),
    Act("escalate.close", {"status": ("closed",)}, types=_ESCALATION, note="reason", gives={"reason": "closed_reason"}),
    Act("escalate.forward", {"tier": ()}, types=_ESCALATION, note="reason", gives={"to": "tier"}),
    Act("bead.claim", {"status": ("in_progress",), "assignee": (Act.AUTHOR,)}, types=_ITEM),
    Act("bead.release", {"assignee": (None,)}, types=_ITEM),
    Act("bead.close", {"status": ("closed",)}, types=_ITEM, note="reason", gives={"reason": "close_reason"}),
    Act("bead.reopen", {"status": ("open",)}, when={"status": ("closed",)}, types=_ITEM),
    Act("bead.update", types=_ITEM, any_of=("type", "status", "priority", "title", "body", "assignee", "design",
        "acceptance_criteria", "notes", "external_ref", "estimated_minutes", "labels")),
)  # fmt: skip
"""Of two that an edit may be the first: to claim an item is more than to change its status."""

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
    listing=("severity", "type", "status", "tier"),
    acts=_ACTS,
)
