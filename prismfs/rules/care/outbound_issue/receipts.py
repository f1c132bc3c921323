"""What became of the message that files an issue: what keeps it here is asked again before every attempt (R-000-42)."""

from prismfs.errors import RefusedError
from prismfs.kinds.core.outbox import Outbox
from prismfs.records.api import Nothing
from prismfs.rules.care.outbound_issue import sending
from prismfs.rules.core import outbox
from prismfs.rules.core.draft import Draft


def take_receipt(draft: Draft) -> Nothing | None:
    """Let an attempt begin if the issue may leave now, or write down how it ended and what that makes of the issue."""
    message = outbox.message_of(draft)
    if not outbox.is_beginning(draft):
        done = outbox.received(draft, message)
        if isinstance(done, Nothing):
            return done
        _write(draft, done, str(draft.event.document.get("detail") or ""))
        return None
    ended = outbox.why_no_attempt(message)
    if ended is not None:
        return ended
    refused = sending.why_not(draft, message)
    if refused is None:
        outbox.begin(draft, message)
    else:
        _write(draft, message.changed(status="failed", due_at=None, detail=refused), refused)
    return None


def nothing_heard(draft: Draft) -> None:
    """File an issue again whose attempt was never heard of; the transport looks for its marker first."""
    _write(draft, outbox.unheard(draft, outbox.message_of(draft)), outbox.UNHEARD)


def refuse_retry(draft: Draft) -> Nothing | None:
    """Refuse another attempt as it is: an issue is sent anew, past every check.

    Raises:
        RefusedError: `send_anew`.
    """
    message = outbox.message_of(draft)
    if message.status not in outbox.LOST:
        return Nothing(f"the message is {message.status}", message.id)
    hint = f"prismfs phone-home send {message.about}"
    raise RefusedError("send_anew", "what files an issue is checked anew each time", field="/id", hint=hint)


def _write(draft: Draft, message: Outbox, detail: str) -> None:
    outbox.put_received(draft, message)
    outbox.row_received(draft, message, detail)
    sending.note_receipt(draft, message)
