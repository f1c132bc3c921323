"""Who does what in an incident: the commander and the other roles of the settings, handed over by name (R-003-07).

The chain of people says who owns an incident; a role says who does something in it now. The holder of the role that
leads has the incident: a hand-over at the change of a shift moves it, and leaves when it was first answered.
"""

from collections.abc import Iterable

from prismfs.errors import RefusedError
from prismfs.kinds.response.incident import MOST_ROLES, Incident, RoleHeld
from prismfs.kinds.response.settings.response import Role
from prismfs.records.api import Identity, JsonValue, Nothing, Text, Value, Word
from prismfs.rules.core.api import Draft, authority
from prismfs.rules.core.road import Row, Table
from prismfs.rules.response import facts
from prismfs.rules.response.severity import responded
from prismfs.rules.response.status import with_note


class HandOver(Value):
    """What `incident hand-over` says: the role (by default the one that leads), who has it now, and whose it was.

    Without `to` nobody takes the place of `leaving`.
    """

    role: Word | None = None
    to: Identity | None = None
    leaving: Identity | None = None
    note: Text | None = None


def hand_over(draft: Draft) -> Nothing | None:
    """Give a role in an incident to somebody, who is told, as is whoever had it.

    Raises:
        RefusedError: `not_found`, `already_closed`, `unknown_role`, `unknown_identity`, `nobody_named`,
            `too_many_roles`, `too_many_notes`.
        RecordError: what the form refuses; with the field.
    """
    incident, document = facts.incident_of(draft), draft.event.document
    if incident.status in facts.ENDED:
        raise RefusedError("already_closed", f"the incident is {incident.status}", field="/id", hint="incident note ID")
    form = HandOver.from_document({name: document[name] for name in HandOver.model_fields if document.get(name)})
    role = _role(draft.response.roles, form.role)
    if form.to is not None and not authority.is_identity(draft.view, form.to):
        hint = "prismfs roster list names them"
        raise RefusedError("unknown_identity", f"{form.to} is nobody in this project's roster", field="/to", hint=hint)
    before = _holders(incident, role)
    leaving = [name for name in before if _is_one(name, [form.leaving] if role.many else before)]
    if form.to is None and (form.leaving is None or not _is_one(form.leaving, before)):
        raise RefusedError("nobody_named", f"nobody of that name is {role.role}", field="/to", hint="--to NAME")
    if form.to is not None and _is_one(form.to, before) and not _is_one(form.leaving, before):
        return Nothing(f"{form.to} is {role.role} already", incident.id)
    incident = responded(draft, incident) if incident.is_open else incident
    kept = tuple(each for each in incident.roles if each.role != role.role or not _is_one(each.identity, leaving))
    given: tuple[RoleHeld, ...] = ()
    if form.to is not None:
        given = (RoleHeld(role=role.role, identity=form.to, since=draft.now, by=draft.event.actor, leads=role.leads),)
    if len(kept) + len(given) > MOST_ROLES:
        raise RefusedError("too_many_roles", f"{MOST_ROLES} have a role in it already", field="/to", hint="--from NAME")
    incident = incident if form.note is None else with_note(draft, incident, form.note)
    draft.subject = incident = draft.put(incident.changed(roles=(*kept, *given)))
    draft.because("hand_over", f"{draft.event.actor} hands over {role.role}")
    told: dict[str, JsonValue] = {"role": role.role, "from": ", ".join(leaving) or None, "to": form.to}
    facts.add_row(draft, "incident.handed_over", incident, meta=told)
    _tell(draft, incident, role, form, leaving)
    return None


def _role(known: Iterable[Role], name: str | None) -> Role:
    found = next((each for each in known if (each.leads if name is None else each.role == name)), None)
    if found is None:
        names = ", ".join(each.role for each in known)
        raise RefusedError("unknown_role", f"no role {name!r}", field="/role", hint=f"there are: {names}")
    return found


def _holders(incident: Incident, role: Role) -> list[str]:
    """Return who has the role; of the one that leads also who has the incident without a hand-over."""
    held = [each.identity for each in incident.roles if each.role == role.role]
    return [incident.responder] if role.leads else held


def _is_one(name: str | None, names: Iterable[str | None]) -> bool:
    return name is not None and name.casefold() in {each.casefold() for each in names if each is not None}


def _tell(draft: Draft, incident: Incident, role: Role, form: HandOver, leaving: list[str]) -> None:
    """Tell whose the role is now what is asked of them, and whose it was that it is not; nobody of their own act."""
    actor, note = draft.event.actor, form.note or ""
    to = "nobody" if form.to is None else form.to
    tail = f"Incident {incident.id}, severity {incident.severity.label}, is with {incident.responder}.\n\n"
    tail += f"prismfs incident show {incident.id}\n"
    for names, kind, why in (
        ([form.to], "task", f"You are {role.role}: {actor} hands it over to you."),
        (leaving, "notification", f"You are {role.role} no more: {to} is."),
    ):
        facts.mail(
            draft,
            incident,
            [name for name in names if name is not None and name.casefold() != actor.casefold()],
            f"hand_over:{kind}",
            type=kind,
            sender=actor,
            known=draft.event.known(actor),
            subject=f"{role.role.capitalize()}: {facts.subject_of(incident)}",
            body=facts.with_tail(note, f"{why} {tail}"),
        )


TABLE: Table = {("command", "incident.hand_over"): Row((hand_over,))}
