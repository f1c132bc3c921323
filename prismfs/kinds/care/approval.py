"""A review: an operator's decision on something that is to leave, as a file of its own (R-000-32, R-000-82).

It is written by a command, or added by a pull request that an operator merges. A review is never changed: another
decision is another file.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from prismfs.kinds.care.phone_home import Digest, Surface
from prismfs.records.base import Identity, Instant, Record
from prismfs.records.ids import Id
from prismfs.records.kind import Kind


class Review(Record):
    """One decision on what `content_hash` says; a no has its reason in `notes`."""

    kind: Literal["review"] = "review"
    id: Id
    about: Id
    decision: Literal["approve", "reject", "request_changes"]
    content_hash: Digest
    by: Identity
    at: Instant
    surface: Surface
    notes: str = ""

    @model_validator(mode="after")
    def _a_no_has_its_reason(self) -> Self:
        if self.decision != "approve" and not self.notes.strip():
            raise ValueError("what is not approved needs its reason in notes")
        return self


KIND = Kind(
    name="review",
    model=Review,
    folder="reviews",
    format="yaml",
    layout="dated",
    prefix="rev",
    writers=frozenset({"engine", "person"}),
    facets={"title": "decision", "status": "decision", "owner": "by", "ref": "about"},
)
