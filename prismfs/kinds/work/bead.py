"""The kind `bead`: escalations and work items, in one folder with one kind of id."""

from prismfs.kinds.core.bead import Bead
from prismfs.kinds.escalation.api import Escalation
from prismfs.kinds.work.work_item import WorkItem
from prismfs.records.api import Kind, Lifecycle

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
    listing=("severity", "type", "status", "tier"),
)
