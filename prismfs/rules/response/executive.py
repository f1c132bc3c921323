"""What the executive decides, and what the board hears (R-002-33 to R-002-35).

A go or no-go on a major recovery action is kept in the record. The board hears of the worst incidents at once and once
each, when they reach the end of the chain.
"""

from pydantic import JsonValue

from prismfs.errors import ForbiddenError, RefusedError
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.response.forms import DecisionForm
from prismfs.kinds.response.incident import MOST_DECISIONS, GoNoGo, Incident
from prismfs.records.api import Nothing, format_instant
from prismfs.rules.core import authority, roles
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.follow_ups import Attend
from prismfs.rules.response.facts import is_judged, meta_of, priority_of, subject_of, with_tail
from prismfs.rules.response.status import with_note
from prismfs.rules.response.targets import responded


def decide_on_action(draft: Draft) -> Nothing | None:
    """Keep the executive's go or no-go, and tell who coordinates and who works on it.

    The same decision about the same action again changes nothing; another one is kept beside the first.

    Raises:
        ForbiddenError: `not_executive`.
        RefusedError: `not_found`, `not_open`, `too_many_decisions`, `too_many_notes`.
        RecordError: what the form refuses; with the field.
    """
    incident = draft.need(Incident, str(draft.event.document["id"]))
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
    incident = responded(draft, incident).changed(decisions=(*incident.decisions, made))
    if form.draft:
        incident = with_note(draft, incident, form.draft)
    draft.subject = incident = draft.put(incident)
    said = "go" if form.go else "no-go"
    draft.because("decide", f"{draft.event.actor} decides on a recovery action: {said}")
    meta: dict[str, JsonValue] = {"go": form.go, "decision": len(incident.decisions), "draft": bool(form.draft)}
    draft.row("incident.decided", incident, level="warn", reason=draft.reason, meta=meta_of(incident) | meta)
    _tell(draft, incident, made, form.draft or "")
    return None


def tell_board(draft: Draft, asked: Attend) -> None:
    """Send the board its memo once, when the incident is severe enough for it and at the end of the chain."""
    incident, rules = draft.need(Incident, asked.incident), draft.response
    at_the_end = incident.level == rules.chain[-1].level
    severe = incident.severity.rank <= rules.board_rank and is_judged(draft, incident)
    if not (at_the_end and severe and incident.is_open and incident.board_told_at is None):
        return
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


def _check_executive(draft: Draft) -> None:
    """Accept who holds the role at the end of the chain, and operators; a right in the roster is not enough."""
    actor, wanted = draft.event.actor, draft.response.chain[-1].role
    persona = draft.view.get(Persona, actor)
    if authority.is_operator(draft, actor) or (persona is not None and persona.role == wanted):
        return
    hint = "prismfs roster list says who does; --as NAME"
    raise ForbiddenError("not_executive", f"{actor} does not hold the role {wanted}", field="/from", hint=hint)


def _tell(draft: Draft, incident: Incident, made: GoNoGo, message: str) -> None:
    said = f"{'Go' if made.go else 'No-go'} by {made.by}: {made.action}\n\nWhy: {made.reason}"
    for name in dict.fromkeys((incident.owner, *incident.assignees)):
        if name.casefold() != made.by.casefold():
            draft.mail(
                name,
                role=f"decided:{name.lower()}",
                type="notification",
                sender=made.by,
                subject=f"{'Go' if made.go else 'No-go'}: {subject_of(incident)}",
                body=said if not message else with_tail(f"To customers:\n\n{message}", said),
                about=incident,
                priority=priority_of(incident.severity),
            )


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
