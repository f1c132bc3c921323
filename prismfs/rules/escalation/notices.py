"""Telling of an escalation: one message for each action of each route, and the stages that each passes.

A message is in the plan from the first moment on; what a stage keeps back stays `held`, with what holds it.
"""

from __future__ import annotations

from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.settings.routing import Route
from prismfs.kinds.work.bead import Escalation
from prismfs.records.ids import Id
from prismfs.rules.core.draft import Draft
from prismfs.rules.escalation import groups, hold, messages, routes

_WITHDRAWABLE = ("held", "pending", "unknown")


def notify(draft: Draft, bead: Escalation) -> tuple[Outbox, ...]:
    """Put one message for each action of the bead's routes into the plan, and return them.

    An action that several routes have is taken once a level (C-68); what has not left of an earlier level is in it
    (C-67).
    """
    chosen: dict[str, Route] = {}
    for route in routes.matched(draft.routing, bead.match_labels):
        for action in routes.actions_of(route, draft.escalation_policy.routes, bead.severity.rank):
            chosen.setdefault(action, route)
    for earlier in draft.view.with_ref(Outbox, bead.id):
        earlier = draft.get(Outbox, earlier.id) or earlier
        if earlier.action in chosen and earlier.status in ("held", "pending"):
            draft.put(messages.withdrawn(earlier, "a later level says it"))
    return tuple(
        draft.put(pass_stages(draft, bead, messages.bead_message(draft, bead, action, route), route))
        for action, route in chosen.items()
    )


def pass_stages(draft: Draft, bead: Escalation, message: Outbox, route: Route) -> Outbox:
    """Return the message as the stages leave it. Their order is this:

    answered (nobody need be told any more), silenced, inhibited, grouped, then contact and limits.
    """
    if bead.status != "open":
        return messages.withdrawn(message, f"the escalation is {bead.status}")
    held = hold_back(draft, bead, message)
    if held is not None:
        return held
    return groups.join(draft, bead, message, route) or messages.ready(draft, message)


def hold_back(draft: Draft, bead: Escalation, message: Outbox) -> Outbox | None:
    """Return the message as held by what mutes `bead` now, None where nothing does."""
    holder = hold.silenced(draft, bead) or hold.inhibited(draft, bead)
    if holder is None:
        return None
    return message.changed(status="held", held_by=holder[0], detail=holder[1], due_at=None)


def release(draft: Draft, holder: Id) -> tuple[Outbox, ...]:
    """Send the messages that `holder` kept back through the stages again; return what became of them.

    Of several levels of one escalation only the last is said, as the earlier ones are in it (C-67).
    """
    held = draft.view.all_with_key(Outbox, holder)
    last = {(message.about, message.action): message.level for message in sorted(held, key=lambda each: each.level)}
    return tuple(draft.put(_go_on(draft, message, last)) for message in held)


def answered(draft: Draft, bead: Escalation) -> None:
    """Take back what nobody need be told of `bead` any more, and let its groups know."""
    for message in draft.view.with_ref(Outbox, bead.id):
        message = draft.get(Outbox, message.id) or message
        if message.status in _WITHDRAWABLE:
            draft.put(messages.withdrawn(message, f"the escalation is {bead.status}"))
    groups.wake(draft, bead)
    if bead.status == "closed" and hold.end_inhibiting(draft, bead):
        release(draft, bead.id)


def _go_on(draft: Draft, message: Outbox, last: dict[tuple[Id, str], int]) -> Outbox:
    if message.level < last[message.about, message.action]:
        return messages.withdrawn(message, "a later level says it")
    bead = draft.need(Escalation, message.about)
    return pass_stages(draft, bead, message, routes.by_name(draft.routing, message.route))
