"""Messages to the outside: an attempt begins, its receipt comes, nothing is heard of it, it is sent again (R-004-28).

Each family has the rows of its own channels; what holds for all of them is here.
"""

from datetime import timedelta

from prismfs.errors import RefusedError
from prismfs.kinds.core.outbox import Outbox
from prismfs.records.api import Nothing
from prismfs.rules.core.draft import Draft

LOST = ("failed", "dead", "not_configured")
"""States of a message that reached nobody and is not tried again by itself."""

UNHEARD = "nobody wrote down how the attempt ended"

JITTER = timedelta(seconds=1)
"""How much later than planned a message may leave and still count as on time; limits hold to that."""

_OVER = ("sent", "withdrawn", "grouped", "held")


def message_of(draft: Draft) -> Outbox:
    """Return the message that the event is about.

    Raises:
        RefusedError: `not_found`.
    """
    return draft.need(Outbox, str(draft.event.document["id"]))


def is_beginning(draft: Draft) -> bool:
    """Tell whether the event asks to begin an attempt; otherwise it tells how one ended."""
    return draft.event.document["outcome"] == "sending"


def why_no_attempt(message: Outbox) -> Nothing | None:
    """Return why no attempt at `message` begins now, None where one may."""
    return None if message.status in ("pending", "unknown") else Nothing(f"the message is {message.status}", message.id)


def begin(draft: Draft, message: Outbox) -> None:
    """Write down that an attempt at `message` begins; it is unheard of from the end of the policy's lease on."""
    attempts = message.attempts + 1
    on_time = message.planned_at is not None and draft.now - message.planned_at <= JITTER
    draft.subject = draft.put(
        message.changed(
            status="sending", attempts=attempts, planned_at=message.planned_at if on_time else draft.now,
            due_at=draft.now + draft.policy.delivery_lease,
        )
    )  # fmt: skip
    draft.because("begin_delivery", f"{message.action}: attempt {attempts} begins")
    draft.row("outbox.sending", draft.subject, meta={"action": message.action})


def received(draft: Draft, message: Outbox) -> Outbox | Nothing:
    """Return `message` as the receipt of an attempt leaves it, not yet in the plan; Nothing where it says nothing new.

    One that failed for now has the time of its next attempt, or is dead after the last.
    """
    document = draft.event.document
    if message.status in _OVER:
        return Nothing(f"{message.status} already", message.id)
    outcome, detail = str(document["outcome"]), str(document.get("detail") or "")
    number = document.get("attempt")
    number = number if isinstance(number, int) else 0
    if number < message.attempts and outcome != "sent":
        return Nothing("a later attempt was begun", message.id)
    message = message.changed(attempts=max(message.attempts, number))
    if outcome == "sent":
        return message.changed(status="sent", sent_at=draft.now, due_at=None, detail=detail or None)
    if outcome in ("temporary", "unknown"):
        asked = document.get("retry_after")
        wait = timedelta(seconds=asked) if isinstance(asked, int | float) else timedelta()
        return _later(draft, message, "pending" if outcome == "temporary" else "unknown", detail, wait)
    return message.changed(status="failed" if outcome == "permanent" else "not_configured", due_at=None, detail=detail)


def unheard(draft: Draft, message: Outbox) -> Outbox:
    """Return `message` after an attempt whose end was not recorded: it may have arrived, and is sent again.

    The idempotency key stays the same.

    Raises:
        RefusedError: `not_sending`.
    """
    check_sending(message)
    return _later(draft, message, "unknown", UNHEARD, timedelta())


def check_sending(message: Outbox) -> None:
    """Accept a message of which an attempt has begun.

    Raises:
        RefusedError: `not_sending`.
    """
    if message.status != "sending":
        raise RefusedError("not_sending", f"the message is {message.status}", field="/id", hint="prismfs show ID")


def put_received(draft: Draft, message: Outbox) -> None:
    """Put `message` as an attempt left it, and name the decision."""
    draft.subject = draft.put(message)
    waits = message.status in ("pending", "unknown")
    said = "again later" if waits else message.status
    draft.because("deliver", f"{message.action}: attempt {message.attempts}, {said}")


def row_received(draft: Draft, message: Outbox, detail: str) -> None:
    """Write the row of what an attempt at `message` came to."""
    draft.row(
        "outbox.retried" if message.status == "pending" else f"outbox.{message.status}", message,
        level="info" if message.status == "sent" else "warn",
        meta={"action": message.action, "attempts": message.attempts, "about": message.about, "detail": detail},
    )  # fmt: skip


def send_again(draft: Draft, message: Outbox) -> None:
    """Put an undelivered message back into the outbox for another round of attempts."""
    again = message.changed(status="pending", attempts_before=message.attempts, due_at=draft.now, detail=None)
    draft.subject = draft.put(again)
    draft.because("retry", f"{draft.event.actor} asks for another attempt")
    draft.row("outbox.retried", draft.subject, meta={"action": message.action})


def withdrawn(message: Outbox, reason: str) -> Outbox:
    """Return `message` as one that is not needed any more."""
    return message.changed(status="withdrawn", held_by=None, detail=reason, due_at=None)


def _later(draft: Draft, message: Outbox, status: str, detail: str, asked: timedelta) -> Outbox:
    """Return `message` with its next attempt's time, at least as far off as the place asked; dead after the last."""
    waits = draft.policy.delivery_waits
    made = message.attempts - message.attempts_before
    if made > len(waits):
        return message.changed(status="dead", due_at=None, detail=detail)
    return message.changed(status=status, due_at=draft.now + max(waits[made - 1], asked), detail=detail)
