"""An approval: an operator's verdict on an issue that is to leave (R-000-32, R-000-82)."""

from typing import Literal, Self

from pydantic import model_validator

from prismfs.kinds.core.verdict import Verdict
from prismfs.records.api import Kind


class Approval(Verdict):
    """One verdict on an outgoing issue; a no has its reason in `notes`.

    `public` says in so many words that the issue may go where everybody can read it.
    """

    kind: Literal["approval"] = "approval"
    decision: Literal["approve", "reject", "request_changes"]
    notes: str = ""
    public: bool = False

    @model_validator(mode="after")
    def _a_no_has_its_reason(self) -> Self:
        if self.decision != "approve" and not self.notes.strip():
            raise ValueError("what is not approved needs its reason in notes")
        return self


KIND = Kind(
    name="approval",
    model=Approval,
    folder="approvals",
    format="yaml",
    layout="dated",
    prefix="apr",
    writers=frozenset({"engine", "person"}),
    facets={"title": "decision", "status": "decision", "owner": "by", "ref": "about"},
    listing=("decision", "about", "by"),
)
