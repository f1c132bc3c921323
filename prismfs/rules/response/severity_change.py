"""A change of severity: one way for triage, overruling, merging and the gates.

Every change leaves its time, its author and its reason in the record; the worst value ever is kept, since it decides
whether a review is due. What concerns security is made milder by a person only.
"""

from prismfs.errors import RefusedError
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.response.incident import Incident, SeverityChange
from prismfs.records.api import Severity
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft, one_line
from prismfs.rules.core.follow_ups import Attend
from prismfs.rules.core.roles import automation_of
from prismfs.rules.response import targets
from prismfs.rules.response.facts import meta_of

SECURITY = "security"
_GUARDED_RANK = 1
"""Ranks up to this one of a security matter are lowered by a person only."""

_MOST_KEPT = 100


def change(draft: Draft, incident: Incident, severity: Severity, reason: str, *, by: str | None = None) -> Incident:
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
    return targets.retarget(draft, changed) if changed.is_open else changed


def make_worse(draft: Draft, incident: Incident, severity: Severity, reason: str) -> Incident:
    """Judge an incident as worse because of what it was joined with, with a row, and attend to it as such.

    `reason` is the desk's own sentence.
    """
    before = incident.severity
    changed = draft.put(change(draft, incident, severity, reason))
    draft.row(
        "incident.severity_changed",
        changed,
        level="error" if severity.rank <= 1 else "warn",
        reason=f"{before.label} to {severity.label}: {reason}",
        meta=meta_of(changed) | {"before": before.label},
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
        raise RefusedError(
            "security_lowered",
            f"a security matter of severity {incident.severity.label} is made milder by a person only",
            field="/severity",
            hint="an operator says it at the command line: prismfs --as OPERATOR incident triage ID --severity LABEL",
        )


def is_person(draft: Draft) -> bool:
    """Tell whether the event was given at the command line by an operator, or by a persona whose role a person fills.

    A dropped file only claims its author, and a role whose work the rules or a command do is no person.
    """
    event = draft.event
    if event.type != "command" or event.assurance != "local":
        return False
    if authority.is_operator(draft, event.actor):
        return True
    known = draft.view.get(Persona, event.actor)
    return known is not None and automation_of(draft, event.actor).mode in ("person", "propose")


def worst(*severities: Severity) -> Severity:
    """Return the most urgent of `severities`; of equals the first (rule of consolidation)."""
    return min(severities, key=lambda severity: severity.rank)
