"""What several rules about an incident need: the meta of its rows, its due times, its escalation."""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from prismfs.decide.draft import Draft
from prismfs.decide.escalation import Attention, call_attention
from prismfs.kinds.audit import INCIDENT_META
from prismfs.kinds.incident import Incident
from prismfs.kinds.signal import Signal
from prismfs.records.severity import LEAST_URGENT, Severity, with_rank


def meta_of(incident: Incident, *, target: str | None = None) -> dict[str, JsonValue]:
    """Return the meta that every row of an incident carries, null where unknown (R-002-41)."""
    known: dict[str, JsonValue] = {
        "severity": incident.severity.label,
        "affected_agent": incident.reporter,
        "auto_resolved": False,
        "escalation_target": target,
    }
    return {name: known.get(name) for name in INCIDENT_META}


def priority_of(severity: Severity) -> str:
    """Return the priority of a mail about an incident of this severity."""
    return ("urgent", "high", "normal", "low")[severity.rank]


def resolve_due(draft: Draft, incident: Incident) -> datetime | None:
    """Return when the incident is to be resolved; None where its rank has no such target."""
    resolve = draft.policy.targets[incident.severity.rank].resolve
    return None if resolve is None else incident.detected_at + resolve


def target_due(draft: Draft, incident: Incident) -> datetime | None:
    """Return when the incident's next target falls due; None where it has passed, or there is none."""
    due: datetime | None = resolve_due(draft, incident)
    if incident.acknowledged_at is None:
        due = incident.detected_at + draft.policy.targets[incident.severity.rank].respond
    return due if due is not None and due > draft.now else None


def escalate_incident(draft: Draft, signal: Signal, incident: Incident) -> None:
    """Take the first step of the escalation; rank 3 is not escalated unless somebody asks for it."""
    if incident.severity.rank == LEAST_URGENT:
        return
    policy = draft.policy
    bead = call_attention(
        draft,
        Attention(
            severity=with_rank(policy.scales, incident.severity.rank, scale=policy.escalation_scale),
            title=incident.title,
            body=signal.body,
            source=f"incident:{incident.id}",
            reporter=signal.sender,
            category="failed",
            labels=dict(signal.labels),
            related=incident.id,
        ),
    )
    escalated = draft.put(incident.changed(escalation=bead.id))
    draft.row(
        "incident.escalated",
        escalated,
        level="error" if incident.severity.rank <= 1 else "warn",
        reason=f"first step of {bead.severity.label}: tier {bead.tier}",
        meta=meta_of(escalated, target=bead.tier),
    )
