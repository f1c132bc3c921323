"""A journal entry: what an agent noted of its own work. It is never changed."""

from typing import Literal

from pydantic import Field

from prismfs.records.api import Id, Identity, Instant, Kind, Line, Record, Text, Value


class JournalDrop(Value):
    """What an agent drops to note something."""

    kind: Literal["journal"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    subject: Line
    body: Text = ""
    about: Id | None = None


class Journal(Record):
    """One entry of a journal."""

    kind: Literal["journal"] = "journal"
    id: Id
    sender: Identity = Field(alias="from")
    subject: Line
    body: Text = ""
    about: Id | None = None
    created_at: Instant


KIND = Kind(
    name="journal",
    model=Journal,
    folder="journal",
    format="yaml",
    layout="dated",
    prefix="jou",
    writers=frozenset({"agent", "engine"}),
    facets={"title": "subject", "owner": "from", "ref": "about"},
    drop=JournalDrop,
    listing=("from",),
)
