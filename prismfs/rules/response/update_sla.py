"""The update that a stakeholder message promised: its lapse is a signal (R-003-16).

A promise holds as long as the incident is not closed: who was told to hear again is told of the resolution, too.
"""

from datetime import datetime

from prismfs.kinds.gates.artifact import Artifact
from prismfs.kinds.gates.settings.section import TimeSection
from prismfs.kinds.gates.settings.workflow import Phase, Workflow
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import format_instant
from prismfs.rules.core.draft import Draft
from prismfs.rules.response.facts import ENDED, Lapse, meta_of, with_timers


def set_update_sla(draft: Draft, incident: Incident, at: datetime | None) -> Incident:
    """Return `incident` with the next update promised for `at`, None for no further one; a row says so.

    What was promised for a time that has passed, as in a message that is handed in later, is not waited for.
    """
    wanted = at if at is not None and at > draft.now and incident.status not in ENDED else None
    if wanted == incident.timers.promised:
        return incident
    changed = draft.put(with_timers(incident, promised=wanted))
    until = "no further update" if wanted is None else f"the next update by {format_instant(wanted)}"
    draft.row(
        "incident.promised",
        changed,
        level="warn",
        reason=f"stakeholders were promised {until}",
        meta=meta_of(changed) | {"promised_at": None if wanted is None else format_instant(wanted)},
    )
    return changed


def promise_due(draft: Draft, incident: Incident, due: datetime) -> Lapse:
    """The promised update did not come: a row, and a message to the owner and to who promised it."""
    lapse = Lapse("promise_lapsed", "the update that stakeholders were promised did not come")
    for name in {name.casefold(): name for name in (incident.owner, *_promised_by(draft, incident))}.values():
        draft.mail(
            name,
            role=f"promise:{name.casefold()}",
            type="task",
            subject=f"Stakeholders wait: {incident.title}",
            body=f"They were promised an update of {incident.id} by {format_instant(due)}, and none came.",
            about=incident,
            priority="urgent",
        )
    draft.row(
        "incident.promise_lapsed",
        incident,
        level="warn",
        reason=lapse.reason,
        meta=meta_of(incident) | {"due_at": format_instant(due)},
    )
    return lapse


def _promised_by(draft: Draft, incident: Incident) -> tuple[str, ...]:
    """Return the author of the newest artifact about the incident that promises an update."""
    found = [each for each in draft.view.with_ref(Artifact, incident.id) if each.status == "submitted"]
    makers = [each.author for each in found if _promises(draft, each)]
    return tuple(makers[-1:])


def _promises(draft: Draft, artifact: Artifact) -> bool:
    workflow = draft.get(Workflow, artifact.workflow)
    phase: Phase | None = None if workflow is None else workflow.phase(artifact.phase)
    return phase is not None and any(
        isinstance(part, TimeSection)
        for section in phase.sections
        for part in (section, *getattr(section, "sections", ()))
    )
