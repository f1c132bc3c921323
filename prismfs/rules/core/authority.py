"""Who may give which command: the roster and the operators decide, never the name that is claimed."""

from prismfs.errors import ForbiddenError
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.project import Project
from prismfs.records.api import View
from prismfs.rules.core.draft import ENGINE, Draft

UNENDORSED = "protected_unendorsed"
UNENDORSED_MEANS = "protected files stand changed, and no operator answers for it"
UNENDORSED_HINT = "prismfs audit --action protected.unendorsed names the commit: git revert it"

_MOST_ROWS = 10_000
"""Rows about protected files looked at; the time in their ids is that of a commit, which its author chooses."""


def check_name(draft: Draft) -> None:
    """Accept an event unless it claims the engine's own name.

    Raises:
        ForbiddenError: `reserved_identity`; the audit trail must tell the engine's own doing from a claim.
    """
    if draft.event.assurance != "engine" and draft.event.actor.casefold() == ENGINE:
        raise ForbiddenError("reserved_identity", f"{ENGINE} is the engine's own name", field="/from", hint="--as NAME")


def check(draft: Draft, verb: str) -> None:
    """Accept a command of an identity that the roster allows it, or of an operator.

    Raises:
        ForbiddenError: `not_allowed`, naming who may; `protected_unendorsed`.
    """
    check_named(draft, draft.event.actor, verb)


def check_named(draft: Draft, name: str, verb: str) -> None:
    """Accept `verb` of `name`, such as the author of a decision in a commit, in place of the event's actor.

    Raises:
        ForbiddenError: `not_allowed`, naming who may; `protected_unendorsed`.
    """
    check_endorsed(draft)
    if is_operator(draft, name):
        return
    persona = draft.view.get(Persona, name)
    if persona is None or not persona.may(verb):
        raise ForbiddenError(
            "not_allowed",
            f"{name} may not give {verb}",
            field="/from",
            hint="act as an identity whose roster entry lists it: --as NAME",
        )


def check_endorsed(draft: Draft) -> None:
    """Accept the protected files as they are now, unless a signature that they need is missing (R-000-76).

    Raises:
        ForbiddenError: `protected_unendorsed`; no rights can be read from them.
    """
    if not is_endorsed(draft.view):
        raise ForbiddenError(UNENDORSED, UNENDORSED_MEANS, field="/from", hint=UNENDORSED_HINT)


def is_endorsed(view: View) -> bool:
    """Tell whether the protected files as they are now have the endorsement that they need."""
    changed, endorsed = (
        max((row.number for row in view.latest_of(Audit, action, (level,), _MOST_ROWS)), default=0)
        for action, level in (("protected.unendorsed", "error"), ("protected.endorsed", "info"))
    )
    return changed <= endorsed


def check_own(draft: Draft, owner: str) -> None:
    """Accept what only `owner` or an operator may do.

    Raises:
        ForbiddenError: `not_yours`.
    """
    actor = draft.event.actor
    if actor.casefold() != owner.casefold() and not is_operator(draft, actor):
        raise ForbiddenError("not_yours", f"it is {owner}'s and not {actor}'s", field="/from", hint="act as its owner")


def is_identity(view: View, name: str) -> bool:
    """Tell whether `name` is a persona of the roster or an operator, so that its mailbox is read."""
    operators = {operator.casefold() for operator in view.single(Project).operators}
    return view.get(Persona, name) is not None or name.casefold() in operators


def is_operator(draft: Draft, actor: str) -> bool:
    """Tell whether the project's own file names this identity as an operator, in whatever case."""
    return actor.casefold() in (operator.casefold() for operator in draft.project.operators)
