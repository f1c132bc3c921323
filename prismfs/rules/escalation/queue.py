"""The queue of notices: in its group, or pending from the time that its limits allow; and what is undeliverable (C-66).

When no notice of a level can reach anybody it is said why, and the escalation goes to the next tier at once.
"""

from collections.abc import Sequence

from prismfs.kinds.core.actions import form_of_channel
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.rules.core.draft import ENGINE, Draft
from prismfs.rules.core.outbox import LOST
from prismfs.rules.escalation import groups, messages, routes, tiers
from prismfs.rules.escalation.follow_ups import Enqueue


def enqueue(draft: Draft, asked: Enqueue) -> None:
    """The step that answers `Enqueue`: each message waits in its group, waits for its limit, or may leave.

    An escalation whose routes are of `bead` alone is meant to tell nobody.
    """
    queued = []
    for message in asked.messages:
        bead = draft.need(Escalation, message.about)
        route = routes.by_name(draft.routing, message.route)
        queued.append(draft.put(groups.join(draft, bead, message, route) or messages.ready(draft, message)))
    if asked.level_of is not None and queued and all(message.status in LOST for message in queued):
        _go_on(draft, draft.need(Escalation, asked.level_of), queued)


def check_loss(draft: Draft, message: Outbox) -> None:
    """Hand on the escalation of a message that was given up, if it was the last hope of its level."""
    bead = draft.get(Escalation, message.about)
    if bead is None or bead.status != "open":
        return
    level = [
        draft.get(Outbox, each.id) or each
        for each in draft.view.with_ref(Outbox, bead.id)
        if each.level == message.level
    ]
    if all(each.status in LOST for each in level):
        _go_on(draft, bead, level)


def reason_of(draft: Draft, message: Outbox) -> str:
    """Return in a word why a message was undeliverable: nobody assigned, channel disabled or send failed."""
    if message.status != "not_configured":
        return "send_failed"
    form = form_of_channel(message.channel)
    unassigned = form.reaches == "persona" or routes.address_of(form, draft.escalation_policy) == ""
    return "nobody_assigned" if unassigned else "channel_disabled"


def _go_on(draft: Draft, bead: Escalation, told: Sequence[Outbox]) -> None:
    tier = tiers.next_tier(draft, bead)
    said = "no notice of this level reached anybody"
    draft.row(
        "escalation.unreachable",
        bead,
        level="error",
        reason=said + (f"; goes on to {tier}" if tier else "; there is no further tier"),
        meta={message.action: reason_of(draft, message) for message in told},
    )
    if tier is not None:
        tiers.hand_on(draft, bead, tier, by=ENGINE, because=said)
