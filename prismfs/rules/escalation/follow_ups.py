"""What a step of escalation asks of the next one: the values for `draft.follow` that stay in this family."""

from dataclasses import dataclass

from prismfs.kinds.core.outbox import Outbox
from prismfs.records.api import Id


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell of an escalation as it is now, by the routes that it takes."""

    escalation: Id


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep back those of `messages` that something mutes; let the others go on.

    `level_of` is the escalation whose present level they tell of, None where they were kept back before.
    """

    messages: tuple[Outbox, ...]
    level_of: Id | None = None


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Let `messages` wait in their groups or leave; `level_of` as in `Hold`, None where some were kept back."""

    messages: tuple[Outbox, ...]
    level_of: Id | None = None


@dataclass(frozen=True, slots=True)
class Climb:
    """Hand an escalation on by every conditional hop that is due."""

    escalation: Id
