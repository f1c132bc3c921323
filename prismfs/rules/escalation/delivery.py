"""What became of a delivery: handed to its channel, the channel's receipt, or nothing heard (R-004-28)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from prismfs.errors import RefusedError
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.work.bead import Escalation
from prismfs.records.plan import Nothing
from prismfs.rules.care import bridge
from prismfs.rules.care.outbound_issue import sending
from prismfs.rules.core.draft import Draft
from prismfs.rules.escalation import messages, notices, routes, throttle, undeliverable
from prismfs.rules.response.jobs import attempts as attempt
from prismfs.rules.response.jobs import retry

_LOST = ("failed", "dead", "not_configured")

_FOLLOWED: dict[str, Callable[[Draft, Outbox], None]] = {
    bridge.CHANNEL: bridge.note_receipt,
    sending.CHANNEL: sending.note_receipt,
}
"""Channels whose receipts change more than the message: the rule that follows each."""

_GUARDED: dict[str, Callable[[Draft, Outbox], str | None]] = {sending.CHANNEL: sending.why_not}
"""Channels that carry only what a rule, asked before every attempt, lets leave."""


def record_receipt(draft: Draft) -> Nothing | None:
    """Write down that an attempt begins, or how it ended; one that failed for now gets its next due time."""
    document = draft.event.document
    message = draft.need(Outbox, str(document["id"]))
    if message.status in ("sent", "withdrawn", "grouped", "held"):
        return Nothing(f"{message.status} already", message.id)
    outcome, detail = str(document["outcome"]), str(document.get("detail") or "")
    if message.channel == retry.CHANNEL:  # an attempt at a job is carried once, whatever becomes of it
        return attempt.begin(draft, message) if outcome == "sending" else attempt.record(draft, message)
    if outcome == "sending":
        return _begin(draft, message)
    number = document.get("attempt")
    number = number if isinstance(number, int) else 0
    if number < message.attempts and outcome != "sent":
        return Nothing("a later attempt was begun", message.id)
    message = message.changed(attempts=max(message.attempts, number))
    if outcome == "sent":
        done = message.changed(status="sent", sent_at=draft.now, due_at=None, detail=detail or None)
        mail = document.get("record")
        if isinstance(mail, dict) and message.channel == "mail":
            draft.put(Mail.from_document(mail))
    elif outcome in ("temporary", "unknown"):
        asked = document.get("retry_after")
        wait = timedelta(seconds=asked) if isinstance(asked, int | float) else timedelta()
        done = _later(draft, message, "pending" if outcome == "temporary" else "unknown", detail, wait)
    else:
        status = "failed" if outcome == "permanent" else "not_configured"
        done = message.changed(status=status, due_at=None, detail=detail)
    _write(draft, done, detail)
    return None


def nothing_heard(draft: Draft) -> None:
    """An attempt whose end nobody wrote down, such as of a process that was killed: it may have arrived.

    It is made again with the same idempotency key; an attempt at a job is not.
    """
    message = draft.need(Outbox, str(draft.event.document["id"]))
    if message.status != "sending":
        raise RefusedError("not_sending", f"the message is {message.status}", field="/id", hint="prismfs show ID")
    if message.channel == retry.CHANNEL:
        attempt.unheard(draft, message)
        return
    detail = attempt.UNHEARD
    _write(draft, _later(draft, message, "unknown", detail, timedelta()), detail)


def send_again(draft: Draft) -> Nothing | None:
    """Put a message that was given up, or had no contact, back into the outbox; the next delivery takes it."""
    message = draft.need(Outbox, str(draft.event.document["id"]))
    if message.channel == retry.CHANNEL:
        raise RefusedError(
            "made_once", "an attempt at a job is made once", field="/id", hint=f"prismfs run {message.target}"
        )
    if message.status not in _LOST:
        return Nothing(f"the message is {message.status}", message.id)
    if message.channel in _GUARDED:
        hint = f"prismfs phone-home send {message.about}"
        raise RefusedError("send_anew", "what files an issue is checked anew each time", field="/id", hint=hint)
    followed = message.channel in _FOLLOWED
    lacking = None if followed else messages.lacks(draft.view, message.action)
    if lacking:
        raise RefusedError("not_configured", lacking, field="/id", hint="set it in settings/ and commit")
    again = message.changed(
        status="pending",
        target=message.target
        if message.channel in _FOLLOWED
        else routes.target_of(message.action, draft.escalation_policy),
        attempts_before=message.attempts,
        due_at=draft.now,
        detail=None,
    )
    draft.subject = draft.put(again)
    draft.because("retry", f"{draft.event.actor} asks for another attempt")
    draft.row("outbox.retried", draft.subject, reason=draft.reason, meta={"action": message.action})
    return None


def _begin(draft: Draft, message: Outbox) -> Nothing | None:
    if message.status not in ("pending", "unknown"):
        return Nothing(f"the message is {message.status}", message.id)
    refused = _GUARDED[message.channel](draft, message) if message.channel in _GUARDED else None
    if refused is not None:
        _write(draft, message.changed(status="failed", due_at=None, detail=refused), refused)
        return None
    bead = draft.get(Escalation, message.about)
    held = None if bead is None or message.status != "pending" else notices.hold_back(draft, bead, message)
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
    attempts = message.attempts + 1
    on_time = message.planned_at is not None and draft.now - message.planned_at <= throttle.JITTER
    draft.subject = draft.put(
        message.changed(
            status="sending",
            attempts=attempts,
            planned_at=message.planned_at if on_time else draft.now,
            due_at=draft.now + draft.policy.delivery_lease,
        )
    )
    draft.because("begin_delivery", f"{message.action}: attempt {attempts} begins")
    draft.row("outbox.sending", draft.subject, reason=draft.reason, meta={"action": message.action})
    return None


def _later(draft: Draft, message: Outbox, status: str, detail: str, asked: timedelta) -> Outbox:
    """Return `message` with its next attempt's time, at least as far off as the place asked; dead after the last.

    When somebody has the escalation by now there is no further attempt.
    """
    bead = draft.get(Escalation, message.about)
    if bead is not None and bead.status != "open":
        return messages.withdrawn(message, f"the escalation is {bead.status}")
    waits = draft.policy.delivery_waits
    made = message.attempts - message.attempts_before
    if made > len(waits):
        return message.changed(status="dead", due_at=None, detail=detail)
    return message.changed(status=status, due_at=draft.now + max(waits[made - 1], asked), detail=detail)


def _write(draft: Draft, message: Outbox, detail: str) -> None:
    draft.subject = draft.put(message)
    waits = message.status in ("pending", "unknown")
    draft.because(
        "deliver", f"{message.action}: attempt {message.attempts}, {'again later' if waits else message.status}"
    )
    if message.channel == bridge.CHANNEL and message.status == "sent":
        bridge.note_receipt(draft, message)
        if draft.has_rows:  # what crossed has a row of its own
            return
    draft.row(
        "outbox.retried" if message.status == "pending" else f"outbox.{message.status}",
        message,
        level="info" if message.status == "sent" else "warn",
        reason=draft.reason,
        meta={"action": message.action, "attempts": message.attempts, "about": message.about, "detail": detail},
    )
    if message.channel in _FOLLOWED:
        _FOLLOWED[message.channel](draft, message)
    elif message.status in _LOST:
        undeliverable.check_loss(draft, message)
