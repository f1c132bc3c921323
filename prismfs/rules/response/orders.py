"""What people order while an incident is worked on: a pause, a recovery action; and what the board hears of it.

An agent or a workflow is paused for incidents, as long as one of them asks for it. Resolving an incident lifts nothing,
as the fault may come back; its end does, with a row (R-002-22). The executive's go or no-go on a major recovery action
is kept in the record. The board hears of the worst incidents at once and once each, when they reach the end of the
chain (R-002-33 to R-002-35).
"""

from prismfs.errors import ForbiddenError, RefusedError
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.response.incident import MOST_DECISIONS, GoNoGo, Incident
from prismfs.kinds.response.pause import Pause, PauseForm, name_of_agent, name_of_workflow
from prismfs.records.api import JsonValue, Line, Nothing, Text, Value, format_instant
from prismfs.rules.core.api import Attend, Draft, IncidentOver, authority
from prismfs.rules.response import facts, severity, status


class DecisionForm(Value):
    """A yes or no to a major recovery action; `draft` is a message to customers that comes with it (R-002-34)."""

    action: Line
    go: bool
    reason: Line
    draft: Text | None = None


def is_paused(draft: Draft, *, agent: str, workflow: str | None) -> Pause | None:
    """Return the pause that holds for `agent` or for `workflow` now, None where neither is paused."""
    found = (draft.get(Pause, name) for name in pause_names(agent, workflow))
    return next((pause for pause in found if pause is not None and pause.status == "paused"), None)


def pause_names(agent: str, workflow: str | None) -> tuple[str, ...]:
    """Return the names of the pauses that hold back a job of `agent` that is part of `workflow`."""
    return (name_of_agent(agent), *(() if workflow is None else (name_of_workflow(workflow),)))


def pause(draft: Draft) -> Nothing | None:
    """Pause an agent or a workflow for an open incident that is severe enough.

    Raises:
        RefusedError: `not_found`, `not_open`, `not_severe_enough`, `reason_missing`.
        RecordError: what the form refuses; with the field.
    """
    incident, form = facts.incident_of(draft), _form(draft)
    if form.reason is None:
        raise RefusedError("reason_missing", "a pause has a reason", field="/reason", hint="--reason TEXT")
    if not incident.is_open:
        raise RefusedError("not_open", "the incident is not open any more", field="/id", hint="prismfs incident reopen")
    known = draft.get(Pause, _name(form))
    is_paused_now = known is not None and known.status == "paused"
    if known is not None and is_paused_now and incident.id in known.incidents:
        return Nothing(f"paused already by {known.by}", incident.id)
    if incident.severity.rank > draft.response.pause_rank:
        said = f"nothing is paused for an incident of severity {incident.severity.label}"
        hint = "pause_rank in settings/response.yaml; or judge it anew: prismfs incident triage"
        raise RefusedError("not_severe_enough", said, field="/id", hint=hint)
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
    draft.subject = draft.put(severity.responded(draft, incident))
    draft.because("pause", f"{draft.event.actor} pauses {_what(put)} for it")
    _add_row(draft, "paused", draft.subject, put, draft.reason)
    return None


def unpause(draft: Draft) -> Nothing | None:
    """Take an incident out of a pause, which is lifted unless another incident asks for it.

    Raises:
        RefusedError: `not_found`.
        RecordError: what the form refuses; with the field.
    """
    incident, form = facts.incident_of(draft), _form(draft)
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
    if incident.status in facts.ENDED:
        for pause in found:
            _hand_over(draft, incident, pause)
            _release(draft, incident, draft.need(Pause, pause.name))
    elif found:
        _tell_what_stays(draft, incident, found)


def decide_on_action(draft: Draft) -> Nothing | None:
    """Keep the executive's go or no-go, and tell who coordinates and who works on it.

    The same decision about the same action again changes nothing; another one is kept beside the first.

    Raises:
        ForbiddenError: `not_executive`.
        RefusedError: `not_found`, `not_open`, `too_many_decisions`, `too_many_notes`.
        RecordError: what the form refuses; with the field.
    """
    incident = facts.incident_of(draft)
    _check_executive(draft)
    document = draft.event.document
    form = DecisionForm.from_document({name: document[name] for name in DecisionForm.model_fields if name in document})
    last = next((each for each in reversed(incident.decisions) if each.action == form.action), None)
    if last is not None and last.go == form.go:
        return Nothing(f"decided so already by {last.by}", incident.id)
    if not incident.is_open:
        raise RefusedError("not_open", "the incident is not open any more", field="/id", hint="prismfs incident reopen")
    if len(incident.decisions) >= MOST_DECISIONS:
        raise RefusedError("too_many_decisions", f"it has {MOST_DECISIONS} already", field="/id", hint="incident note")
    made = GoNoGo(at=draft.now, by=draft.event.actor, action=form.action, go=form.go, reason=form.reason)
    incident = severity.responded(draft, incident).changed(decisions=(*incident.decisions, made))
    if form.draft:
        incident = status.with_note(draft, incident, form.draft)
    draft.subject = incident = draft.put(incident)
    said = "go" if form.go else "no-go"
    draft.because("decide", f"{draft.event.actor} decides on a recovery action: {said}")
    told = {"go": form.go, "decision": len(incident.decisions), "draft": bool(form.draft)}
    facts.add_row(draft, "incident.decided", incident, meta=told)
    _tell(draft, incident, made, form.draft or "")
    return None


def tell_board(draft: Draft, asked: Attend) -> None:
    """Send the board its memo once, when the incident is severe enough for it and at the end of the chain."""
    incident, rules = draft.need(Incident, asked.incident), draft.response
    at_the_end = incident.level == rules.chain[-1].level
    severe = incident.severity.rank <= rules.board_rank and facts.is_judged(draft, incident)
    if not (at_the_end and severe and incident.is_open and incident.board_told_at is None):
        return
    holder = authority.holder_of(draft, rules.board)
    incident = draft.put(incident.changed(board_told_at=draft.now))
    subject = f"Memo: {facts.subject_of(incident)}"
    facts.mail(draft, incident, holder, "board", type="notification", subject=subject, body=_memo(draft, incident))
    reason = f"severity {incident.severity.label} at {incident.level}"
    facts.add_row(draft, "incident.board_told", incident, reason=reason, meta={"to": holder})


def _hand_over(draft: Draft, incident: Incident, pause: Pause) -> None:
    into = None if incident.duplicate_of is None else draft.get(Incident, incident.duplicate_of)
    if incident.status != "duplicate" or into is None or into.id in pause.incidents:
        return
    put = draft.put(pause.changed(incidents=(*pause.incidents, into.id)))
    reason = f"{incident.id}, for which {_what(put)} is paused, was merged into it"
    _add_row(draft, "paused", into, put, reason)


def _release(draft: Draft, incident: Incident, pause: Pause) -> None:
    left = tuple(name for name in pause.incidents if name != incident.id)
    changes = {} if left else {"status": "lifted", "lifted_by": draft.event.actor, "lifted_at": draft.now}
    put = draft.put(pause.changed(incidents=left, **changes))
    if not left:
        draft.follow(facts.PauseLifted(put.name))
    reason = f"{_what(put)} is still paused for another incident" if left else f"the pause of {_what(put)} is lifted"
    _add_row(draft, "unpaused", incident, put, reason)


def _tell_what_stays(draft: Draft, incident: Incident, asked: list[Pause]) -> None:
    commands = "".join(f"\nprismfs incident unpause {incident.id} {_option(pause)}" for pause in asked)
    facts.mail(
        draft,
        incident,
        facts.in_charge(incident),
        "paused",
        subject=f"Still paused: {incident.title}",
        body=f"Incident {incident.id} is resolved. What was paused for it stays so until it is closed, or until\n"
        f"{commands}\n",
        priority="normal",
    )


def _form(draft: Draft) -> PauseForm:
    document = draft.event.document
    given = {name: document[name] for name in PauseForm.model_fields if document.get(name) is not None}
    return PauseForm.from_document(given)


def _name(form: PauseForm) -> str:
    return name_of_agent(form.agent) if form.agent is not None else name_of_workflow(form.workflow or "")


def _what(pause: Pause) -> str:
    return "an agent" if pause.agent is not None else "a workflow"


def _option(pause: Pause) -> str:
    if pause.agent is not None:
        return f"--agent {pause.agent}"
    quoted = (pause.workflow or "").replace("'", "'\\''")
    return f"--workflow '{quoted}'"


def _add_row(draft: Draft, step: str, incident: Incident, pause: Pause, reason: str) -> None:
    told: dict[str, JsonValue] = {"pause": pause.name, "agent": pause.agent, "workflow": pause.workflow}
    told |= {"status": pause.status, "for": [*pause.incidents]}
    facts.add_row(draft, f"incident.{step}", incident, reason=reason, meta=told)


def _check_executive(draft: Draft) -> None:
    """Accept who holds the role at the end of the chain, and operators; a right in the roster is not enough."""
    actor, wanted = draft.event.actor, draft.response.chain[-1].role
    persona = draft.view.get(Persona, actor)
    if authority.is_operator(draft, actor) or (persona is not None and persona.role == wanted):
        return
    hint = "prismfs roster list says who does; --as NAME"
    raise ForbiddenError("not_executive", f"{actor} does not hold the role {wanted}", field="/from", hint=hint)


def _tell(draft: Draft, incident: Incident, made: GoNoGo, message: str) -> None:
    decided = "Go" if made.go else "No-go"
    said = f"{decided} by {made.by}: {made.action}\n\nWhy: {made.reason}"
    facts.mail(
        draft,
        incident,
        [name for name in (*facts.in_charge(incident), *incident.assignees) if name.casefold() != made.by.casefold()],
        "decided",
        type="notification",
        sender=made.by,
        known=draft.event.known(made.by),
        subject=f"{decided}: {facts.subject_of(incident)}",
        body=said if not message else facts.with_tail(f"To customers:\n\n{message}", said),
    )


def _memo(draft: Draft, incident: Incident) -> str:
    executive = authority.holder_of(draft, draft.response.chain[-1].role)
    lines = [
        f"Incident {incident.id} has severity {incident.severity.label} and is with {executive} ({incident.level}).",
        f"Detected {format_instant(incident.detected_at)}; {incident.owner} coordinates.",
    ]
    if incident.expected_at is not None:
        lines.append(f"Expected to be over by {format_instant(incident.expected_at)}.")
    if incident.workaround is not None:
        lines.append("A workaround is in place.")
    return "\n".join(lines) + f"\n\nprismfs incident show {incident.id}\n"
