"""Sending a phone-home, or taking it back (R-000-47 to R-000-52).

The commit that says `shipping` comes first; the transport looks for the marker before it files, so that a crash
in between makes no second issue.
"""

from prismfs.errors import PrismfsError, RefusedError
from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.persona import Persona
from prismfs.records.api import JsonValue, Nothing
from prismfs.rules.care.outbound_issue import staging
from prismfs.rules.care.outbound_issue.approval_request import expiry_of, tell_manager, tell_reporters
from prismfs.rules.care.outbound_issue.checks import Sending, check
from prismfs.rules.core.api import Draft, withdrawn
from prismfs.rules.escalation.api import PRIORITIES

CHANNEL = "tracker"


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
    check(Sending(draft, record))
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
        tell_manager(draft, record, "Approved", body, role="approved")
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
    over = expiry_of(draft, record) if record.status == "approved" else None
    draft.subject = draft.put(record.changed(due_at=over))
    draft.because("retime", "what it waited for is no more")
    draft.row("phone_home.retimed", draft.subject, reason=draft.reason)


def _try_to_leave(draft: Draft, record: PhoneHome, *, fresh: bool) -> None:
    """Send `record`, or say what keeps it; an approval that cannot be used now stays one."""
    try:
        check(Sending(draft, record, fresh=fresh))
    except PrismfsError as error:
        over = expiry_of(draft, record)
        kept = draft.put(record.changed(code=error.code, detail=error.problem.message, due_at=over))
        reason = f"not sent: {error.code}"
        draft.row("phone_home.blocked", kept, level="error", reason=reason, meta={"code": error.code})
        tell_manager(draft, kept, "Not sent", f"{error.problem}\n", role="not-sent")
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
    expected = {} if record.destination_facts is None else record.destination_facts.bound
    if lost is not None:
        return lost.changed(
            status="pending", attempts_before=lost.attempts, planned_at=draft.now, due_at=draft.now, detail=None,
            expected=expected,
        )  # fmt: skip
    return Outbox(
        id=draft.new_id("out", f"{CHANNEL}:{record.id}"),
        about=record.id,
        action=f"{CHANNEL}:{record.destination}",
        level=0,
        channel=CHANNEL,
        target=record.destination,
        subject=record.title,
        body=record.body_markdown,
        expected=expected,
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
    body = f"This is filed already as issue {issue_of(same)}; it is followed there."
    tell_reporters(draft, same, "Filed", body, stage="duplicate", told={"issue_url": same.issue_url})


def issue_of(record: PhoneHome) -> str:
    """Return number and address of the issue that was filed."""
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
