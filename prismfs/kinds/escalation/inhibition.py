"""An inhibition: while one escalation is open, no notices of others that a rule names are sent (C-40, C-43)."""

from typing import Literal

from prismfs.records.api import Id, Instant, Kind, Lifecycle, Record, Word


class Inhibition(Record):
    """One inhibition: `source` mutes the targets of `rule` that have the label values in `key`."""

    kind: Literal["inhibition"] = "inhibition"
    id: Id
    rule: Word
    source: Id
    key: str
    created_at: Instant
    status: Literal["active", "ended"]


KIND = Kind(
    name="inhibition", model=Inhibition, folder="inhibitions", format="json", layout="dated", prefix="inh",
    writers=frozenset({"engine"}),
    lifecycle=Lifecycle(edges={"active": ("ended",), "ended": ()}, open=frozenset({"active"})),
    facets={"title": "rule", "status": "status", "key": "key", "ref": "source"},
    listing=("status", "source"),
)  # fmt: skip
