"""The audit trail: what changed, who said so, and why; in the same commit as the change (R-002-43).

The rows of a commit stand in one file. It names the SHA-256 of the file before it, so that none can be taken out or
altered unseen, and carries the whole event that the commit answers.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from prismfs.records.api import (
    Assurance,
    Digest,
    Document,
    Event,
    Id,
    Identity,
    Instant,
    JsonObject,
    Kind,
    Record,
    Value,
)

Action = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]*(\.[a-z_]+)+$")]
Level = Literal["info", "warn", "error"]
INCIDENT_META = (
    "severity", "affected_workflow", "affected_agent", "retry_attempts", "auto_resolved", "escalation_target",
)  # fmt: skip
"""Always present in the meta of an incident's row, null when unknown (R-002-41)."""


class Audit(Record):
    """One row of the audit trail as views answer with it, numbered without a gap; `event` is with a file's first."""

    kind: Literal["audit"] = "audit"
    id: Id
    number: int
    at: Instant
    action: Action
    level: Level
    entity_type: str
    entity_id: str
    actor: Identity
    assurance: Assurance
    rule: str
    reason: str
    cause: str
    prev: Digest
    meta: JsonObject = Field(default_factory=dict)
    event: Event | None = None


class Said(Value):
    """What is a row's own in a file of rows."""

    id: Id
    action: Action
    level: Level
    entity_type: str
    entity_id: str
    reason: str
    meta: JsonObject = Field(default_factory=dict)


class AuditFile(Record):
    """The rows of one commit, and what they share. It is never changed.

    `id` and `number` are those of the first row, `prev` is the SHA-256 of the file before.
    """

    kind: Literal["audit"] = "audit"
    id: Id
    number: int
    at: Instant
    actor: Identity
    assurance: Assurance
    rule: str
    cause: str
    prev: Digest
    rows: Annotated[tuple[Said, ...], Field(min_length=1)]
    event: Event | None = None


_SHARED = ("actor", "assurance", "rule", "cause", "prev")


def _rows_in(document: Document) -> Sequence[Document]:
    """Return the documents of the rows that a file's document holds."""
    head: Document = {"kind": document["kind"], "version": document["version"]}
    shared = {name: document[name] for name in _SHARED}
    number, rows = document["number"], document["rows"]
    assert isinstance(number, int)
    assert isinstance(rows, list)
    found: list[Document] = []
    for own in rows:
        assert isinstance(own, dict)
        place: Document = {"id": own["id"], "number": number + len(found), "at": document["at"]}
        found.append(head | place | own | shared)
    if "event" in document:
        found[0]["event"] = document["event"]
    return found


def said_in(puts: Iterable[Record]) -> list[Said]:
    """Return what the audit rows among the records of a plan say, in order."""
    return [row for put in puts if isinstance(put, AuditFile) for row in put.rows]


KIND = Kind(
    name="audit", model=AuditFile, folder="audit", format="json", layout="dated", prefix="aud",
    writers=frozenset({"engine"}),
    facets={
        "title": "reason", "status": "level", "owner": "action", "ref": "entity_id", "cause": "cause",
        "number": "number",
    },
    chained=True,
    listing=("level", "action"),
    row=Audit,
    rows_in=_rows_in,
)  # fmt: skip
