"""Who may give which command, who is who, and who does whose work.

The roster and the operators decide, never the name that is claimed. Who is a bridge stands in the event's `tenant`,
which the engine takes from the home project's protected roster: no word of a payload, a persona file or a prompt makes
one (R-000-76). Who does the work of the intake desk and of the incident manager stands in the roster as `automation`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from prismfs.errors import ForbiddenError, RefusedError
from prismfs.kinds.core.settings.persona import Automation, Persona
from prismfs.kinds.core.settings.project import Project
from prismfs.records.api import ENGINE, View
from prismfs.rules.core.draft import Draft

_RULES = Automation()


def check_name(draft: Draft) -> None:
    """Accept an event unless it claims a name that a claim does not give: an engine's, or one that has rights here.

    Raises:
        ForbiddenError: `reserved_identity`, an engine's own name; `unproven_identity`, a file from somebody who has
            rights, without a proof that it is.
    """
    name = draft.event.actor
    if draft.event.assurance != "engine" and (name.casefold() == ENGINE or is_engine(draft.view, name)):
        raise ForbiddenError(
            "reserved_identity", f"{name.casefold()} is the engine's own name", field="/from", hint="--as NAME"
        )
    if not is_proven(draft) and has_rights(draft, name):
        raise ForbiddenError(
            "unproven_identity", f"{name} has rights here, and this file only claims to be from {name}", field="/from",
            hint="prismfs emit --sign KEY FILE with a key of its roster entry, or give the command",
        )  # fmt: skip


def is_proven(draft: Draft) -> bool:
    """Tell whether the event's actor is known to be who it says, as this project's `trust` counts it."""
    how = draft.event.assurance
    return how in ("local", "signed", "engine") or (how == "owner" and draft.project.trust == "local")


def has_rights(draft: Draft, name: str) -> bool:
    """Tell whether more is open to `name` than to everybody: an operator, a bridge, a persona with authority."""
    persona = draft.view.get(Persona, name)
    if persona is not None and (persona.authority or persona.persona_class == "bridge"):
        return True
    tenant = draft.event.document.get("tenant")
    bridges = tenant.get("bridges") if isinstance(tenant, dict) else None
    named = (*draft.project.operators, *draft.project.bridges, *(bridges if isinstance(bridges, list) else ()))
    return name.casefold() in (str(each).casefold() for each in named)


def check(draft: Draft, verb: str, *, by: str | None = None) -> None:
    """Accept a command of an identity that the roster allows it, or of an operator.

    `by` is who counts in place of the event's actor, such as the author of a decision in a commit.

    Raises:
        ForbiddenError: `not_allowed`, naming who may.
    """
    name = draft.event.actor if by is None else by
    if not may(draft, name, verb):
        raise ForbiddenError(
            "not_allowed", f"{name} may not give {verb}", field="/from",
            hint="act as an identity whose roster entry lists it: --as NAME",
        )  # fmt: skip


def may(draft: Draft, name: str, verb: str) -> bool:
    """Tell whether `name` is an operator, or has a roster entry that lists `verb`."""
    persona = draft.view.get(Persona, name)
    return is_operator(draft, name) or (persona is not None and persona.may(verb))


def check_own(draft: Draft, owner: str) -> None:
    """Accept what only `owner` or an operator may do.

    Raises:
        ForbiddenError: `not_yours`.
    """
    actor = draft.event.actor
    if actor.casefold() != owner.casefold() and not is_operator(draft, actor):
        raise ForbiddenError("not_yours", f"it is {owner}'s and not {actor}'s", field="/from", hint="act as its owner")


def is_identity(view: View, name: str) -> bool:
    """Tell whether `name` is a persona of the roster or an operator, so that its mailbox is read; an engine is none."""
    persona = view.get(Persona, name)
    if persona is not None:
        return persona.persona_class != "engine"
    return name.casefold() in {operator.casefold() for operator in view.single(Project).operators}


def is_engine(view: View, name: str) -> bool:
    """Tell whether `name` is the entry of a clone's engine."""
    persona = view.get(Persona, name)
    return persona is not None and persona.persona_class == "engine"


def is_operator(draft: Draft, actor: str) -> bool:
    """Tell whether the project's own file names this identity as an operator, in whatever case."""
    return actor.casefold() in (operator.casefold() for operator in draft.project.operators)


def check_protected(draft: Draft, what: str, *, hint: str) -> None:
    """Accept a command that changes `what`, a protected file: an operator's, where nobody has to sign.

    Raises:
        ForbiddenError: `not_allowed`; `signature_required`, with the `hint` at what writes the file to be signed.
    """
    actor = draft.event.actor
    if not is_operator(draft, actor):
        said = f"{actor} is no operator, and {what} is theirs to change"
        raise ForbiddenError("not_allowed", said, field="/from", hint="--as OPERATOR")
    if draft.project.trust == "signed":
        said = f"this project counts only signed changes of {what} (trust: signed)"
        raise ForbiddenError("signature_required", said, field="/from", hint=hint)


@dataclass(frozen=True, slots=True)
class Tenancy:
    """What the engine knows of the tenant at the time of an event: its home, its bridges, the projects in question.

    `targets` maps the project ids that the signal may go to, so far as they exist, to the tenant that each claims.
    """

    home: str | None
    bridges: frozenset[str]
    targets: Mapping[str, str]

    def is_bridge(self, name: str) -> bool:
        """Tell whether `name` is a bridge of the home project, in whatever case."""
        return name.casefold() in self.bridges


def tenancy_of(draft: Draft) -> Tenancy:
    """Return the tenant as the event shows it; one without projects where the engine named none."""
    found = draft.event.document.get("tenant")
    found = found if isinstance(found, dict) else {}
    home, bridges, targets = found.get("home"), found.get("bridges"), found.get("targets")
    return Tenancy(
        home=home if isinstance(home, str) else None,
        bridges=frozenset(str(name).casefold() for name in bridges) if isinstance(bridges, list) else frozenset(),
        targets={pid: str(tenant) for pid, tenant in targets.items()} if isinstance(targets, dict) else {},
    )


def check_addressee(draft: Draft, to: str) -> None:
    """Accept a persona of the roster or an operator as the addressee of a signal or a mail (R-000-66).

    Raises:
        RefusedError: `unknown_identity`.
    """
    if not is_identity(draft.view, to):
        raise unknown_addressee()


def is_own_bridge(draft: Draft, name: str) -> bool:
    """Tell whether `name` is a bridge of this project: by its roster and by the allow-list of its own file."""
    project, persona = draft.project, draft.view.get(Persona, name)
    listed = name.casefold() in (bridge.casefold() for bridge in project.bridges)
    return project.is_home and listed and persona is not None and persona.persona_class == "bridge"


def unknown_addressee() -> RefusedError:
    """Return the refusal of an addressee that the roster does not know."""
    return RefusedError(
        "unknown_identity", "is addressed to nobody in this project's roster", field="/to",
        hint="prismfs whois names them",
    )  # fmt: skip


def automation_of(draft: Draft, name: str) -> Automation:
    """Return how the work of `name` is done: by the rules, where the roster does not list it."""
    persona = draft.view.get(Persona, name)
    return _RULES if persona is None else persona.automation


def owner_of(draft: Draft, lane: str) -> str:
    """Return the owner of `lane`; the first operator where the roster does not know the owner."""
    owner: str = getattr(draft.policy.lanes, lane)
    operators = draft.project.operators
    return owner if is_identity(draft.view, owner) or not operators else operators[0]


def holder_of(draft: Draft, name: str) -> str:
    """Return the persona with the role `name`; else the first operator, else the engine."""
    held = draft.view.latest_of(Persona, name, ("",), 1)
    return held[0].identity if held else next(iter(draft.project.operators), ENGINE)
