"""Reviews: an operator's decision on what is to leave, by a command or by a file in a commit (R-000-32, R-000-82).

An approval is bound to the hash of what the operator saw. Silence is never one: a review that nobody answers expires.
"""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from prismfs.errors import ForbiddenError, PrismfsError, RefusedError
from prismfs.kinds.care.approval import Review
from prismfs.kinds.care.phone_home import OperatorReview, PhoneHome, Surface
from prismfs.kinds.response.incident import Incident
from prismfs.records.plan import Nothing
from prismfs.rules.care.outbound_issue import approval_request, sending, staging
from prismfs.rules.care.outbound_issue.checks import digest_of, is_author
from prismfs.rules.care.replies import reply_to_reporter
from prismfs.rules.core import authority, protected
from prismfs.rules.core.draft import Draft

Verdict = Literal["approve", "reject", "request_changes"]
_VERDICTS = {"approved": "approve", "shipping": "approve", "shipped": "approve", "rejected": "reject"}


def approve(draft: Draft) -> Nothing | None:
    """An operator approves exactly what the record says now; it leaves at once where the role is done by rules."""
    return _by_command(draft, "approve")


def reject(draft: Draft) -> Nothing | None:
    """An operator says no, with the reason; it does not leave. Staging it again makes another record."""
    return _by_command(draft, "reject")


def request_changes(draft: Draft) -> Nothing | None:
    """An operator wants other words, with the reason; the record is a draft again."""
    return _by_command(draft, "request_changes")


def take_review(draft: Draft) -> Nothing | None:
    """Take a review that came in by a commit, as a pull request that was merged brings it (R-000-82).

    What may not count changes nothing; the audit row says why.
    """
    document = draft.event.document
    review = draft.view.get(Review, str(document["id"]))
    if review is None:
        return Nothing("the review is gone", str(document["id"]))
    record = draft.get(PhoneHome, review.about)
    if record is not None and record.operator_review is not None and record.operator_review.review == review.id:
        return Nothing("the review was taken already", review.id)
    try:
        if record is None:
            raise RefusedError("not_found", "is about a record that is not here", field="/about")
        _check_operator(draft, record, review.by)
        protected.check_signed(draft, review.by)
        _check_open(record, review.content_hash)
    except PrismfsError as error:
        _refuse(draft, review, error)
        return None
    _decide(draft, record, review, surface="pull_request")
    return None


def review_due(draft: Draft) -> None:
    """A review, or an approval that was not used, has waited: remind, raise, and at the end let it expire."""
    record = draft.need(PhoneHome, str(draft.event.document["id"]))
    if record.status not in ("pending_operator_review", "approved") or draft.has_rows:
        return
    if approval_request.expiry_of(draft, record) < draft.now:
        _expire(draft, record)
    elif record.status == "pending_operator_review":
        approval_request.remind(draft, record)


def _by_command(draft: Draft, verdict: Verdict) -> Nothing | None:
    document, actor = draft.event.document, draft.event.actor
    record = draft.need(PhoneHome, str(document["id"]))
    authority.check_endorsed(draft)
    _check_operator(draft, record, actor)
    if draft.project.trust == "signed" and draft.event.assurance != "engine":
        raise ForbiddenError(
            "signature_required", "this project counts only signed decisions (trust: signed)", field="/from",
            hint=f"prismfs phone-home {verdict.replace('_', '-')} {record.id} --pull-request, and sign the commit",
        )  # fmt: skip
    known = record.operator_review
    if known is not None and verdict == _VERDICTS.get(record.status):
        return Nothing(f"decided already by {known.approved_by}", record.id)
    notes = str(document.get("notes") or "")
    if verdict != "approve" and not notes.strip():
        raise RefusedError("reason_missing", "a no is given with its reason", field="/notes", hint="--reason TEXT")
    _check_open(record, str(document.get("content_hash") or record.content_hash))
    surface: Surface = "cli"
    review = draft.put(
        Review(
            id=draft.new_id("rev"),
            about=record.id,
            decision=verdict,
            content_hash=record.content_hash,
            by=actor,
            at=draft.now,
            surface=surface,
            notes=notes,
        )
    )
    _decide(draft, record, review, surface=surface)
    return None


def _decide(draft: Draft, record: PhoneHome, review: Review, *, surface: Surface) -> None:
    """Let `review`, which was checked, decide on `record`."""
    given = OperatorReview(
        approved=review.decision == "approve",
        approved_by=review.by,
        approved_at=draft.now,
        review_surface=surface,
        notes=review.notes,
        content_hash=record.content_hash,
        review=review.id,
        review_digest=digest_of(review),
    )
    meta: dict[str, JsonValue] = {
        "review": review.id,
        "review_digest": given.review_digest,
        "content_hash": record.content_hash,
        "by": review.by,
        "surface": surface,
    }
    match review.decision:
        case "approve":
            _approved(draft, record, given, meta)
        case "reject":
            _rejected(draft, record, given, meta)
        case "request_changes":
            _sent_back(draft, record, given, meta)


def _approved(draft: Draft, record: PhoneHome, given: OperatorReview, meta: dict[str, JsonValue]) -> None:
    over = approval_request.expiry_of(draft, record)
    approved = draft.put(record.changed(status="approved", operator_review=given, due_at=over, code=None, detail=None))
    draft.subject = approved
    draft.because("approve", f"{given.approved_by} approves it")
    draft.row("phone_home.approved", approved, level="warn", reason=draft.reason, meta=meta)
    sending.after_approval(draft, approved)


def _rejected(draft: Draft, record: PhoneHome, given: OperatorReview, meta: dict[str, JsonValue]) -> None:
    rejected = draft.put(record.changed(status="rejected", operator_review=given, due_at=None))
    draft.subject = rejected
    draft.because("reject", f"{given.approved_by} rejects it")
    draft.row("phone_home.rejected", rejected, level="warn", reason=draft.reason, meta=meta)
    _tell(draft, rejected, "Rejected", f"{given.approved_by} rejected it: {given.notes}")
    _answer(draft, rejected, "rejected", "An operator decided that this does not leave as an issue. It is kept here.")


def _sent_back(draft: Draft, record: PhoneHome, given: OperatorReview, meta: dict[str, JsonValue]) -> None:
    draft.subject = again = draft.put(staging.as_draft(record).changed(operator_review=given))
    draft.because("request_changes", f"{given.approved_by} wants other words")
    draft.row("phone_home.changes_requested", again, level="warn", reason=draft.reason, meta=meta)
    body = f"{given.approved_by} asks for changes: {given.notes}\n\nprismfs phone-home stage {record.incident} --body -"
    _tell(draft, again, "Changes requested", body)


def _expire(draft: Draft, record: PhoneHome) -> None:
    was = "its approval was not used" if record.status == "approved" else "nobody decided"
    expired = draft.put(record.changed(status="expired", due_at=None, detail=was))
    draft.subject = expired
    draft.because("expire", f"its time is over: {was}")
    draft.row("phone_home.expired", expired, level="warn", reason=draft.reason)
    again = f"Stage it again: prismfs phone-home stage {record.incident}"
    _tell(draft, expired, "Expired", f"Its time is over: {was}. {again}")
    _answer(draft, expired, "expired", "Nobody decided in time whether this may leave as an issue. It is kept here.")


def _check_operator(draft: Draft, record: PhoneHome, name: str) -> None:
    """Accept an operator who had no hand in the record (R-000-06); no right in the roster makes one.

    Raises:
        ForbiddenError: `not_operator`, `self_approval`.
    """
    if not authority.is_operator(draft, name):
        raise ForbiddenError(
            "not_operator", f"{name} is no operator of this project", field="/from", hint="prismfs.yaml: operators"
        )
    if is_author(record, name):
        raise ForbiddenError(
            "self_approval", f"{name} had a hand in it", field="/from", hint="another operator decides on it"
        )


def _check_open(record: PhoneHome, content_hash: str) -> None:
    """Accept a decision on what the record says now, while it waits for one.

    Raises:
        RefusedError: `not_in_review`, `approval_stale`.
    """
    if record.status != "pending_operator_review":
        raise RefusedError("not_in_review", f"it is {record.status}", field="/id", hint="prismfs phone-home show ID")
    if content_hash != record.content_hash:
        raise RefusedError(
            "approval_stale", "it is not any more what was looked at", field="/content_hash",
            hint="prismfs phone-home show ID, then decide on what it says now",
        )  # fmt: skip


def _refuse(draft: Draft, review: Review, error: PrismfsError) -> None:
    draft.subject = review
    draft.because("refuse_review", f"does not count: {error.code}")
    meta: dict[str, JsonValue] = {
        "code": error.code,
        "about": review.about,
        "by": review.by,
        "commit": draft.event.document.get("commit"),
    }
    draft.row("phone_home.approval_refused", review, level="error", reason=draft.reason, meta=meta)
    if authority.is_somebody(draft.view, review.by):
        draft.mail(
            review.by, role="refused", type="notification", sender=approval_request.relay_of(draft),
            subject=f"Your review does not count: {error.code}", body=f"{error.problem}\n", about=review,
        )  # fmt: skip


def _tell(draft: Draft, record: PhoneHome, what: str, body: str) -> None:
    approval_request.tell_manager(draft, record, role="review", subject=f"{what}: {record.title}", body=f"{body}\n")


def _answer(draft: Draft, record: PhoneHome, stage: str, body: str) -> None:
    incident = draft.get(Incident, record.incident)
    if incident is not None:
        subject = f"{stage.capitalize()}: {incident.title}"
        reply_to_reporter(draft, incident, role=stage, stage=stage, body=body, subject=subject)
