"""Pausing an agent or a workflow while an incident is worked on, and lifting that again (R-002-22).

A pause is asked for by incidents, and lasts as long as one of them asks for it. Resolving an incident lifts
nothing, as the fault may come back; its end does, with a row.
"""

from dataclasses import dataclass

from pydantic import JsonValue

from prismfs.errors import RefusedError
from prismfs.kinds.response.forms import PauseForm
from prismfs.kinds.response.incident import Incident
from prismfs.kinds.response.pause import Pause, name_of_agent, name_of_workflow
from prismfs.records.api import Nothing, View
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.follow_ups import IncidentOver
from prismfs.rules.response.facts import ENDED, meta_of
from prismfs.rules.response.targets import responded


@dataclass(frozen=True, slots=True)
class PauseLifted:
    """Release what waited for the pause `name`."""

    name: str


def is_paused(view: View, *, agent: str | None = None, workflow: str | None = None) -> Pause | None:
    """Return the pause that holds for `agent` or for `workflow` now, None where neither is paused."""
    names = [] if agent is None else [name_of_agent(agent)]
    names += [] if workflow is None else [name_of_workflow(workflow)]
    found = (view.get(Pause, name) for name in names)
    return next((pause for pause in found if pause is not None and pause.status == "paused"), None)


def pause(draft: Draft) -> Nothing | None:
    """Pause an agent or a workflow for an open incident that is severe enough.

    Raises:
        RefusedError: `not_found`, `not_open`, `not_severe_enough`, `reason_missing`.
        RecordError: what the form refuses; with the field.
    """
    incident = draft.need(Incident, str(draft.event.document["id"]))
    form = PauseForm.from_document(_members(draft))
    if form.reason is None:
        raise RefusedError("reason_missing", "a pause has a reason", field="/reason", hint="--reason TEXT")
    if not incident.is_open:
        raise RefusedError("not_open", "the incident is not open any more", field="/id", hint="prismfs incident reopen")
    known = draft.get(Pause, _name(form))
    is_paused_now = known is not None and known.status == "paused"
    if known is not None and is_paused_now and incident.id in known.incidents:
        return Nothing(f"paused already by {known.by}", incident.id)
    if incident.severity.rank > draft.response.pause_rank:
        raise RefusedError(
            "not_severe_enough",
            f"nothing is paused for an incident of severity {incident.severity.label}",
            field="/id",
            hint="pause_rank in settings/response.yaml; or judge it anew: prismfs incident triage",
        )
    if known is not None and is_paused_now:
        put = known.changed(incidents=(*known.incidents, incident.id))
    else:
        put = Pause(
            name=_name(form),
            agent=form.agent,
            workflow=form.workflow,
            status="paused",
            incidents=(incident.id,),
            by=draft.event.actor,
            at=draft.now,
            reason=form.reason,
        )
    draft.put(put)
    draft.subject = draft.put(responded(draft, incident))
    draft.because("pause", f"{draft.event.actor} pauses {_what(put)} for it")
    draft.row("incident.paused", draft.subject, level="warn", reason=draft.reason, meta=_meta(draft.subject, put))
    return None


def unpause(draft: Draft) -> Nothing | None:
    """Let an incident ask for a pause no more; the pause is lifted unless another incident asks for it.

    Raises:
        RefusedError: `not_found`.
        RecordError: what the form refuses; with the field.
    """
    incident = draft.need(Incident, str(draft.event.document["id"]))
    form = PauseForm.from_document(_members(draft))
    known = draft.get(Pause, _name(form))
    if known is None or incident.id not in known.incidents:
        return Nothing("it is not paused for this incident", incident.id)
    draft.subject = incident
    draft.because("unpause", f"{draft.event.actor} pauses {_what(known)} for it no more")
    _release(draft, incident, known)
    return None


def release_pauses(draft: Draft, asked: IncidentOver) -> None:
    """Lift the pauses that an incident asked for which ended; name those of a resolved one to its owner.

    What a duplicate asked for, the incident that it was merged into asks for from now on.
    """
    incident = draft.need(Incident, asked.incident)
    found = [pause for pause in draft.view.open_of(Pause) if incident.id in pause.incidents]
    if incident.status in ENDED:
        for pause in found:
            _hand_over(draft, incident, pause)
            _release(draft, incident, draft.need(Pause, pause.name))
    elif found:
        _tell_what_stays(draft, incident, found)


def _hand_over(draft: Draft, incident: Incident, pause: Pause) -> None:
    into = None if incident.duplicate_of is None else draft.get(Incident, incident.duplicate_of)
    if incident.status != "duplicate" or into is None or into.id in pause.incidents:
        return
    put = draft.put(pause.changed(incidents=(*pause.incidents, into.id)))
    reason = f"{incident.id}, for which {_what(put)} is paused, was merged into it"
    draft.row("incident.paused", into, level="warn", reason=reason, meta=_meta(into, put))


def _release(draft: Draft, incident: Incident, pause: Pause) -> None:
    left = tuple(name for name in pause.incidents if name != incident.id)
    changes = {} if left else {"status": "lifted", "lifted_by": draft.event.actor, "lifted_at": draft.now}
    put = draft.put(pause.changed(incidents=left, **changes))
    if not left:
        draft.follow(PauseLifted(put.name))
    reason = f"{_what(put)} is still paused for another incident" if left else f"the pause of {_what(put)} is lifted"
    draft.row("incident.unpaused", incident, level="warn", reason=reason, meta=_meta(incident, put))


def _tell_what_stays(draft: Draft, incident: Incident, asked: list[Pause]) -> None:
    commands = "".join(f"\nprismfs incident unpause {incident.id} {_option(pause)}" for pause in asked)
    draft.mail(
        incident.owner,
        role="paused",
        type="task",
        subject=f"Still paused: {incident.title}",
        body=f"Incident {incident.id} is resolved. What was paused for it stays so until it is closed, or until\n"
        f"{commands}\n",
        about=incident,
    )


def _members(draft: Draft) -> dict[str, JsonValue]:
    document = draft.event.document
    return {name: document[name] for name in PauseForm.model_fields if document.get(name) is not None}


def _name(form: PauseForm) -> str:
    return name_of_agent(form.agent) if form.agent is not None else name_of_workflow(form.workflow or "")


def _what(pause: Pause) -> str:
    return "an agent" if pause.agent is not None else "a workflow"


def _option(pause: Pause) -> str:
    if pause.agent is not None:
        return f"--agent {pause.agent}"
    quoted = (pause.workflow or "").replace("'", "'\\''")
    return f"--workflow '{quoted}'"


def _meta(incident: Incident, pause: Pause) -> dict[str, JsonValue]:
    return meta_of(incident) | {
        "pause": pause.name,
        "agent": pause.agent,
        "workflow": pause.workflow,
        "status": pause.status,
        "for": list(pause.incidents),
    }
