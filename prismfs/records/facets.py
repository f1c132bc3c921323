"""The facets of a record: what can be asked of any, whatever its kind."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Facets:
    """What a listing or a rule may ask of any record without knowing its kind."""

    id: str
    kind: str
    title: str
    type: str | None
    status: str
    open: bool
    key: str | None
    due_at: str | None
    rank: int | None
    owner: str | None
    ref: str | None
    cause: str | None
    number: int | None
