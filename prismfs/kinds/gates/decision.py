"""A decision at a gate, as a file of its own: who decided what on which bytes, and why (R-003-04, R-003-28).

It is written by a command, or added by a pull request that somebody merges. It is never changed: another decision is
another file.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from prismfs.kinds.care.phone_home import Digest, Surface
from prismfs.records.base import Identity, Instant, Line, Record, Text
from prismfs.records.ids import Id
from prismfs.records.kind import Kind


class GateDecision(Record):
    """One decision on the artifact `about`, as it says what `content_hash` is of.

    `answer` is the workflow's word for it; `criteria` says of each criterion of the gate how it is met; sending an
    artifact back has its reason.
    """

    kind: Literal["decision"] = "decision"
    id: Id
    about: Id
    content_hash: Digest
    decision: Literal["approve", "revise"]
    answer: Line
    by: Identity
    at: Instant
    surface: Surface
    criteria: dict[Line, Text] = Field(default_factory=dict)
    reason: Text = ""

    @model_validator(mode="after")
    def _a_no_has_its_reason(self) -> Self:
        if self.decision == "revise" and not self.reason.strip():
            raise ValueError("an artifact is sent back with its reason")
        return self


KIND = Kind(
    name="decision",
    model=GateDecision,
    folder="decisions",
    format="yaml",
    layout="dated",
    prefix="dec",
    writers=frozenset({"engine", "person"}),
    facets={"title": "answer", "status": "decision", "owner": "by", "ref": "about"},
)
