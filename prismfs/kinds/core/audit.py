"""An audit row: what changed, who said so, and why; in the same commit as the change (R-002-43).

Each row names the SHA-256 of the row before it, so that none can be taken out or altered unseen. The first
row of a commit carries the whole event that it answers.
"""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from prismfs.records.api import Assurance, Event, Id, Identity, Instant, Kind, Record

Action = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]*(\.[a-z_]+)+$")]
Level = Literal["info", "warn", "error"]
INCIDENT_META = (
    "severity", "affected_workflow", "affected_agent", "retry_attempts", "auto_resolved", "escalation_target",
)  # fmt: skip
"""Always present in the meta of an incident's row, null when unknown (R-002-41)."""


class Audit(Record):
    """One row of the audit trail, numbered without a gap. It is never changed."""

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
    prev: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    meta: dict[str, JsonValue] = Field(default_factory=dict)
    event: Event | None = None


KIND = Kind(
    name="audit", model=Audit, folder="audit", format="json", layout="dated", prefix="aud",
    writers=frozenset({"engine"}),
    facets={
        "title": "reason", "status": "level", "owner": "action", "ref": "entity_id", "cause": "cause",
        "number": "number",
    },
    chained=True,
    listing=("level", "action"),
)  # fmt: skip
