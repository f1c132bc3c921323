"""A gate decision: a verdict on the artifact of a phase (R-003-04, R-003-28)."""

from typing import Literal, Self

from pydantic import Field, model_validator

from prismfs.kinds.core.verdict import Verdict
from prismfs.records.api import Kind, Line, Text


class GateDecision(Verdict):
    """One verdict at a gate.

    `answer` is the workflow's word for it; `criteria` says of each criterion of the gate how it is met; an artifact is
    sent back with its reason.
    """

    kind: Literal["decision"] = "decision"
    decision: Literal["approve", "revise"]
    answer: Line
    criteria: dict[Line, Text] = Field(default_factory=dict)
    reason: Text = ""

    @model_validator(mode="after")
    def _a_no_has_its_reason(self) -> Self:
        if self.decision == "revise" and not self.reason.strip():
            raise ValueError("an artifact is sent back with its reason")
        return self


KIND = Kind(
    name="decision", model=GateDecision, folder="decisions", format="yaml", layout="dated", prefix="dec",
    writers=frozenset({"engine", "person"}),
    facets={"title": "answer", "status": "decision", "owner": "by", "ref": "about"},
    listing=("decision", "about", "by"),
)  # fmt: skip
