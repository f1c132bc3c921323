"""Notices: an escalation is told of by its routes, and what is not needed any more is withdrawn."""

from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.records.api import Id
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.outbox import withdrawn
from prismfs.rules.escalation import groups, hold, messages, routes
from prismfs.rules.escalation.follow_ups import Hold, Notify

_WITHDRAWABLE = ("held", "pending", "unknown")


def actions_of(draft: Draft, bead: Escalation) -> list[str]:
    """Return the actions that tell of `bead` as it is now."""
    return list(routes.chosen(draft.routing, draft.escalation_policy, bead))


def route(draft: Draft, asked: Notify) -> None:
    """The step that answers `Notify`: one message for each action of the escalation's routes.

    What has not left of an earlier level is in it (C-67).
    """
    bead = draft.need(Escalation, asked.escalation)
    chosen = routes.chosen(draft.routing, draft.escalation_policy, bead)
    for earlier in _messages_about(draft, bead.id):
        if earlier.action in chosen and earlier.status in ("held", "pending"):
            draft.put(withdrawn(earlier, "a later level says it"))
    made = tuple(messages.bead_message(draft, bead, action, route) for action, route in chosen.items())
    draft.follow(Hold(made, level_of=bead.id))


def release(draft: Draft, holder: Id) -> None:
    """Let the messages go on that `holder` kept back; something else may mute them now.

    Of several levels of one escalation only the last is said, as the earlier ones are in it (C-67).
    """
    held = draft.view.all_with_key(Outbox, holder)
    last = {(message.about, message.action): message.level for message in sorted(held, key=lambda each: each.level)}
    released = []
    for message in held:
        if message.level < last[message.about, message.action]:
            draft.put(withdrawn(message, "a later level says it"))
        else:
            released.append(message)
    draft.follow(Hold(tuple(released)))


def answered(draft: Draft, bead: Escalation) -> None:
    """Withdraw what need not be told of `bead` any more, and let its groups know."""
    for message in _messages_about(draft, bead.id):
        if message.status in _WITHDRAWABLE:
            draft.put(withdrawn(message, f"the escalation is {bead.status}"))
    groups.wake(draft, bead)
    if bead.status == "closed" and hold.end_inhibiting(draft, bead):
        release(draft, bead.id)


def _messages_about(draft: Draft, identifier: Id) -> list[Outbox]:
    return [draft.get(Outbox, message.id) or message for message in draft.view.with_ref(Outbox, identifier)]
