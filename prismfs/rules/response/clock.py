"""The clock of an incident: what it waits for, what happens when a timer lapses, and its status updates (R-002-31).

Each timer is a time in the record; the earliest of them is its due time. One that lapses is taken out, or set anew
by the rule that answers it. Status updates fall due from the second step of the chain on (coordination), as often as
`status_updates` says for the rank.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from prismfs.kinds.response.incident import Incident
from prismfs.records.api import format_duration, format_instant
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.follow_ups import Attend
from prismfs.rules.response import owners, targets, update_sla
from prismfs.rules.response.facts import Lapse, meta_of, priority_of, subject_of, with_timers
from prismfs.rules.response.postmortem import duty


def incident_due(draft: Draft) -> None:
    """Answer every timer of an incident that has lapsed, earliest first; each leaves a row (R-002-06, C-67).

    The first one names the decision.
    """
    identifier = str(draft.event.document["id"])
    incident = draft.need(Incident, identifier)
    lapsed = [(at, name) for name in _LAPSED if (at := getattr(incident.timers, name)) is not None and at < draft.now]
    found: list[Lapse] = []
    for at, name in sorted(lapsed, key=lambda timer: timer[0]):
        incident = draft.need(Incident, identifier)
        if getattr(incident.timers, name) != at:  # a rule before it answered it, or set it anew
            continue
        lapse = _LAPSED[name](draft, draft.put(with_timers(incident, **{name: None})), at)
        found += [] if lapse is None else [lapse]
    if found:
        draft.because(*found[0])
    else:  # such as a due time set by hand
        draft.because("retime", "what it waited for is no more")
        retimed = draft.put(with_timers(draft.need(Incident, identifier)))
        draft.row("incident.retimed", retimed, level="warn", reason=draft.reason, meta=meta_of(retimed))
    draft.subject = draft.need(Incident, identifier)


def keep_time(draft: Draft, asked: Attend) -> None:
    """Set when the next status update is due, or none; one that is due sooner already stays."""
    incident = draft.need(Incident, asked.incident)
    every = _interval(draft, incident)
    times = [] if every is None else [draft.now + every]
    if times and incident.timers.update is not None:
        times.append(incident.timers.update)
    due = min(times, default=None)
    if due != incident.timers.update:
        draft.put(with_timers(incident, update=due))


def update_due(draft: Draft, incident: Incident, due: datetime) -> Lapse | None:
    """Remind the owner once of a status update that was not given in time; the next one counts from now (C-67)."""
    every = _interval(draft, incident)
    if every is None:
        return None  # the settings want none by now
    lapse = Lapse("update_overdue", "no status update was given in time")
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
        reason=lapse.reason,
        meta=meta_of(overdue) | {"due_at": format_instant(due), "to": overdue.owner},
    )
    return lapse


def _interval(draft: Draft, incident: Incident) -> timedelta | None:
    levels = [step.level for step in draft.response.chain]
    if not incident.is_open or incident.level not in levels[1:]:
        return None
    return draft.response.status_updates[incident.severity.rank]


_LAPSED: dict[str, Callable[[Draft, Incident, datetime], Lapse | None]] = {
    "respond": targets.respond_missed,
    "resolve": targets.resolve_missed,
    "hop": owners.hop_due,
    "update": update_due,
    "promised": update_sla.promise_due,
    "review": duty.review_due,
}
"""The rule that answers each timer, in the order in which those of one instant are answered."""
