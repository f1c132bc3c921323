"""The board hears of the worst incidents, at once and once each, when they reach the end of the chain (R-002-35)."""

from __future__ import annotations

from prismfs.kinds.response.incident import Incident
from prismfs.records.base import format_instant
from prismfs.rules.core import roles
from prismfs.rules.core.draft import Draft
from prismfs.rules.response.facts import is_judged, meta_of, priority_of, subject_of


def tell(draft: Draft, incident: Incident) -> Incident:
    """Send the board its memo if the incident is severe enough for it and at the end of the chain by now."""
    rules = draft.response
    at_the_end = incident.level == rules.chain[-1].level
    severe = incident.severity.rank <= rules.board_rank and is_judged(draft, incident)
    if not (at_the_end and severe and incident.is_open and incident.board_told_at is None):
        return incident
    holder = roles.holder_of(draft, rules.board)
    incident = draft.put(incident.changed(board_told_at=draft.now))
    draft.mail(
        holder,
        role="board",
        type="notification",
        subject=f"Memo: {subject_of(incident)}",
        body=_memo(draft, incident),
        about=incident,
        priority=priority_of(incident.severity),
    )
    draft.row(
        "incident.board_told",
        incident,
        level="warn",
        reason=f"severity {incident.severity.label} at {incident.level}",
        meta=meta_of(incident) | {"to": holder},
    )
    return incident


def _memo(draft: Draft, incident: Incident) -> str:
    executive = roles.holder_of(draft, draft.response.chain[-1].role)
    lines = [
        f"Incident {incident.id} has severity {incident.severity.label} and is with {executive} ({incident.level}).",
        f"Detected {format_instant(incident.detected_at)}; {incident.owner} coordinates.",
    ]
    if incident.expected_at is not None:
        lines.append(f"Expected to be over by {format_instant(incident.expected_at)}.")
    if incident.workaround is not None:
        lines.append("A workaround is in place.")
    return "\n".join(lines) + f"\n\nprismfs incident show {incident.id}\n"
