"""A group: escalations whose notices leave together, and what was last told of them (C-21 to C-31)."""

from typing import Literal

from prismfs.records.api import Duration, Id, Instant, Kind, Lifecycle, Record, Value, Word


class Member(Value):
    """One escalation at one level; a raise makes another member. `open` until it is acknowledged, closed or muted."""

    bead: Id
    level: int
    open: bool = True
    muted: bool = False
    resolved: bool = False

    @property
    def name(self) -> str:
        """What tells members apart."""
        return f"{self.bead}:{self.level}"


class Told(Value):
    """The last notice of a group: the open and the resolved members that it named, and when."""

    at: Instant
    open: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()


class Group(Record):
    """The escalations of one route with equal values of its `group_by` labels, while any is open.

    `actions` are those that the group's notices take, `flushed_at` is the group's last tick; `due_at` the next one
    at which something may have to be said.
    """

    kind: Literal["group"] = "group"
    id: Id
    route: Word
    key: str
    labels: dict[str, str]
    actions: tuple[str, ...]
    interval: Duration
    repeat: Duration
    send_resolved: bool
    created_at: Instant
    status: Literal["open", "closed"]
    members: tuple[Member, ...] = ()
    told: Told | None = None
    notices: int = 0
    flushed_at: Instant | None = None
    due_at: Instant | None = None


KIND = Kind(
    name="group", model=Group, folder="groups", format="json", layout="dated", prefix="grp",
    writers=frozenset({"engine"}),
    lifecycle=Lifecycle(edges={"open": ("closed",), "closed": ()}, open=frozenset({"open"})),
    facets={"title": "key", "status": "status", "key": "key", "due_at": "due_at", "owner": "route"},
    listing=("status", "route"),
)  # fmt: skip
