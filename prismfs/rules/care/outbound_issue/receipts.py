"""Receipts of the message that files an issue, and the state that each gives the issue (R-000-34).

What keeps it here is asked again before every attempt (R-000-42). A transport that only shows what it would file
leaves the approval as it was.
"""

from prismfs.errors import RefusedError
from prismfs.kinds.care.phone_home import PhoneHome, content_hash
from prismfs.kinds.core.outbox import Outbox
from prismfs.records.api import JsonValue, Nothing
from prismfs.rules.care.outbound_issue import approval_request, destination
from prismfs.rules.care.outbound_issue.checks import OPERATOR_REVIEW_REQUIRED, why_no_approval
from prismfs.rules.care.outbound_issue.sending import issue_of
from prismfs.rules.core.api import Draft, outbox

CREATE_FAILED = "phone_home_issue_create_failed"


def note_receipt(draft: Draft) -> Nothing | None:
    """Begin an attempt if the issue may leave now, or record how it ended and the issue's new state."""
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
    refused = _why_not(draft, message)
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
    _note(draft, message)


def _why_not(draft: Draft, message: Outbox) -> str | None:
    """Return why the tracker's channel may not carry `message`, None where it may; asked before every attempt.

    A message that was not made by sending an approved record, or was changed since, never leaves.
    """
    record = draft.get(PhoneHome, message.about)
    if record is None or record.status != "shipping":
        return "it tells of nothing that is to leave"
    said = content_hash(
        title=message.subject,
        body=message.body,
        scope=record.scope,
        retained=record.retained_sensitive_fields,
        destination=message.target,
        facts=message.expected or None,
    )
    if said != record.content_hash:
        return "the message was changed after its approval"
    return why_no_approval(draft, record) or destination.why_public(draft.view, record)


def _note(draft: Draft, message: Outbox) -> None:
    """Record the result of an attempt: filed, shown only, failed, or to be tried again (R-000-34)."""
    record = draft.get(PhoneHome, message.about)
    if record is None or record.status != "shipping":
        return
    found = draft.event.document.get("record")
    told = found if isinstance(found, dict) else {}
    if message.status == "sent":
        _shown_only(draft, record, message) if told.get("dry_run") else _shipped(draft, record, told)
        return
    refused = draft.event.document.get("outcome") == "sending"
    code = str(told.get("code") or (OPERATOR_REVIEW_REQUIRED if refused else CREATE_FAILED))
    if message.status not in ("failed", "dead", "not_configured"):
        draft.put(record.changed(code=code, detail=message.detail))
        return
    if code == destination.CHANGED:
        _reopen(draft, record, told)
        return
    failed = draft.put(record.changed(status="failed", code=code, detail=message.detail))
    reason = f"not filed: {code}"
    draft.row("phone_home.failed", failed, level="error", reason=reason, meta={"code": code, "detail": message.detail})
    body = f"{message.detail}\n\nMend it, then: prismfs phone-home send {record.id}\n"
    approval_request.tell_manager(draft, failed, f"Not filed ({code})", body, role="failed")


def _reopen(draft: Draft, record: PhoneHome, told: dict[str, JsonValue]) -> None:
    """Ask for another review: the transport saw another destination than was approved, and has filed nothing."""
    facts = destination.facts_at_sending(draft, told)
    seen = record.changed(destination_facts=facts, code=destination.CHANGED, detail="the destination has changed")
    before = None if record.destination_facts is None else record.destination_facts.bound
    meta: dict[str, JsonValue] = {"approved": before, "seen": facts.bound}
    reason = "the destination is not what was approved; nothing was filed"
    public = destination.why_public(draft.view, seen)
    if public is None:
        draft.row("phone_home.reopened", seen, level="error", reason=reason, meta=meta)
        approval_request.request_review(draft, seen)
        return
    failed = draft.put(seen.changed(status="failed", code=destination.PUBLIC, detail=public))
    draft.row("phone_home.failed", failed, level="error", reason=reason, meta=meta | {"code": destination.PUBLIC})
    body = f"{public}.\n\nWhen it may: prismfs phone-home withdraw {record.id}, then stage it anew.\n"
    approval_request.tell_manager(draft, failed, f"Not filed ({destination.PUBLIC})", body, role="failed")


def _shipped(draft: Draft, record: PhoneHome, told: dict[str, JsonValue]) -> None:
    url, number = told.get("issue_url"), told.get("issue_number")
    review = record.operator_review
    shipped = draft.put(
        record.changed(
            status="shipped",
            issue_url=None if url is None else str(url),
            issue_number=number if isinstance(number, int) else None,
            shipped_at=draft.now,
            operator_review=None if review is None else review.changed(used_at=draft.now),
            issue_state="open",
            code=None,
            detail=None,
        )
    )
    existed, public = bool(told.get("existed")), told.get("visibility") == "public"
    draft.row(
        "phone_home.shipped", shipped, level="error" if public else "warn",
        reason="filed" + (", it was there already" if existed else "") + (", in a PUBLIC repository" if public else ""),
        meta={"issue_url": shipped.issue_url, "issue_number": shipped.issue_number, "existed": existed},
    )  # fmt: skip
    body = f"This is filed as issue {issue_of(shipped)}. What becomes of it there is told here."
    approval_request.tell_reporters(
        draft, shipped, "Filed", body, stage="shipped", told={"issue_url": shipped.issue_url}
    )


def _shown_only(draft: Draft, record: PhoneHome, message: Outbox) -> None:
    over = approval_request.expiry_of(draft, record)
    kept = draft.put(record.changed(status="approved", detail=f"dry run: {message.detail}", due_at=over))
    draft.row("phone_home.dry_run", kept, reason="written down as it would be filed; nothing left")
