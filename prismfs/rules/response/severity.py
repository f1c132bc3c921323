"""How bad an incident is, and by when it is to be answered and resolved.

A change of severity has one way, for triage, overruling, merging and the gates: its time, author and reason stay in
the record, and so does the worst value ever, since it decides whether a review is due. What concerns security is made
milder by a person only.

Targets follow from the severity, and are strict: at exactly the target it is a breach (R-002-02 to R-002-06). Both
clocks start at detection, and a reopening does not set them back. Each target is missed once: the record says which,
even if the severity changes later.
"""

from datetime import datetime

from prismfs.errors import RefusedError
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.response.incident import Incident, SeverityChange
from prismfs.records.api import Severity, format_instant, next_begin
from prismfs.rules.core.api import Attend, Draft, authority, automation_of, one_line
from prismfs.rules.response.facts import Lapse, SetTargets, add_row, as_told, with_timers

TARGETS = ("respond", "resolve")
"""What is to be met in time, by the names of its timers."""

SECURITY = "security"
_GUARDED_RANK = 1
"""Ranks up to this one of a security matter are lowered by a person only."""

_MOST_KEPT = 100


def change_severity(
    draft: Draft, incident: Incident, severity: Severity, reason: str, *, by: str | None = None
) -> Incident:
    """Return `incident` judged as `severity`, with the change in its history and the targets that follow; put nothing.

    `by` is who judged, where that is not the event's actor. The same rank again changes nothing. Targets of an open
    incident that the new severity has passed already are missed at once.

    Raises:
        RefusedError: `security_lowered`.
    """
    before = incident.severity
    if severity.rank == before.rank:
        return incident
    check_lowering(draft, incident, severity)
    who = by or draft.event.actor
    entry = SeverityChange(at=draft.now, by=who, before=before, after=severity, reason=one_line(reason))
    changed = incident.changed(
        severity=severity,
        severity_reason=f"judged by {who}: {reason}",
        sev_max=worst(incident.sev_max, severity),
        severity_history=(*incident.severity_history, entry)[-_MOST_KEPT:],
    )
    return retarget(draft, changed) if changed.is_open else changed


def make_worse(draft: Draft, incident: Incident, severity: Severity, reason: str) -> Incident:
    """Judge an incident as worse because of what it was joined with, with a row, and attend to it as such.

    `reason` is the desk's own sentence.
    """
    before = incident.severity
    changed = draft.put(change_severity(draft, incident, severity, reason))
    add_row(
        draft,
        "incident.severity_changed",
        changed,
        level="error" if severity.rank <= 1 else "warn",
        reason=f"{before.label} to {severity.label}: {reason}",
        meta={"before": before.label},
    )
    draft.follow(Attend(changed.id))
    return changed


def check_lowering(draft: Draft, incident: Incident, severity: Severity, *, nature: str = SECURITY) -> None:
    """Accept `severity` and `nature` for `incident`, unless they make less of a security matter without a person.

    Raises:
        RefusedError: `security_lowered`.
    """
    guarded = incident.nature == SECURITY and incident.severity.rank <= _GUARDED_RANK
    if guarded and (severity.rank > incident.severity.rank or nature != SECURITY) and not is_person(draft):
        said = f"a security matter of severity {incident.severity.label} is made milder by a person only"
        hint = "an operator says it at the command line: prismfs --as OPERATOR incident triage ID --severity LABEL"
        raise RefusedError("security_lowered", said, field="/severity", hint=hint)


def is_person(draft: Draft) -> bool:
    """Tell whether the event is proven to be an operator's, or a persona's whose role a person fills.

    A role whose work the rules or a command do is no person.
    """
    event = draft.event
    if event.assurance == "engine" or not authority.is_proven(draft):
        return False
    if authority.is_operator(draft, event.actor):
        return True
    known = draft.view.get(Persona, event.actor)
    return known is not None and automation_of(draft, event.actor).mode in ("person", "propose")


def worst(*severities: Severity) -> Severity:
    """Return the most urgent of `severities`; of equals the first (rule of consolidation)."""
    return min(severities, key=lambda severity: severity.rank)


def resolve_by(draft: Draft, incident: Incident) -> datetime | None:
    """Return when the incident is to be resolved; None where nothing says so.

    A rank without a resolution target has until the end of the first maintenance window that begins at its detection
    or later: one that is under way is not the next one (R-002-05, R-002-06).
    """
    since, resolve = incident.detected_at, draft.policy.targets[incident.severity.rank].resolve
    if resolve is not None:
        return since + resolve
    found = [(next_begin(window.rule, since=since), window.lasts) for window in draft.response.windows]
    begun = [(begin, begin + lasts) for begin, lasts in found if begin is not None]
    return min(begun)[1] if begun else None


def set_targets(draft: Draft, asked: SetTargets) -> None:
    """Give an incident that was opened in this decision its targets; none has passed yet."""
    draft.put(with_targets(draft, draft.need(Incident, asked.incident)))


def with_targets(draft: Draft, incident: Incident) -> Incident:
    """Return `incident` with the timers of its severity's targets that are neither met nor missed yet."""
    respond = draft.policy.targets[incident.severity.rank].respond
    is_answered = "respond" in incident.missed or incident.responded_at is not None
    return with_timers(
        incident,
        respond=None if is_answered else incident.detected_at + respond,
        resolve=None if "resolve" in incident.missed else resolve_by(draft, incident),
    )


def retarget(draft: Draft, incident: Incident) -> Incident:
    """Return `incident` with the targets of its severity; one that has passed already is missed at once."""
    return note_missed(draft, with_targets(draft, incident))


def note_missed(draft: Draft, incident: Incident, *, at: datetime | None = None) -> Incident:
    """Return `incident` with every target that is reached, now or by `at`, marked as missed, with its row.

    An act at the target or later is too late, even where the engine had no turn in between.
    """
    for target in TARGETS:
        due = getattr(incident.timers, target)
        if due is not None and due <= (at or draft.now):
            incident = _missed(draft, with_timers(incident, **{target: None}), target, due)
    return incident


def responded(draft: Draft, incident: Incident, *, at: datetime | None = None) -> Incident:
    """Return `incident` as answered now, or at `at`: its response target is met or missed (R-002-56).

    What had been missed by then is noted first. An answer that is told of later and was earlier is the first.
    """
    incident, when = note_missed(draft, incident, at=at), at or draft.now
    if incident.responded_at is not None and incident.responded_at <= when:
        return incident
    answered = with_timers(incident.changed(responded_at=when), respond=None)
    return answered if at is None else judge_targets(draft, as_told(answered, "responded_at"))


def judge_targets(draft: Draft, incident: Incident) -> Incident:
    """Return `incident` with the targets missed that its times, which a person has told, say were missed (FD-32).

    What is found to be missed only now gets its row; what was met after all is missed no more.
    """
    respond = draft.policy.targets[incident.severity.rank].respond
    dues = {"respond": incident.detected_at + respond, "resolve": resolve_by(draft, incident)}
    for target, at in (("respond", incident.responded_at), ("resolve", incident.resolved_at)):
        due = dues[target]
        if due is None or at is None:
            continue
        incident = with_timers(incident, **{target: None})
        if at < due:
            incident = incident.changed(missed=tuple(each for each in incident.missed if each != target))
        elif target not in incident.missed:
            incident = _missed(draft, incident, target, due, at=at)
    return incident


def target_missed(draft: Draft, incident: Incident, due: datetime, *, target: str) -> Lapse:
    """Record that a target was missed, in a row of its own."""
    draft.put(_missed(draft, incident, target, due))
    return Lapse("overdue", _why(incident, target))


def _missed(draft: Draft, incident: Incident, target: str, due: datetime, *, at: datetime | None = None) -> Incident:
    missed = incident.changed(missed=(*incident.missed, target))
    add_row(
        draft,
        "incident.overdue",
        missed,
        level="error",
        reason=_why(incident, target),
        meta={
            "target": target,
            "due_at": format_instant(due),
            "late_seconds": round(((at or draft.now) - due).total_seconds(), 3),
        },
    )
    return missed


def _why(incident: Incident, target: str) -> str:
    return f"the {target} target of rank {incident.severity.rank} has passed"
