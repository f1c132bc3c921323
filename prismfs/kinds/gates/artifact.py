"""An artifact: what a phase of a workflow produced, as a file (R-003-28). Every revision is kept (R-003-27)."""

import hashlib
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from prismfs.kinds.gates.settings.sections import PhaseId
from prismfs.records.api import Digest, Id, Identity, Instant, Line, Record, Text, Value, Word
from prismfs.records.codec import canonical_json
from prismfs.records.document import Document
from prismfs.records.kind import Kind, Lifecycle


def _says_something(text: str) -> str:
    if not text.strip():
        raise ValueError("it must say something")
    return text


Said = Annotated[Text, AfterValidator(_says_something)]
"""A text of more than blanks."""


class Finding(Value):
    """One finding of one member; `severity` is a label of the policy's scale `finding`.

    Evidence and remediation must be there: a finding without them can be neither checked nor worked on.
    """

    member: Identity
    finding: Line
    severity: Line
    evidence: Said
    remediation: Said


Findings = Annotated[tuple[Finding, ...], Field(max_length=200)]

ArtifactStatus = Literal["presented", "approved", "revise", "submitted", "superseded", "stale", "refused"]
_STATES: tuple[str, ...] = get_args(ArtifactStatus)

LIVE = ("presented", "approved", "submitted")
"""States of an artifact that speaks for its phase: it waits at its gate, has passed it, or needs none."""


class ArtifactDrop(Value):
    """What an agent drops, or gives `prismfs incident phase submit`, to open a phase (R-003-28).

    `incident` is the record that the workflow is about; the body is Markdown with the sections of the phase; `findings`
    are those of its panel.
    """

    kind: Literal["artifact"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    about: Id = Field(alias="incident")
    phase: PhaseId
    body: Text
    findings: Findings = ()


class Read(Value):
    """An artifact that another was written against, and its content then."""

    id: Id
    content_hash: Digest


class Artifact(Record):
    """One revision of what a phase produced.

    `number` counts the artifacts of a phase that repeats, `revision` those that took the place of an earlier one.
    presented: waits at its gate. approved: has passed it. submitted: needs no gate. revise: was sent back.
    superseded: a newer revision is there. stale: something that it reads was changed after it. refused: a person's
    commit brought it, and it does not fit. `editors` had a hand in it beside the author; `decision` is the newest of
    its gate. People may change the body by a commit; everything else is put back.
    """

    kind: Literal["artifact"] = "artifact"
    id: Id
    about: Id
    workflow: Word
    phase: PhaseId
    number: int = Field(default=1, ge=1)
    revision: int = Field(default=1, ge=1)
    title: Line
    author: Identity
    editors: tuple[Identity, ...] = ()
    status: ArtifactStatus
    content_hash: Digest
    reads: tuple[Read, ...] = ()
    submitted_at: Instant
    decision: Id | None = None
    findings: Findings = ()
    body: Text

    @property
    def label(self) -> str:
        """Its name for people, such as `INC-3.2` for the second of a phase that repeats."""
        return self.phase if self.number == 1 else f"{self.phase}.{self.number}"

    @property
    def hands(self) -> tuple[str, ...]:
        """Its author and editors, none of whom may approve it, in lower case."""
        return tuple(name.casefold() for name in (self.author, *self.editors))

    def digest(self) -> str:
        """Return the SHA-256 (hex) of what the artifact says now, which `content_hash` should be."""
        return content_hash(
            about=self.about, workflow=self.workflow, phase=self.phase, number=self.number, body=self.body,
            findings=self.findings,
        )  # fmt: skip


def content_hash(
    *, about: str, workflow: str, phase: str, number: int, body: str, findings: tuple[Finding, ...]
) -> str:
    """Return the SHA-256 (hex) over the canonical JSON of everything that an approval is bound to (R-003-27)."""
    document: Document = {
        "about": about,
        "workflow": workflow,
        "phase": phase,
        "number": number,
        "body": body,
        "findings": [finding.to_document() for finding in findings],
    }
    return hashlib.sha256(canonical_json(document)).hexdigest()


KIND = Kind(
    name="artifact", model=Artifact, folder="artifacts", format="yaml", layout="dated", prefix="art",
    writers=frozenset({"agent", "engine", "person"}),
    # A commit by hand may write any state, and the rules put it back: they decide which steps are taken.
    lifecycle=Lifecycle(edges=dict.fromkeys(_STATES, _STATES), open=frozenset({"presented", "revise", "stale"})),
    facets={"title": "title", "status": "status", "type": "phase", "owner": "author", "ref": "about"},
    drop=ArtifactDrop,
    edited_by_hand=True,
    listing=("status", "phase", "revision", "about"),
)  # fmt: skip
