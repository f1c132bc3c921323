"""An incident: a fault that somebody must answer for, from detection to resolution.

Several signals may report one incident; they are joined by its dedup key and counted.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prismfs.kinds.phone_home import Scope
from prismfs.records.base import Identity, Instant, Line, Pid, Record, Text, Word
from prismfs.records.ids import Id
from prismfs.records.kind import Kind, Lifecycle
from prismfs.records.severity import Severity


class Incident(Record):
    """An incident; severity keeps its first and its worst value beside the present one."""

    kind: Literal["incident"] = "incident"
    id: Id
    pid: Pid
    title: Line
    nature: Word
    severity: Severity
    severity_reason: str
    sev_initial: Severity
    sev_max: Severity
    status: Literal["triage", "resolved"]
    owner: Identity
    reporter: Identity
    reporter_pid: Pid | None = None
    scope: Scope | None = None
    triage: Id | None = None
    dedup_key: str
    opened_by: Id
    escalation: Id | None = None
    recurrence_of: Id | None = None
    count: int = Field(default=1, ge=1)
    detected_at: Instant
    last_seen_at: Instant
    acknowledged_at: Instant | None = None
    acknowledged_by: Identity | None = None
    acknowledged_note: Text | None = None
    resolved_at: Instant | None = None
    resolved_by: Identity | None = None
    resolution: Text | None = None
    due_at: Instant | None = None


KIND = Kind(
    name="incident",
    model=Incident,
    folder="incidents",
    format="yaml",
    layout="dated",
    prefix="inc",
    writers=frozenset({"engine"}),
    lifecycle=Lifecycle(edges={"triage": ("resolved",), "resolved": ()}, open=frozenset({"triage"})),
    facets={
        "title": "title",
        "status": "status",
        "key": "dedup_key",
        "due_at": "due_at",
        "rank": "severity.rank",
        "owner": "owner",
        "ref": "opened_by",
    },
)
