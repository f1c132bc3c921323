"""What became of a delivery: the channel's receipt, written down (R-004-28)."""

from __future__ import annotations

from prismfs.decide.draft import Draft
from prismfs.kinds.mail import Mail
from prismfs.kinds.outbox import Outbox
from prismfs.records.plan import Nothing


def record_receipt(draft: Draft) -> Nothing | None:
    """Write down how an attempt ended; one that failed for now gets its next due time, or has failed."""
    document = draft.event.document
    message = draft.need(Outbox, str(document["id"]))
    if message.status == "sent":
        return Nothing("sent already", message.id)
    outcome, detail = document["outcome"], str(document.get("detail") or "")
    attempts = message.attempts + 1
    if outcome == "sent":
        done = message.changed(status="sent", attempts=attempts, sent_at=draft.now, due_at=None, detail=detail or None)
        mail = document.get("record")
        if isinstance(mail, dict):
            draft.put(Mail.from_document(mail))
    elif outcome == "not_configured":
        done = message.changed(status="not_configured", attempts=attempts, due_at=None, detail=detail)
    else:
        waits = draft.policy.delivery_waits
        if outcome == "temporary" and attempts <= len(waits):
            done = message.changed(attempts=attempts, due_at=draft.now + waits[attempts - 1], detail=detail)
        else:
            done = message.changed(status="failed", attempts=attempts, due_at=None, detail=detail)
    draft.subject = draft.put(done)
    again = "again later" if done.status == "pending" else done.status
    draft.settle("deliver", f"{message.action}: attempt {attempts}, {again}")
    draft.row(
        f"outbox.{'retried' if done.status == 'pending' else done.status}",
        done,
        level="info" if done.status == "sent" else "warn",
        reason=draft.reason,
        meta={"action": message.action, "attempts": attempts, "about": message.about, "detail": detail},
    )
    return None
