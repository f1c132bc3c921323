"""A postcard: a line from somebody who is away. A toy kind: what one file declares is all that prismfs needs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prismfs.records.api import Id, Identity, Instant, Kind, Lifecycle, Line, Record, Value


class PostcardDrop(Value):
    """What an agent drops to send one."""

    kind: Literal["postcard"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    greeting: Line


class Postcard(Record):
    """One postcard."""

    kind: Literal["postcard"] = "postcard"
    id: Id
    sender: Identity = Field(alias="from")
    greeting: Line
    sent_at: Instant
    status: Literal["open", "pinned"]


KIND = Kind(
    name="postcard",
    model=Postcard,
    folder="postcards",
    format="yaml",
    layout="dated",
    prefix="pos",
    writers=frozenset({"agent", "person", "engine"}),
    lifecycle=Lifecycle(edges={"open": ("pinned",), "pinned": ()}, open=frozenset({"open"})),
    facets={"title": "greeting", "status": "status", "owner": "from"},
    drop=PostcardDrop,
    listing=("status", "from"),
)
