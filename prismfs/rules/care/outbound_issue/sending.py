"""Sending a phone-home, and what becomes of it (R-000-34, R-000-47 to R-000-52).

The commit that says `shipping` comes first; the transport looks for the marker before it files, so that a crash
in between makes no second issue. A transport that only shows what it would file leaves the approval as it was.
"""

from pydantic import JsonValue

from prismfs.errors import PrismfsError, RefusedError
from prismfs.kinds.care.phone_home import PhoneHome, content_hash
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Nothing
from prismfs.rules.care.outbound_issue import approval_request, checks, staging
from prismfs.rules.care.outbound_issue.checks import Sending
from prismfs.rules.care.replies import reply_to_reporter
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.outbox import withdrawn
from prismfs.rules.escalation.api import PRIORITIES

CHANNEL = "tracker"
CREATE_FAILED = "phone_home_issue_create_failed"


def send(draft: Draft) -> Nothing | None:
    """Send what was approved, as the incident manager (R-000-03).

    Raises:
        ForbiddenError: `not_incident_manager`.
        PrismfsError: the code of the first invariant that does not hold.
    """
    staging.check_manager(draft, "phone_home.send")
    record = draft.need(PhoneHome, str(draft.event.document["id"]))
    if record.status in ("shipped", "duplicate"):
        return Nothing(f"filed already: {record.issue_url or 'without an address'}", record.id)
    if record.status == "shipping":
        return Nothing("it is on its way", record.id)
    checks.check(Sending(draft, record))
    earlier = _filed_before(draft, record)
    if earlier is None:
        draft.because("ship", "every invariant holds; the transport files it")
    else:
        draft.because("duplicate", f"filed already as {earlier.id}")
    _leave(draft, record)
    return None


def withdraw(draft: Draft) -> Nothing | None:
    """Withdraw a record that has not left; staging the incident again makes another one.

    Raises:
        ForbiddenError: `not_incident_manager`.
        RefusedError: `not_withdrawable`, it is on its way or its life is over.
    """
    staging.check_manager(draft, "phone_home.withdraw")
    record = draft.need(PhoneHome, str(draft.event.document["id"]))
    if record.status == "withdrawn":
        return Nothing("withdrawn already", record.id)
    if record.status not in staging.WITHDRAWABLE:
        raise RefusedError("not_withdrawable", f"it is {record.status}", field="/id", hint="prismfs phone-home show ID")
    reason = str(draft.event.document.get("reason") or "") or None
    draft.subject = gone = draft.put(record.changed(status="withdrawn", due_at=None, detail=reason))
    _take_back_message(draft, gone)
    draft.because("withdraw", f"{draft.event.actor} takes it back")
    draft.row("phone_home.withdrawn", gone, level="warn", reason=draft.reason, meta={"before": record.status})
    return None


def after_approval(draft: Draft, record: PhoneHome) -> None:
    """Send a record that was just approved, where rules do the incident manager's work; else mail them a task.

    Where the event brings no scan, sending is due at once and looks again.
    """
    if not _by_rules(draft, record):
        body = f"It was approved. Send it: prismfs phone-home send {record.id}\n"
        approval_request.tell_manager(draft, record, role="approved", subject=f"Approved: {record.title}", body=body)
    elif "scan" in draft.event.document:
        _try_to_leave(draft, record, fresh=True)
    else:
        draft.put(record.changed(due_at=draft.now))


def send_due(draft: Draft) -> None:
    """Send a record that was approved and not sent at once; the last stage of a phone-home that is due."""
    record = draft.need(PhoneHome, str(draft.event.document["id"]))
    if draft.has_rows:
        return
    if record.status == "approved" and _by_rules(draft, record):
        draft.subject = record
        draft.because("send", "approved, and rules do the incident manager's work")
        _try_to_leave(draft, record, fresh=False)
        return
    over = approval_request.expiry_of(draft, record) if record.status == "approved" else None
    draft.subject = draft.put(record.changed(due_at=over))
    draft.because("retime", "what it waited for is no more")
    draft.row("phone_home.retimed", draft.subject, reason=draft.reason)


def why_not(draft: Draft, message: Outbox) -> str | None:
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
    )
    if said != record.content_hash:
        return "the message was changed after its approval"
    return checks.why_no_approval(draft, record)


def note_receipt(draft: Draft, message: Outbox) -> None:
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
    code = str(told.get("code") or (checks.OPERATOR_REVIEW_REQUIRED if refused else CREATE_FAILED))
    if message.status not in ("failed", "dead", "not_configured"):
        draft.put(record.changed(code=code, detail=message.detail))
        return
    failed = draft.put(record.changed(status="failed", code=code, detail=message.detail))
    reason = f"not filed: {code}"
    draft.row("phone_home.failed", failed, level="error", reason=reason, meta={"code": code, "detail": message.detail})
    body = f"{message.detail}\n\nMend it, then: prismfs phone-home send {record.id}\n"
    approval_request.tell_manager(
        draft, failed, role="failed", subject=f"Not filed ({code}): {record.title}", body=body
    )


def _try_to_leave(draft: Draft, record: PhoneHome, *, fresh: bool) -> None:
    """Send `record`, or say what keeps it; an approval that cannot be used now stays one."""
    try:
        checks.check(Sending(draft, record, fresh=fresh))
    except PrismfsError as error:
        over = approval_request.expiry_of(draft, record)
        kept = draft.put(record.changed(code=error.code, detail=error.problem.message, due_at=over))
        reason = f"not sent: {error.code}"
        draft.row("phone_home.blocked", kept, level="error", reason=reason, meta={"code": error.code})
        approval_request.tell_manager(
            draft, kept, role="not-sent", subject=f"Not sent: {record.title}", body=f"{error.problem}\n"
        )
        return
    _leave(draft, record)


def _leave(draft: Draft, record: PhoneHome) -> None:
    """Answer with the earlier issue of the same key, or put the message that files it into the outbox (R-000-50)."""
    earlier = _filed_before(draft, record)
    if earlier is not None:
        _duplicate(draft, record, earlier)
        return
    shipping = draft.put(record.changed(status="shipping", code=None, detail=None, due_at=None))
    draft.put(_message(draft, shipping))
    draft.subject = shipping
    draft.row(
        "phone_home.shipping", shipping, level="warn", reason="every invariant holds; the transport files it",
        meta={"content_hash": record.content_hash, "destination": record.destination},
    )  # fmt: skip


def _filed_before(draft: Draft, record: PhoneHome) -> PhoneHome | None:
    """Return the issue of the same key that was filed already, None where there is none (R-000-51)."""
    others = draft.view.with_ref(PhoneHome, record.incident)
    same = (each for each in others if each.id != record.id and each.idempotency_key == record.idempotency_key)
    return next((each for each in same if each.status == "shipped"), None)


def _message(draft: Draft, record: PhoneHome) -> Outbox:
    """Return the message that files `record`: the one that failed before, or a new one."""
    lost = _lost_message(draft, record)
    if lost is not None:
        return lost.changed(
            status="pending", attempts_before=lost.attempts, planned_at=draft.now, due_at=draft.now, detail=None
        )
    return Outbox(
        id=draft.new_id("out", f"{CHANNEL}:{record.id}"),
        about=record.id,
        action=f"{CHANNEL}:{record.destination}",
        level=0,
        channel=CHANNEL,
        target=record.destination,
        subject=record.title,
        body=record.body_markdown,
        priority=PRIORITIES[record.severity.rank],
        created_at=draft.now,
        planned_at=draft.now,
        due_at=draft.now,
        status="pending",
    )


def _duplicate(draft: Draft, record: PhoneHome, earlier: PhoneHome) -> None:
    draft.subject = same = draft.put(
        record.changed(
            status="duplicate", issue_url=earlier.issue_url, issue_number=earlier.issue_number,
            duplicate_of=earlier.id, due_at=None, code=None, detail=None,
        )
    )  # fmt: skip
    _take_back_message(draft, same)
    meta: dict[str, JsonValue] = {"of": earlier.id, "issue_url": earlier.issue_url}
    draft.row("phone_home.duplicate", same, reason=f"filed already as {earlier.id}", meta=meta)
    _answer(draft, same, "duplicate", f"This is filed already as issue {_issue(same)}; it is followed there.")


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
    body = f"This is filed as issue {_issue(shipped)}. What becomes of it there is told here."
    _answer(draft, shipped, "shipped", body)


def _shown_only(draft: Draft, record: PhoneHome, message: Outbox) -> None:
    over = approval_request.expiry_of(draft, record)
    kept = draft.put(record.changed(status="approved", detail=f"dry run: {message.detail}", due_at=over))
    draft.row("phone_home.dry_run", kept, reason="written down as it would be filed; nothing left")


def _answer(draft: Draft, record: PhoneHome, stage: str, body: str) -> None:
    incident = draft.get(Incident, record.incident)
    if incident is not None:
        reply_to_reporter(
            draft, incident, role=stage, stage=stage, body=body, subject=f"Filed: {incident.title}",
            issue_url=record.issue_url,
        )  # fmt: skip


def _issue(record: PhoneHome) -> str:
    number = "" if record.issue_number is None else f"#{record.issue_number} "
    return f"{number}({record.issue_url})"


def _by_rules(draft: Draft, record: PhoneHome) -> bool:
    manager = draft.view.get(Persona, record.requested_by)
    return manager is not None and manager.automation.mode == "rules"


def _lost_message(draft: Draft, record: PhoneHome) -> Outbox | None:
    messages = [message for message in draft.view.with_ref(Outbox, record.id) if message.channel == CHANNEL]
    return next((message for message in messages if message.status in ("failed", "dead", "not_configured")), None)


def _take_back_message(draft: Draft, record: PhoneHome) -> None:
    lost = _lost_message(draft, record)
    if lost is not None:
        draft.put(withdrawn(lost, f"the phone-home is {record.status}"))
