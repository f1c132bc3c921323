"""The life of an incident: opened, handed to support, mitigated, brought back; and the order of its times.

Whoever opens one (a report, a job that failed, the watchdog, a command) does it here, so that each has its targets and
its row. Nothing is kept of an incident that could not be opened whole (C-95).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pydantic import JsonValue

from prismfs.errors import RefusedError
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import Judgement
from prismfs.kinds.response.incident import Incident, IncidentStatus
from prismfs.records.ids import Id
from prismfs.records.severity import Severity
from prismfs.rules.care.assessment import tiers
from prismfs.rules.core.draft import Draft, one_line
from prismfs.rules.core.follow_ups import Attend
from prismfs.rules.response import owners, severity_change, targets
from prismfs.rules.response.facts import escalate_incident, meta_of, signal_of

TIMES = ("started_at", "detected_at", "responded_at", "resolved_at")
"""The times of an incident that are always in this order, where they are known."""

DRILL = "[drill] "
"""What the title of a drill begins with, so that every message about it says that it is one."""


def open_incident(
    draft: Draft,
    *,
    title: str,
    nature: str,
    severity: Severity,
    because: str,
    reporter: str,
    opened_by: Id | None,
    key: str,
    status: IncidentStatus = "triage",
    meta: dict[str, JsonValue] | None = None,
    **fields: Any,
) -> Incident:
    """Open an incident with the targets of its severity, and return it; it is still with the agent (R-002-09).

    `because` says why the severity is what it is; `meta` goes into the row beside the six keys of every row, such as a
    stack trace; `fields` are more members of the record, in place of its defaults. The rule is settled by the caller.

    Raises:
        RefusedError: `times_out_of_order`.
    """
    given: dict[str, Any] = {
        "id": draft.new_id("inc"),
        "pid": draft.project.pid,
        "title": one_line(f"{DRILL}{title}" if fields.get("drill") and not title.startswith(DRILL) else title),
        "nature": nature,
        "severity": severity,
        "severity_reason": because,
        "sev_initial": severity,
        "sev_max": severity,
        "status": status,
        "owner": draft.policy.lanes.incident,
        "reporter": reporter,
        "dedup_key": key,
        "opened_by": opened_by,
        "detected_at": draft.now,
        "last_seen_at": draft.now,
    }
    incident = Incident.model_validate(given | fields)
    check_times(incident)
    incident = draft.put(targets.with_targets(draft, incident))
    reason = "seen by the desk itself" if opened_by is None else f"reported by {opened_by}"
    draft.row("incident.detected", incident, level="error", reason=reason, meta=meta_of(incident) | (meta or {}))
    return incident


def hand_to_support(
    draft: Draft,
    incident: Incident,
    *,
    reading: tiers.Reading | None = None,
    judged: Judgement | None = None,
) -> Incident:
    """Let an incident leave the agent: the first hop, its triage, and every further hop that is due (R-002-17).

    `reading` and `judged` are the first tiers of its triage where the caller has them already; a judgement by somebody
    is not asked for again, nor one that was made while its job was tried again. What no signal reported has no triage
    record: its severity counts as judged.
    """
    incident = draft.put(incident.changed(status="triage"))
    incident = owners.leave_agent(draft, incident)
    signal = signal_of(draft, incident)
    if signal is not None and incident.triage is None:
        reading = reading or tiers.read(draft, signal)
        judged = judged or _judged_by_rules(draft, incident, signal)
        tiers.file(draft, signal, draft.need(Incident, incident.id), reading, judged)
    return owners.climb(draft, draft.need(Incident, incident.id))


def attend(draft: Draft, incident: Incident) -> Incident:
    """Let follow what the present severity asks for: its escalation, while nobody has it, and the chain."""
    if incident.status == "retrying":
        return incident
    if incident.is_open and incident.acknowledged_at is None:
        incident = escalate_incident(draft, incident)
    return owners.climb(draft, incident)


def attend_to(draft: Draft, asked: Attend) -> None:
    """The step that answers `Attend`."""
    attend(draft, draft.need(Incident, asked.incident))


def make_worse(draft: Draft, incident: Incident, severity: Severity, reason: str) -> Incident:
    """Judge an incident as worse because of what it was joined with, with a row, and let follow what that asks for.

    `reason` is the desk's own sentence.
    """
    before = incident.severity
    changed = draft.put(severity_change.change(draft, incident, severity, reason))
    draft.row(
        "incident.severity_changed",
        changed,
        level="error" if severity.rank <= 1 else "warn",
        reason=f"{before.label} to {severity.label}: {reason}",
        meta=meta_of(changed) | {"before": before.label},
    )
    return attend(draft, changed)


def merged_into(draft: Draft, incident: Incident | None) -> Incident | None:
    """Return what `incident` was merged into, however often; itself where it was not."""
    while incident is not None and incident.duplicate_of is not None:
        incident = draft.get(Incident, incident.duplicate_of)
    return incident


def check_times(incident: Incident) -> None:
    """Accept an incident whose times are in order: started, detected, responded, resolved; those that are known.

    Raises:
        RefusedError: `times_out_of_order`, naming the two.
    """
    known = [(name, at) for name in TIMES if (at := getattr(incident, name)) is not None]
    for (before, earlier), (after, later) in pairwise(known):
        if earlier > later:
            raise RefusedError(
                "times_out_of_order",
                f"{before} is later than {after}",
                field=f"/{before}",
                hint="started, detected, responded, resolved, in this order",
            )


def _judged_by_rules(draft: Draft, incident: Incident, signal: Signal) -> Judgement:
    """Return what the rules say now; they make nothing milder that is a matter of security already."""
    judged = tiers.judge(draft, signal, recurs=incident.recurrence_of is not None, owner=incident.owner)[0]
    milder = incident.nature == severity_change.SECURITY and judged.severity.rank > incident.severity.rank
    return judged.changed(severity=incident.severity, nature=incident.nature) if milder else judged
