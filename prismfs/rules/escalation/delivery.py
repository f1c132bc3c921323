"""What became of a notice: its attempt begins unless something mutes it, and its receipt is written down (R-004-28)."""

from prismfs.errors import RefusedError
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.records.api import Nothing
from prismfs.rules.core import outbox
from prismfs.rules.core.draft import Draft
from prismfs.rules.escalation import hold, messages, queue, routes, throttle


def take_receipt(draft: Draft) -> Nothing | None:
    """Let an attempt begin, or write down how it ended; one that failed for now gets its next due time."""
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


def _begin(draft: Draft, message: Outbox) -> Nothing | None:
    ended = outbox.why_no_attempt(message)
    if ended is not None:
        return ended
    bead = draft.get(Escalation, message.about)
    held = None if bead is None or message.status != "pending" else hold.held_back(draft, bead, message)
    if held is not None:  # what mutes it began while it waited for its time
        draft.subject = draft.put(held)
        draft.because("hold_back", f"{message.action}: muted meanwhile")
        draft.row("outbox.held", held, reason=draft.reason, meta={"action": message.action, "by": held.held_by})
        return None
    at = throttle.begin_time(draft, message)
    if at > draft.now:
        draft.subject = draft.put(message.changed(planned_at=at, due_at=at, detail="waits for its limit"))
        draft.because("wait_for_limit", f"{message.action}: its limit is reached")
        draft.row("outbox.postponed", draft.subject, reason=draft.reason, meta={"action": message.action})
        return None
    outbox.begin(draft, message)
    return None


def _write(draft: Draft, message: Outbox, detail: str) -> None:
    """Put `message` with its row; it is not sent again once its escalation is acknowledged."""
    bead = draft.get(Escalation, message.about)
    again = message.status in ("pending", "unknown", "dead")
    if again and bead is not None and bead.status != "open":
        message = outbox.withdrawn(message, f"the escalation is {bead.status}")
    outbox.put_received(draft, message)
    outbox.row_received(draft, message, detail)
    if message.status in outbox.LOST:
        queue.check_loss(draft, message)
