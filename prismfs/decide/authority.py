"""Who may give which command: the roster and the operators decide, never the name that is claimed."""

from __future__ import annotations

from prismfs.decide.draft import Draft
from prismfs.errors import ForbiddenError
from prismfs.kinds.persona import Persona


def check(draft: Draft, verb: str) -> None:
    """Accept a command of an identity that the roster allows it, or of an operator.

    Raises:
        ForbiddenError: `not_allowed`, naming who may.
    """
    actor = draft.event.actor
    if actor.casefold() in (operator.casefold() for operator in draft.project.operators):
        return
    persona = draft.view.get(Persona, actor)
    if persona is None or not persona.may(verb):
        raise ForbiddenError(
            "not_allowed",
            f"{actor} may not give {verb}",
            field="/from",
            hint="act as an identity whose roster entry lists it: --as NAME",
        )
