"""Roles: who does the work of the intake desk and of the incident manager, as `automation` in the roster says."""

from prismfs.kinds.core.settings.persona import Automation, Persona
from prismfs.rules.core import authority
from prismfs.rules.core.draft import ENGINE, Draft

_RULES = Automation()


def automation_of(draft: Draft, name: str) -> Automation:
    """Return how the work of `name` is done: by the rules, where the roster does not list it."""
    persona = draft.view.get(Persona, name)
    return _RULES if persona is None else persona.automation


def owner_of(draft: Draft, lane: str) -> str:
    """Return the owner of `lane`; the first operator where the roster does not know the owner."""
    owner: str = getattr(draft.policy.lanes, lane)
    operators = draft.project.operators
    return owner if authority.is_identity(draft.view, owner) or not operators else operators[0]


def holder_of(draft: Draft, name: str) -> str:
    """Return the persona with the role `name`; else the first operator, else the engine."""
    held = draft.view.latest_of(Persona, name, ("",), 1)
    return held[0].identity if held else next(iter(draft.project.operators), ENGINE)
