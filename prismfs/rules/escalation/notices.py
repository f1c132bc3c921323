"""Notices, from the routes of an escalation to the receipt: made, enqueued, attempted, withdrawn when not needed.

A message that nothing holds back waits in its group, or is pending from the time on that its limits allow (C-66); its
attempt begins unless something mutes it, and its receipt is written down (R-004-28). When no notice of a level can
reach anybody it is said why, and the escalation goes to the next tier at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from prismfs.errors import RefusedError
from prismfs.kinds.core.actions import form_of_channel
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.records.api import Id, Nothing
from prismfs.rules.core.api import ENGINE, Draft, outbox
from prismfs.rules.escalation import groups, messages, routes, tiers
from prismfs.rules.escalation.hold import Enqueue, Hold, end_inhibiting, held_back

_WITHDRAWABLE = ("held", "pending", "unknown")
_HEARD = ("sent", "sending", "unknown")


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell of an escalation as it is now, and `why`, by the routes that it takes; `named` as in `routes.chosen`."""

    escalation: Id
    why: str
    named: bool = False


def actions_of(draft: Draft, bead: Escalation, *, named: bool = False) -> list[str]:
    """Return the actions that tell of `bead` as it is now; `named` as in `routes.chosen`."""
    return list(routes.chosen(draft.routing, draft.escalation_policy, bead, named=named))


def route(draft: Draft, asked: Notify) -> None:
    """The step that answers `Notify`: one message for each action of the escalation's routes.

    What has not left of an earlier level is in it (C-67).
    """
    bead = draft.need(Escalation, asked.escalation)
    chosen = routes.chosen(draft.routing, draft.escalation_policy, bead, named=asked.named)
    for earlier in _messages_about(draft, bead.id):
        if earlier.action in chosen and earlier.status in ("held", "pending"):
            draft.put(outbox.withdrawn(earlier, "a later level says it"))
    made = tuple(messages.bead_message(draft, bead, action, route, asked.why) for action, route in chosen.items())
    draft.follow(Hold(made, level_of=bead.id))


def release(draft: Draft, holder: Id) -> None:
    """Send the messages that `holder` held; something else may mute them now.

    Of several levels of one escalation only the last is said, as the earlier ones are in it (C-67).
    """
    held = draft.view.all_with_key(Outbox, holder)
    last = {(message.about, message.action): message.level for message in sorted(held, key=lambda each: each.level)}
    released = []
    for message in held:
        if message.level < last[message.about, message.action]:
            draft.put(outbox.withdrawn(message, "a later level says it"))
        else:
            released.append(message)
    draft.follow(Hold(tuple(released)))


def answered(draft: Draft, bead: Escalation) -> None:
    """Withdraw the messages about `bead` that are no longer needed, and wake its groups."""
    for message in _messages_about(draft, bead.id):
        if message.status in _WITHDRAWABLE:
            draft.put(outbox.withdrawn(message, f"the escalation is {bead.status}"))
    groups.wake(draft, bead)
    if bead.status == "closed":
        _tell_end(draft, bead)
        if end_inhibiting(draft, bead):
            release(draft, bead.id)


def _tell_end(draft: Draft, bead: Escalation) -> None:
    """Tell everybody who was told of it that an escalation is over, but who closes it (FD-16).

    What a group has said the group says is over, where its route wants that.
    """
    about = [bead.id] if bead.related is None else [bead.id, bead.related]
    heard = [each for each in _messages_about(draft, bead.id) if each.status in _HEARD and not messages.is_over(each)]
    told = {each.action for each in heard if form_of_channel(each.channel).reaches != "place"}
    told |= {f"mail:{mail.to}" for name in about for mail in draft.view.with_ref(Mail, name) if mail.sender == ENGINE}
    for action in sorted(told - {f"mail:{draft.event.actor}"}):
        messages.over_message(draft, bead, action)


def enqueue(draft: Draft, asked: Enqueue) -> None:
    """The step that answers `Enqueue`: each message waits in its group, waits for its limit, or may leave.

    An escalation whose routes are of `bead` alone is meant to tell nobody.
    """
    queued = []
    for message in asked.messages:
        bead = draft.need(Escalation, message.about)
        route = routes.by_name(draft.routing, message.route)
        queued.append(draft.put(groups.join(draft, bead, message, route) or messages.ready(draft, message)))
    if asked.level_of is not None and queued and all(message.status in outbox.LOST for message in queued):
        _go_on(draft, draft.need(Escalation, asked.level_of), queued)


def note_receipt(draft: Draft) -> Nothing | None:
    """Begin an attempt, or record how it ended; one that failed for now gets its next due time."""
    message = outbox.message_of(draft)
    if outbox.is_beginning(draft):
        return _begin(draft, message)
    done = outbox.received(draft, message)
    if isinstance(done, Nothing):
        return done
    mail = draft.event.document.get("record")
    if done.status == "sent" and isinstance(mail, dict) and message.channel == "mail":
        draft.put(Mail.from_document(mail))
    _write(draft, done, str(draft.event.document.get("detail") or ""))
    return None


def nothing_heard(draft: Draft) -> None:
    """Send a notice again whose attempt was never heard of, such as of a process that was killed."""
    _write(draft, outbox.unheard(draft, outbox.message_of(draft)), outbox.UNHEARD)


def send_again(draft: Draft) -> Nothing | None:
    """Put a notice that was given up, or had no contact, back into the outbox; it goes where the settings say now.

    Raises:
        RefusedError: `not_configured`, naming what the settings lack.
    """
    message = outbox.message_of(draft)
    if message.status not in outbox.LOST:
        return Nothing(f"the message is {message.status}", message.id)
    lacking = messages.lacks(draft.view, message.action)
    if lacking:
        raise RefusedError("not_configured", lacking, field="/id", hint="set it in settings/ and commit")
    outbox.send_again(draft, message.changed(target=routes.target_of(message.action, draft.escalation_policy)))
    return None


def _messages_about(draft: Draft, identifier: Id) -> list[Outbox]:
    return [draft.get(Outbox, message.id) or message for message in draft.view.with_ref(Outbox, identifier)]


def _check_loss(draft: Draft, message: Outbox) -> None:
    """Hand on the escalation of a message that was given up, if it was the last hope of its level."""
    bead = draft.get(Escalation, message.about)
    if bead is None or bead.status != "open":
        return
    level = [each for each in _messages_about(draft, bead.id) if each.level == message.level]
    if all(each.status in outbox.LOST for each in level):
        _go_on(draft, bead, level)


def _reason_of(draft: Draft, message: Outbox) -> str:
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
        "escalation.unreachable", bead, level="error",
        reason=said + (f"; goes on to {tier}" if tier else "; there is no further tier"),
        meta={message.action: _reason_of(draft, message) for message in told},
    )  # fmt: skip
    if tier is not None:
        tiers.hand_on(draft, bead, tier, by=ENGINE, because=said)


def _begin(draft: Draft, message: Outbox) -> Nothing | None:
    ended = outbox.why_no_attempt(message)
    if ended is not None:
        return ended
    bead = draft.get(Escalation, message.about)
    may_be_held = bead is not None and message.status == "pending" and not messages.is_over(message)
    held = held_back(draft, bead, message) if bead is not None and may_be_held else None
    if held is not None:  # what mutes it began while it waited for its time
        draft.subject = draft.put(held)
        draft.because("hold_back", f"{message.action}: muted meanwhile")
        draft.row("outbox.held", held, meta={"action": message.action, "by": held.held_by})
        return None
    at = messages.begin_time(draft, message)
    if at > draft.now:
        draft.subject = draft.put(message.changed(planned_at=at, due_at=at, detail="waits for its limit"))
        draft.because("wait_for_limit", f"{message.action}: its limit is reached")
        draft.row("outbox.postponed", draft.subject, meta={"action": message.action})
        return None
    outbox.begin(draft, message)
    return None


def _write(draft: Draft, message: Outbox, detail: str) -> None:
    """Put `message` with its row; it is not sent again once its escalation is acknowledged."""
    bead = draft.get(Escalation, message.about)
    again = message.status in ("pending", "unknown", "dead")
    if again and bead is not None and bead.status != "open" and not messages.is_over(message):
        message = outbox.withdrawn(message, f"the escalation is {bead.status}")
    outbox.put_received(draft, message)
    outbox.row_received(draft, message, detail)
    if message.status in outbox.LOST:
        _check_loss(draft, message)
