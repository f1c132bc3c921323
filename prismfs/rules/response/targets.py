"""Response and resolution targets by severity, and what happens when one is missed (R-002-02 to R-002-06).

Targets are strict: at exactly the target it is a breach. Both clocks start at detection, and a reopening does not set
them back. Each target is missed once: the record says which, even if the severity changes later.
"""

from datetime import datetime
from typing import Literal

from prismfs.kinds.response.incident import Incident
from prismfs.records.api import format_instant, next_begin
from prismfs.rules.core.draft import Draft
from prismfs.rules.response.facts import Lapse, meta_of, with_timers

Target = Literal["respond", "resolve"]
TARGETS: tuple[Target, ...] = ("respond", "resolve")
"""What is to be met in time, by the names of its timers."""


def respond_by(draft: Draft, incident: Incident) -> datetime:
    """Return the response target: by when the incident is to be answered."""
    return incident.detected_at + draft.policy.targets[incident.severity.rank].respond


def resolve_by(draft: Draft, incident: Incident) -> datetime | None:
    """Return when the incident is to be resolved; None where nothing says so.

    A rank without a resolution target has until the end of the first maintenance window that begins at its detection
    or later: one that is under way is not the next one (R-002-05, R-002-06).
    """
    resolve = draft.policy.targets[incident.severity.rank].resolve
    if resolve is not None:
        return incident.detected_at + resolve
    since = incident.detected_at
    found = [(next_begin(window.rule, since=since), window.lasts) for window in draft.response.windows]
    begun = [(begin, begin + lasts) for begin, lasts in found if begin is not None]
    return min(begun)[1] if begun else None


def with_targets(draft: Draft, incident: Incident) -> Incident:
    """Return `incident` with the timers of its severity's targets that are neither met nor missed yet."""
    return with_timers(
        incident,
        respond=None if _is_over(incident, "respond") else respond_by(draft, incident),
        resolve=None if _is_over(incident, "resolve") else resolve_by(draft, incident),
    )


def retarget(draft: Draft, incident: Incident) -> Incident:
    """Return `incident` with the targets of its severity; one that has passed already is missed at once."""
    return note_missed(draft, with_targets(draft, incident))


def note_missed(draft: Draft, incident: Incident) -> Incident:
    """Return `incident` with every target that is reached marked as missed, with its row.

    An act at the target or later is too late, even where the engine had no turn in between.
    """
    for target in TARGETS:
        due = getattr(incident.timers, target)
        if due is not None and due <= draft.now:
            incident = _missed(draft, with_timers(incident, **{target: None}), target, due)
    return incident


def responded(draft: Draft, incident: Incident) -> Incident:
    """Return `incident` as answered: its response target is met or missed (R-002-56).

    What had been missed by then is noted first.
    """
    incident = note_missed(draft, incident)
    if incident.responded_at is not None:
        return incident
    return with_timers(incident.changed(responded_at=draft.now), respond=None)


def respond_missed(draft: Draft, incident: Incident, due: datetime) -> Lapse:
    """Record that the response target was missed, in a row of its own."""
    draft.put(_missed(draft, incident, "respond", due))
    return Lapse("overdue", _why(incident, "respond"))


def resolve_missed(draft: Draft, incident: Incident, due: datetime) -> Lapse:
    """Record that the resolution target was missed, in a row of its own."""
    draft.put(_missed(draft, incident, "resolve", due))
    return Lapse("overdue", _why(incident, "resolve"))


def _is_over(incident: Incident, target: Target) -> bool:
    return target in incident.missed or (target == "respond" and incident.responded_at is not None)


def _missed(draft: Draft, incident: Incident, target: Target, due: datetime) -> Incident:
    missed = incident.changed(missed=(*incident.missed, target))
    late = (draft.now - due).total_seconds()
    draft.row(
        "incident.overdue",
        missed,
        level="error",
        reason=_why(incident, target),
        meta=meta_of(missed) | {"target": target, "due_at": format_instant(due), "late_seconds": round(late, 3)},
    )
    return missed


def _why(incident: Incident, target: Target) -> str:
    return f"the {target} target of rank {incident.severity.rank} has passed"
