"""The approval of an outgoing issue: an operator decides on exactly what is to leave (R-000-32, R-000-82).

No answer is never a yes: a request without an answer expires, and so does an approval that is not used.
"""

from prismfs.kinds.care.approval import Approval
from prismfs.kinds.care.phone_home import OperatorReview, PhoneHome
from prismfs.records.api import JsonValue, View
from prismfs.rules.care.outbound_issue import destination, sending, staging
from prismfs.rules.care.outbound_issue.approval_request import expiry_of, relay_of, remind, tell_manager, tell_reporters
from prismfs.rules.care.outbound_issue.checks import digest_of
from prismfs.rules.core.api import Draft, Signoff, signoff


def approval_due(draft: Draft) -> None:
    """A request, or an approval that was not used, has waited: remind, escalate, and at the end let it expire."""
    record = draft.need(PhoneHome, str(draft.event.document["id"]))
    if record.status not in ("pending_operator_review", "approved") or draft.has_rows:
        return
    if expiry_of(draft, record) < draft.now:
        _expire(draft, record)
    elif record.status == "pending_operator_review":
        remind(draft, record)


def _decide(draft: Draft, record: PhoneHome, approval: Approval) -> None:
    given = OperatorReview(
        approved=approval.decision == "approve",
        approved_by=approval.by,
        approved_at=draft.now,
        review_surface=signoff.surface_of(draft, approval),
        notes=approval.notes,
        content_hash=record.content_hash,
        approval=approval.id,
        approval_digest=digest_of(approval),
    )
    meta = signoff.meta_of(draft, approval) | {"approval_digest": given.approval_digest}
    match approval.decision:
        case "approve":
            _approved(draft, record, given, meta)
        case "reject":
            _rejected(draft, record, given, meta)
        case "request_changes":
            _sent_back(draft, record, given, meta)


def _check(view: View, record: PhoneHome, approval: Approval) -> None:
    signoff.check_waiting(OUTGOING_ISSUE, record, approval)
    destination.check_said(view, record, approval)


def _approved(draft: Draft, record: PhoneHome, given: OperatorReview, meta: dict[str, JsonValue]) -> None:
    approved = record.changed(
        status="approved", operator_review=given, due_at=expiry_of(draft, record), code=None, detail=None
    )
    draft.subject = draft.put(approved)
    draft.because("approve", f"{given.approved_by} approves it")
    draft.row("phone_home.approved", approved, level="warn", reason=draft.reason, meta=meta)
    sending.after_approval(draft, approved)


def _rejected(draft: Draft, record: PhoneHome, given: OperatorReview, meta: dict[str, JsonValue]) -> None:
    draft.subject = rejected = draft.put(record.changed(status="rejected", operator_review=given, due_at=None))
    draft.because("reject", f"{given.approved_by} rejects it")
    draft.row("phone_home.rejected", rejected, level="warn", reason=draft.reason, meta=meta)
    tell_manager(draft, rejected, "Rejected", f"{given.approved_by} rejected it: {given.notes}\n", role="review")
    body = "An operator decided that this does not leave as an issue. It is kept here."
    tell_reporters(draft, rejected, "Rejected", body, stage="rejected")


def _sent_back(draft: Draft, record: PhoneHome, given: OperatorReview, meta: dict[str, JsonValue]) -> None:
    draft.subject = again = draft.put(staging.as_draft(record).changed(operator_review=given))
    draft.because("request_changes", f"{given.approved_by} wants other words")
    draft.row("phone_home.changes_requested", again, level="warn", reason=draft.reason, meta=meta)
    how = f"prismfs phone-home stage {record.incident} --body -\n"
    body = f"{given.approved_by} asks for changes: {given.notes}\n\n{how}"
    tell_manager(draft, again, "Changes requested", body, role="review")


def _expire(draft: Draft, record: PhoneHome) -> None:
    was = "its approval was not used" if record.status == "approved" else "nobody decided"
    draft.subject = expired = draft.put(record.changed(status="expired", due_at=None, detail=was))
    draft.because("expire", f"its time is over: {was}")
    draft.row("phone_home.expired", expired, level="warn", reason=draft.reason)
    again = f"Stage it again: prismfs phone-home stage {record.incident}\n"
    tell_manager(draft, expired, "Expired", f"Its time is over: {was}. {again}", role="review")
    body = "Nobody decided in time whether this may leave as an issue. It is kept here."
    tell_reporters(draft, expired, "Expired", body, stage="expired")


OUTGOING_ISSUE: Signoff[PhoneHome, Approval] = Signoff(
    family="phone_home",
    program="prismfs phone-home",
    subject=PhoneHome,
    verdict=Approval,
    waiting="pending_operator_review",
    not_waiting="not_in_review",
    reached={"approve": ("approved", "shipping", "shipped"), "reject": ("rejected",), "request_changes": ()},
    operators_only=True,  # no right in the roster makes one (R-000-06)
    authors_may=frozenset(),
    status=lambda record: record.status,
    content_hash=lambda record: record.content_hash,
    authors=lambda record: record.hands,
    decided_by=lambda record: None if record.operator_review is None else record.operator_review.approval,
    members=lambda _view, _record, _decision, reason, said: {"notes": reason, "public": bool(said.get("public"))},
    check=_check,
    carry_out=_decide,
    sender=relay_of,
)
