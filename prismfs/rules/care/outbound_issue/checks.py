"""What must hold of a phone-home before it goes before the operators, and before it leaves (R-000-36, R-000-42).

A draft that the scanner passes goes to the operators, another stays with the reason. Everything is checked again at the
time of sending, in the order of `CHECKS` (R-000-43).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from prismfs.errors import ForbiddenError, RecordError, RefusedError
from prismfs.kinds.care.approval import Approval
from prismfs.kinds.care.phone_home import ACKNOWLEDGEMENT, OperatorReview, PhoneHome, RedactionReport, Retained, hash_of
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.values import Redaction
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import IssueDraft, JsonValue, Value
from prismfs.rules.care.outbound_issue import approval_request, destination, staging, wording
from prismfs.rules.core.api import Draft, authority, signoff

REDACTION_REQUIRED = "phone_home_redaction_required"
OPERATOR_REVIEW_REQUIRED = "phone_home_operator_review_required"
RETENTION_UNAPPROVED = "phone_home_sensitive_retention_unapproved"


class Scan(Value):
    """What the engine's scanner found in a phone-home at the time of the event; `not_run` where it did not look."""

    status: Literal["passed", "failed", "not_run"] = "not_run"
    scanner: str = ""
    version: str = ""
    redacted: dict[str, str] = Field(default_factory=dict)
    findings: tuple[Redaction, ...] = ()
    input_hash: str | None = None
    output_hash: str | None = None
    detail: str | None = None

    def suspects(self, retained: tuple[Retained, ...]) -> tuple[Redaction, ...]:
        """Return the findings that look sensitive, were not taken out, and are not kept on purpose."""
        kept = {(field.path, field.kind) for field in retained}
        return tuple(
            found for found in self.findings
            if found.level == "suspect" and (found.pointer, found.kind) not in kept
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sending:
    """A record that is to leave; `fresh` where this decision approves it, whose audit row is not kept yet."""

    draft: Draft
    record: PhoneHome
    fresh: bool = False


def scan_of(draft: Draft) -> Scan:
    """Return the scan that the engine attached to the event."""
    found = draft.event.document.get("scan")
    return Scan.from_document(found) if isinstance(found, dict) else Scan()


def draft_due(draft: Draft) -> None:
    """Ask for the review of a draft that the scanner passed; keep any other back, with the reason (R-000-37)."""
    record = draft.need(PhoneHome, str(draft.event.document["id"]))
    if record.status != "draft" or draft.has_rows:
        return
    scan, texts = scan_of(draft), wording.texts_of(record)
    ran = scan.status == "passed" and scan.input_hash == hash_of(texts)
    suspects = scan.suspects(record.retained_sensitive_fields)
    if not ran or suspects:
        why = "the scanner did not pass it" if not ran else f"{len(suspects)} places look sensitive"
        _block(draft, record, scan, why=why)
        return
    title = wording.finished_title(scan.redacted.get("title", record.title))
    body = wording.finished_body(scan.redacted.get("body", texts["body"]), record.idempotency_key)
    facts = destination.facts_of(draft)
    cleaned = record.changed(title=title, body_markdown=body, destination_facts=facts, code=None, detail=None)
    report = _report(record, scan, status="passed").changed(output_hash=hash_of(wording.texts_of(cleaned)))
    public = destination.why_public(draft.view, cleaned)
    if public is not None:
        _keep(draft, cleaned.changed(redaction_report=report), code=destination.PUBLIC, why=public)
        return
    draft.because("ask_for_review", "the scanner passed it; an operator decides")
    draft.subject = approval_request.request_review(draft, cleaned.changed(redaction_report=report))


def check(sending: Sending) -> None:
    """Accept a record that may leave now.

    Raises:
        PrismfsError: the code of the first of `CHECKS` that does not hold.
    """
    for _, holds in CHECKS:
        holds(sending)


def why_no_approval(draft: Draft, record: PhoneHome, *, fresh: bool = False) -> str | None:
    """Return why `record` has no approval that counts now, None where it has one (R-000-06).

    The approval must be of exactly these bytes for exactly this place, by a person who is an operator now and no
    author, not over and not used up; its approval file must be the one that was decided on, and an audit row must tell
    of that decision: a record that says so of itself is not enough.
    """
    review = record.operator_review
    if review is None or not review.approved:
        return "no operator has approved it"
    if review.content_hash != record.content_hash:
        return "it was changed after its approval"
    if record.destination != draft.view.single(Tracker).destination:
        return "it was approved for another destination"
    why = _why_not_kept(draft, record, review)
    if why is not None:
        return why
    if not authority.is_operator(draft, review.approved_by):
        return f"{review.approved_by} is no operator"
    if review.approved_by.casefold() in record.hands:
        return f"{review.approved_by} had a hand in it"
    if review.used_at is not None:
        return "the approval was used before"
    if approval_request.expiry_of(draft, record) < draft.now:
        return "the approval is over"
    said = {
        "approval": review.approval, "approval_digest": review.approval_digest, "content_hash": review.content_hash,
    }  # fmt: skip
    if not fresh and not signoff.is_recorded(draft.view, "phone_home.approved", record.id, said):
        return "no decision of the desk approved it"
    return None


def digest_of(approval: Approval) -> str:
    """Return the SHA-256 (hex) of an approval's canonical JSON: one that was edited is another one."""
    return hash_of(approval.to_document())


def _block(draft: Draft, record: PhoneHome, scan: Scan, *, why: str) -> None:
    report = _report(record, scan, status="not_run" if scan.status == "not_run" else "failed")
    kept = record.changed(redaction_report=report, code=REDACTION_REQUIRED, detail=why, due_at=None)
    draft.subject = draft.put(kept)
    draft.because("block", why)
    places: list[JsonValue] = [f"{found.kind} at {found.pointer}" for found in scan.suspects(())]
    draft.row("phone_home.blocked", kept, level="warn", reason=why, meta={"code": REDACTION_REQUIRED, "places": places})
    listed = "".join(f"- {place}\n" for place in places) or f"- {scan.detail or 'nothing was named'}\n"
    draft.mail(
        record.requested_by, role="blocked", type="task", subject=f"Kept back: {record.title}",
        body=f"{record.id} does not go before the operators: {why}.\n\n{listed}\n"
        f"Change its words (prismfs phone-home stage {record.incident} --body -), or keep a field on purpose "
        f"(--retain /body:KIND=REASON).\n",
        about=kept,
    )  # fmt: skip


def _keep(draft: Draft, record: PhoneHome, *, code: str, why: str) -> None:
    """Keep a draft here that the scanner passed, with the reason."""
    draft.subject = kept = draft.put(record.changed(code=code, detail=why, due_at=None))
    draft.because("block", f"kept back: {code}")
    draft.row("phone_home.blocked", kept, level="warn", reason=draft.reason, meta={"code": code})
    again = f"When it may: prismfs phone-home stage {record.incident} looks again.\n"
    draft.mail(
        record.requested_by, role="blocked", type="task", subject=f"Kept back: {record.title}",
        body=f"{record.id} does not go before the operators: {why}.\n\n{again}", about=kept,
    )  # fmt: skip


def _report(record: PhoneHome, scan: Scan, *, status: Literal["passed", "failed", "not_run"]) -> RedactionReport:
    return RedactionReport(
        status=status,
        scanner=scan.scanner,
        version=scan.version,
        findings=scan.findings,
        removed=record.redaction_report.removed,
        input_hash=scan.input_hash or None,
        output_hash=scan.output_hash,
        detail=scan.detail,
    )


def _why_not_kept(draft: Draft, record: PhoneHome, review: OperatorReview) -> str | None:
    """Return why the approval file that `review` names is not the one that was decided on; None where it is."""
    kept = draft.get(Approval, review.approval)
    if kept is None or digest_of(kept) != review.approval_digest or kept.decision != "approve":
        return "the approval file was changed"
    if (kept.about, kept.content_hash, kept.by) != (record.id, review.content_hash, review.approved_by):
        return "the approval file that it names is about something else"
    return None


def _schema(sending: Sending) -> None:
    """The record is one of its kind, still eligible, staged by an incident manager, and a tracker could take it."""
    draft = sending.draft
    record = PhoneHome.from_document(sending.record.to_document())
    incident, signal = draft.get(Incident, record.incident), draft.get(Signal, record.signal)
    if incident is not None and incident.scope == "customer-internal":
        raise RecordError(
            staging.SCOPE_FORBIDDEN, "a customer-internal matter never leaves", field="/scope",
            hint="prismfs phone-home withdraw ID",
        )  # fmt: skip
    if signal is None or staging.opted_out(draft, signal):
        raise RefusedError(
            "phone_home_never", "the policy of the project that reported it says phone_home: never", field="/source_pid"
        )
    manager = draft.view.get(Persona, record.requested_by)
    if manager is None or manager.role != staging.MANAGER:
        raise ForbiddenError(
            "not_incident_manager", f"{record.requested_by} is no {staging.MANAGER} any more", field="/requested_by"
        )
    fault = IssueDraft(record.idempotency_key, record.title, record.body_markdown).fault
    if fault is not None:
        raise RecordError("bad_field", fault, field="/body_markdown", hint="prismfs phone-home stage ID --body -")


def _operator_review(sending: Sending) -> None:
    record = sending.record
    why = None if record.status in ("approved", "failed") else f"it is {record.status}"
    why = why or why_no_approval(sending.draft, record, fresh=sending.fresh)
    if why is not None:
        first = "prismfs watch, or prismfs react, has it scanned first; then " if record.status == "draft" else ""
        hint = f"{first}an operator approves it: prismfs phone-home approve ID"
        raise RefusedError(OPERATOR_REVIEW_REQUIRED, why, path=record.id, hint=hint)


def _redaction(sending: Sending) -> None:
    """The report says passed, and the scanner, run again, finds the same: nothing to take out (R-000-37)."""
    record, report = sending.record, sending.record.redaction_report
    scan, texts = scan_of(sending.draft), wording.texts_of(sending.record)
    own = hash_of(texts)
    why = None
    if report.status != "passed" or report.output_hash != own:
        why = "the scanner has not passed this text"
    elif scan.status != "passed" or scan.input_hash != own:
        why = "the scanner could not look at it again"
    elif scan.output_hash != own or scan.suspects(record.retained_sensitive_fields):
        why = "the scanner now finds something in it"
    if why is not None:
        raise RefusedError(
            REDACTION_REQUIRED, why, path=record.id, hint="prismfs phone-home withdraw ID, then stage it anew"
        )


def _acknowledged(sending: Sending) -> None:
    """Where sensitive fields are kept on purpose, the operator's notes say so with a word (R-000-39)."""
    record, review = sending.record, sending.record.operator_review
    words = "" if review is None else review.notes.replace(",", " ").replace(";", " ")
    if record.retained_sensitive_fields and ACKNOWLEDGEMENT not in words.split():
        raise RefusedError(
            RETENTION_UNAPPROVED, "it keeps sensitive fields, and the approval does not acknowledge them",
            path=record.id, hint=f"withdraw and stage it; approve with --notes {ACKNOWLEDGEMENT}",
        )  # fmt: skip


def _destination(sending: Sending) -> None:
    """A place that everybody can read is allowed by the settings now, and by the approval."""
    record, review = sending.record, sending.record.operator_review
    approval = None if review is None else sending.draft.get(Approval, review.approval)
    if approval is not None:
        destination.check_said(sending.draft.view, record, approval)


CHECKS: tuple[tuple[str, Callable[[Sending], None]], ...] = (
    ("schema", _schema),
    ("operator review", _operator_review),
    ("redaction", _redaction),
    ("retained fields", _acknowledged),
    ("destination", _destination),
)
"""What follows belongs to others: the look for an earlier issue to `sending`, the preflight to the transport."""
