"""What several rules about an incident need: the meta of its rows, its due times, its escalation."""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import TriageRecord
from prismfs.kinds.core.audit import INCIDENT_META
from prismfs.kinds.response.incident import Incident
from prismfs.kinds.work.bead import Escalation
from prismfs.records.base import MAX_TEXT
from prismfs.records.severity import LEAST_URGENT, Severity, with_rank
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.follow_ups import Attention
from prismfs.rules.escalation.lifecycle import call_attention, make_louder


def meta_of(incident: Incident, *, target: str | None = None) -> dict[str, JsonValue]:
    """Return the meta that every row of an incident carries, null where unknown (R-002-41).

    `target` is the level that the incident goes to, where it climbs.
    """
    known: dict[str, JsonValue] = {
        "severity": incident.severity.label,
        "affected_workflow": incident.affected_workflow,
        "affected_agent": incident.affected_agent or incident.reporter,
        "retry_attempts": incident.retry_attempts,
        "auto_resolved": incident.auto_resolved,
        "escalation_target": target,
    }
    return {name: known[name] for name in INCIDENT_META}


def priority_of(severity: Severity) -> str:
    """Return the priority of a mail about an incident of this severity."""
    return ("urgent", "high", "normal", "low")[severity.rank]


def subject_of(incident: Incident) -> str:
    """Return the subject of a mail about the incident; the title of a drill says itself that it is one."""
    return f"{incident.severity.label} {incident.title}"


def with_tail(text: str, tail: str) -> str:
    """Return `text` and `tail` with an empty line between; so much of `text` that both fit into a mail's body."""
    room = MAX_TEXT - len(tail.encode()) - 2
    return f"{text.encode()[:room].decode(errors='ignore')}\n\n{tail}" if text else tail


def is_judged(draft: Draft, incident: Incident) -> bool:
    """Tell whether somebody judged the severity; one that is only proposed waits in the triage record.

    An approved assessment is a judgement, too: its label stands in the severity's source. So is what was taken over
    from an incident that was merged, or said by somebody who reported it again: it stands in the history.
    """
    record = None if incident.triage is None else draft.get(TriageRecord, incident.triage)
    said = incident.severity.source is not None or bool(incident.severity_history)
    return said or record is None or record.status != "waiting"


def signal_of(draft: Draft, incident: Incident) -> Signal | None:
    """Return the signal that opened the incident, None where the desk opened it by itself."""
    return None if incident.opened_by is None else draft.get(Signal, incident.opened_by)


def with_timers(incident: Incident, **set_to: datetime | None) -> Incident:
    """Return `incident` with these timers set, or taken out, and the due time that follows from all of them."""
    timers = incident.timers.changed(**set_to)
    times = [at for name in type(timers).model_fields if (at := getattr(timers, name)) is not None]
    return incident.changed(timers=timers, due_at=min(times, default=None))


def escalate_incident(draft: Draft, incident: Incident) -> Incident:
    """Ask for attention by the escalation tiers; rank 3 is not escalated there unless somebody asks for it.

    An escalation that nobody has answered yet is made louder where the incident has become worse, never milder.
    """
    if incident.severity.rank == LEAST_URGENT:
        return incident
    policy, signal = draft.policy, signal_of(draft, incident)
    severity = with_rank(policy.scales, incident.severity.rank, scale=policy.escalation_scale)
    known = None if incident.escalation is None else draft.get(Escalation, incident.escalation)
    if known is not None and known.status != "closed":
        if known.status == "open" and severity.rank < known.severity.rank:
            make_louder(draft, known, severity)
        return incident
    bead = call_attention(
        draft,
        Attention(
            severity=severity,
            title=incident.title,
            body=incident.severity_reason if signal is None else signal.body,
            source=f"incident:{incident.id}",
            reporter=incident.reporter,
            category="failed",
            labels={} if signal is None else dict(signal.labels),
            related=incident.id,
        ),
    )
    return draft.put(incident.changed(escalation=bead.id))
