"""The outbound scan: the scanner's report on what is to leave goes into the event (R-000-42).

A rule decides by the report alone, so that the decision can be taken again from the commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from prismfs.delivery.issues import ACCESS_DENIED, transport_of
from prismfs.engine.turn.due import GROUP, due_event
from prismfs.errors import PrismfsError
from prismfs.intake.scan import as_document, scan_key, scan_text
from prismfs.kinds.care.approval import Approval
from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.kinds.core.settings.redaction import RedactionRules
from prismfs.records.api import ENGINE, Document, Event, Receipt, View, format_instant
from prismfs.rules.care.outbound_issue.api import CHECKS, Sending, texts_of
from prismfs.rules.core.draft import Draft

if TYPE_CHECKING:
    from prismfs.engine.turn.desk import Desk

_LOOKED_AT = {
    ("due", "phone_home"): "draft approved",
    ("command", "phone_home.send"): "approved failed",
    ("command", "phone_home.approve"): "pending_operator_review",
    ("commit", "approval"): "pending_operator_review",
}
"""Events after which a phone-home may leave, or go before the operators, and its states then."""


def with_scan(view: View, event: Event) -> Event:
    """Return `event` with the scanner's report on the phone-home that it is about, where its rule needs one."""
    states = _LOOKED_AT.get((event.type, event.kind))
    if states is None or "scan" in event.document:
        return event
    record = _record_of(view, event)
    if record is None or record.status not in states.split():
        return event
    return event.changed(document=event.document | {"scan": scan(view, record)})


def scan(view: View, record: PhoneHome) -> Document:
    """Return the scanner's report on title and body as a JSON object; a scan that failed is a report as well."""
    report = scan_text(texts_of(record), view.single(RedactionRules), scan_key())
    return {
        "status": report.status,
        "scanner": report.scanner,
        "version": report.version,
        "redacted": dict(report.redacted),
        "findings": [as_document(finding, report.version) for finding in report.findings],
        "input_hash": report.input_hash,
        "output_hash": report.output_hash,
        "detail": report.detail,
    }


@dataclass(frozen=True, slots=True)
class Check:
    """One of the checks before sending, and why it fails; `code` is None where it passes."""

    name: str
    code: str | None = None
    why: str | None = None


def check_sending(view: View, record: PhoneHome, now: datetime) -> tuple[Check, ...]:
    """Return the result of each check before sending as of now; nothing changes."""
    event = Event(
        type="command", kind="phone_home.send", cause=f"look:{record.id}", at=now, actor=ENGINE,
        document={"id": record.id, "scan": scan(view, record)},
    )  # fmt: skip
    checks = []
    for name, holds in CHECKS:
        try:
            holds(Sending(Draft(view, event, now), record))
            checks.append(Check(name))
        except PrismfsError as error:
            checks.append(Check(name, error.code, error.problem.message))
    return tuple(checks)


def ask_tracker(desk: Desk) -> Receipt:
    """Ask the tracker whether an issue could be filed now, and how visible it would be there (R-000-40)."""
    tracker = desk.view().single(Tracker)
    return transport_of(desk.root, tracker).preflight()


def observe_due(desk: Desk, now: datetime) -> Mapping[str, Document]:
    """Look at the destination of the issues that are about to go before the operators; no lock is held by the caller.

    Returns what each adds to the event that it is due, by the event's cause: what was seen, or why nobody looked.
    Nothing where nothing leaves the machine.
    """
    due = desk.view().due_before(now, GROUP, of=PhoneHome)
    waiting = [record for record in due if record.status == "draft"]
    leaves = waiting and desk.view().single(Tracker).transport == "gh"
    seen = _seen(desk, now) if leaves else None
    return {} if seen is None else {due_event(record).cause: {"destination": seen} for record in waiting}


def _seen(desk: Desk, now: datetime) -> Document:
    try:
        receipt = ask_tracker(desk)
    except PrismfsError as error:
        receipt = Receipt(outcome="temporary", detail=error.problem.message)
    told, at = receipt.document or {}, format_instant(now)
    if receipt.outcome == "sent":
        return {"state": "seen", "visibility": told["visibility"], "permission": told.get("permission"), "seen_at": at}
    missing = receipt.outcome == "permanent" and told.get("code") == ACCESS_DENIED
    return {"state": "missing" if missing else "not_looked_at", "detail": receipt.detail, "seen_at": at}


def _record_of(view: View, event: Event) -> PhoneHome | None:
    name = str(event.document.get("id") or "")
    try:
        if event.kind == "approval":
            approval = view.get(Approval, name)
            return None if approval is None else view.get(PhoneHome, approval.about)
        return view.get(PhoneHome, name)
    except PrismfsError:
        return None
