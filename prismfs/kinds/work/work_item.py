"""What work items are made of: types, links to other beads, and the forms that make and change one (R-004-35).

The words are those of the public beads program, so that its `issues.jsonl` can be taken in and given back.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from prismfs.records.base import Identity, Instant, Line, Text, Value

WorkType = Literal["task", "bug", "feature", "epic", "chore", "decision", "gate"]
WorkStatus = Literal["open", "in_progress", "blocked", "deferred", "closed"]
LinkType = Literal["blocks", "parent-child", "related", "discovered-from", "duplicates", "supersedes"]

Priority = Annotated[int, Field(ge=0, le=4)]
"""0 is the most urgent, 4 the least; 2 where nobody says."""

Minutes = Annotated[int, Field(ge=0)]

Label = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]

PeerId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$")]
"""An id of ours, or one of another program, such as `bd-a1b2` or `proj-1.2`."""


class Dependency(Value):
    """What a bead depends on, or is a child of, or stands near: the link's type, the other bead, who said so.

    `on` is the other bead's id; of an imported link it is the peer's id, which may not be here (yet).
    """

    type: LinkType
    on: PeerId
    by: Identity
    at: Instant


class NewLink(Value):
    """A link as it is asked for; who and when follow from the event."""

    type: LinkType = "blocks"
    on: PeerId


class Peer(Value):
    """What another program said of a bead and no field says: members by name, and members that it left out."""

    said: dict[str, JsonValue] = Field(default_factory=dict)
    left_out: tuple[str, ...] = ()


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
