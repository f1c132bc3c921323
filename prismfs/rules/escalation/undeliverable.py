"""When a notice reaches nobody: it is said why, and the escalation goes to the next tier at once (C-66)."""

from __future__ import annotations

from collections.abc import Sequence

from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.work.bead import Escalation
from prismfs.rules.core.draft import ENGINE, Draft
from prismfs.rules.escalation import tiers

_LOST = ("failed", "dead", "not_configured")


def check_notices(draft: Draft, bead: Escalation, messages: Sequence[Outbox]) -> Escalation:
    """Hand `bead` on where none of the messages of its level can reach anybody; return it as it is then.

    A route of `bead` alone is meant to tell nobody.
    """
    if not messages or any(message.status not in _LOST for message in messages):
        return draft.get(Escalation, bead.id) or bead
    return _go_on(draft, bead, messages)


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
    if all(each.status in _LOST for each in level):
        _go_on(draft, bead, level)


def reason_of(draft: Draft, message: Outbox) -> str:
    """Return in a word why a message reached nobody: nobody assigned, channel disabled or send failed."""
    if message.status != "not_configured":
        return "send_failed"
    contacts = draft.escalation_policy.contacts
    nobody = {"mail": True, "nudge": True, "email": not contacts.human_email, "sms": not contacts.human_sms}
    return "nobody_assigned" if nobody.get(message.channel) else "channel_disabled"


def _go_on(draft: Draft, bead: Escalation, messages: Sequence[Outbox]) -> Escalation:
    bead = draft.get(Escalation, bead.id) or bead
    tier = tiers.next_tier(draft, bead)
    said = "no notice of this level reached anybody"
    draft.row(
        "escalation.unreachable",
        bead,
        level="error",
        reason=said + (f"; goes on to {tier}" if tier else "; there is no further tier"),
        meta={message.action: reason_of(draft, message) for message in messages},
    )
    if tier is None:
        return bead
    return tiers.hand_on(draft, bead, tier, by=ENGINE, because=said)
