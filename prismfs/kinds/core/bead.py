"""A bead: one unit of attention, either an escalation or a work item, as the public beads program calls it.

What both share is defined here: comments, dependencies on other beads, and that none is ever deleted (R-004-10).
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from prismfs.kinds.core.values import Note
from prismfs.records.api import Id, Identity, Instant, JsonObject, Line, Pid, Record, Text, Value

BeadType = Literal["escalation", "task", "bug", "feature", "epic", "chore", "decision", "gate"]
LinkType = Literal["blocks", "parent-child", "related", "discovered-from", "duplicates", "supersedes"]

PeerId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$")]
"""An id of ours, or one of another program, such as `bd-a1b2` or `proj-1.2`."""


class Dependency(Value):
    """A link to another bead that this one depends on or belongs to: its type, the other bead, who added it.

    `on` is the other bead's id; of an imported link it is the peer's id, which may not be here (yet).
    """

    type: LinkType
    on: PeerId
    by: Identity
    at: Instant


class Peer(Value):
    """What another program said of a bead and no field holds: members by name, and members that it left out."""

    said: JsonObject = Field(default_factory=dict)
    left_out: tuple[str, ...] = ()


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
