"""A todo: something to do that is not an incident, with an owner. Enhancements become one (R-000-16)."""

from typing import Literal

from pydantic import Field

from prismfs.records.api import Act, Id, Identity, Instant, Kind, Lifecycle, Line, Record, Text, Value


class TodoDrop(Value):
    """What an agent drops to put something on a list; without `owner` it is the sender's own."""

    kind: Literal["todo"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    owner: Identity | None = None
    title: Line
    body: Text = ""


class Todo(Record):
    """One thing to do."""

    kind: Literal["todo"] = "todo"
    id: Id
    title: Line
    body: Text = ""
    owner: Identity
    lane: str | None = None
    about: Id | None = None
    created_at: Instant
    status: Literal["open", "done"]


KIND = Kind(
    name="todo",
    model=Todo,
    folder="todos",
    format="yaml",
    layout="dated",
    prefix="tod",
    writers=frozenset({"agent", "engine"}),
    lifecycle=Lifecycle(edges={"open": ("done",), "done": ()}, open=frozenset({"open"})),
    facets={"title": "title", "status": "status", "owner": "owner", "ref": "about"},
    drop=TodoDrop,
    listing=("status", "lane", "owner"),
    acts=(Act("todo.done", {"status": ("done",)}),),
)
