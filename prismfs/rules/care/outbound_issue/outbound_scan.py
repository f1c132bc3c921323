"""The scan of what leaves: a draft that passes goes to the operators, another stays with the reason (R-000-36)."""

from dataclasses import dataclass

from pydantic import JsonValue

from prismfs.kinds.care.phone_home import PhoneHome, RedactionReport, Retained
from prismfs.kinds.core.values import Redaction
from prismfs.rules.care.outbound_issue import approval_request, wording
from prismfs.rules.core.draft import Draft

REDACTION_REQUIRED = "phone_home_redaction_required"


@dataclass(frozen=True, slots=True)
class Scan:
    """What the engine's scanner found in a phone-home at the time of the event; `not_run` where it did not look."""

    status: str
    scanner: str
    version: str
    redacted: dict[str, str]
    findings: tuple[Redaction, ...]
    input_hash: str | None
    output_hash: str | None
    detail: str | None

    def suspects(self, retained: tuple[Retained, ...]) -> tuple[Redaction, ...]:
        """Return the findings that look sensitive, were not taken out, and are not kept on purpose."""
        kept = {(field.path, field.kind) for field in retained}
        return tuple(
            found for found in self.findings
            if found.level == "suspect" and (found.pointer, found.kind) not in kept
        )  # fmt: skip


def scan_of(draft: Draft) -> Scan:
    """Return the scan that the engine attached to the event."""
    found = draft.event.document.get("scan")
    told = found if isinstance(found, dict) else {}
    redacted, findings = told.get("redacted"), told.get("findings")
    return Scan(
        status=str(told.get("status") or "not_run"),
        scanner=str(told.get("scanner") or ""),
        version=str(told.get("version") or ""),
        redacted={name: str(text) for name, text in redacted.items()} if isinstance(redacted, dict) else {},
        findings=tuple(_finding(entry) for entry in findings or () if isinstance(entry, dict))
        if isinstance(findings, list)
        else (),
        input_hash=_text(told.get("input_hash")),
        output_hash=_text(told.get("output_hash")),
        detail=_text(told.get("detail")),
    )


def draft_due(draft: Draft) -> None:
    """Ask for the review of a draft that the scanner passed; keep any other back, with the reason (R-000-37)."""
    record = draft.need(PhoneHome, str(draft.event.document["id"]))
    if record.status != "draft" or draft.has_rows:
        return
    scan, texts = scan_of(draft), wording.texts_of(record)
    ran = scan.status == "passed" and scan.input_hash == wording.hash_of(texts)
    suspects = scan.suspects(record.retained_sensitive_fields)
    if not ran or suspects:
        why = "the scanner did not pass it" if not ran else f"{len(suspects)} places look sensitive"
        _block(draft, record, scan, why=why)
        return
    title = wording.finished_title(scan.redacted.get("title", record.title))
    body = wording.finished_body(scan.redacted.get("body", texts["body"]), record.idempotency_key)
    cleaned = record.changed(title=title, body_markdown=body, code=None, detail=None)
    report = _report(record, scan, status="passed").changed(output_hash=wording.hash_of(wording.texts_of(cleaned)))
    draft.because("ask_for_review", "the scanner passed it; an operator decides")
    draft.subject = approval_request.request_review(draft, cleaned.changed(redaction_report=report))


def _block(draft: Draft, record: PhoneHome, scan: Scan, *, why: str) -> None:
    report = _report(record, scan, status="not_run" if scan.status == "not_run" else "failed")
    kept = draft.put(record.changed(redaction_report=report, code=REDACTION_REQUIRED, detail=why, due_at=None))
    draft.subject = kept
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


def _report(record: PhoneHome, scan: Scan, *, status: str) -> RedactionReport:
    return RedactionReport.model_validate(
        {
            "status": status,
            "scanner": scan.scanner,
            "version": scan.version,
            "findings": scan.findings,
            "removed": record.redaction_report.removed,
            "input_hash": scan.input_hash or None,
            "output_hash": scan.output_hash,
            "detail": scan.detail,
        }
    )


def _finding(entry: dict[str, JsonValue]) -> Redaction:
    return Redaction.model_validate({name: entry[name] for name in Redaction.model_fields if name in entry})


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None
