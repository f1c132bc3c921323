"""Status updates of an open incident: said in time, or their lapse is an event (R-002-31).

They fall due from the second step of the chain on (coordination), as often as `status_updates` says for the rank.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from prismfs.kinds.response.incident import Incident
from prismfs.records.base import format_duration, format_instant
from prismfs.rules.care.replies import reply_to_reporter
from prismfs.rules.core import roles
from prismfs.rules.core.draft import Draft
from prismfs.rules.response.facts import meta_of, priority_of, subject_of, with_timers


def keep_time(draft: Draft, incident: Incident) -> Incident:
    """Set when the next update is due, or none; one that is due sooner already stays."""
    every = _interval(draft, incident)
    if every is None:
        due = None
    else:
        due = draft.now + every
        if incident.timers.update is not None:
            due = min(due, incident.timers.update)
    return incident if due == incident.timers.update else draft.put(with_timers(incident, update=due))


def begin_anew(draft: Draft, incident: Incident) -> Incident:
    """Count the time to the next update from now: one was given."""
    return keep_time(draft, with_timers(incident, update=None))


def communicate(draft: Draft, incident: Incident, text: str, *, subject: str) -> None:
    """Tell the holder of the chain's last role, whoever works on it, and everybody who reported it; each once."""
    for name in _readers(draft, incident):
        draft.mail(
            name,
            role=f"status:{name.lower()}",
            type="notification",
            sender=draft.event.actor,
            subject=f"{subject}: {subject_of(incident)}",
            body=text,
            about=incident,
            priority=priority_of(incident.severity),
        )
    reply_to_reporter(
        draft, incident, role="status", stage="updated", body=text, subject=f"{subject}: {incident.title}"
    )


def update_due(draft: Draft, incident: Incident, due: datetime) -> None:
    """Nobody said how it stands in time: the owner is reminded once, and the next one counts from now (C-67)."""
    every = _interval(draft, incident)
    if every is None:
        return  # the settings want none by now
    draft.because("update_overdue", "no status update was given in time")
    draft.mail(
        incident.owner,
        role="update_overdue",
        type="task",
        subject=f"Status update is due: {subject_of(incident)}",
        body=f"Stakeholders of {incident.id} hear how it stands every {format_duration(every)}; one was due at "
        f"{format_instant(due)}.\n\nprismfs incident update {incident.id} --status-text TEXT\n",
        about=incident,
        priority=priority_of(incident.severity),
    )
    overdue = draft.put(with_timers(incident, update=draft.now + every))
    draft.row(
        "incident.update_overdue",
        overdue,
        level="warn",
        reason=draft.reason,
        meta=meta_of(overdue) | {"due_at": format_instant(due), "to": overdue.owner},
    )


def _readers(draft: Draft, incident: Incident) -> list[str]:
    """Return who hears of it by a mail, each once; not who says it, nor who reported it: that one is answered."""
    executive = roles.holder_of(draft, draft.response.chain[-1].role)
    readers = {name.casefold(): name for name in (executive, incident.owner, *incident.assignees)}
    readers.pop(draft.event.actor.casefold(), None)
    if incident.opened_by is not None and incident.reporter_pid is None:
        readers.pop(incident.reporter.casefold(), None)
    return list(readers.values())


def _interval(draft: Draft, incident: Incident) -> timedelta | None:
    levels = [step.level for step in draft.response.chain]
    if not incident.is_open or incident.level not in levels[1:]:
        return None
    return draft.response.status_updates[incident.severity.rank]
