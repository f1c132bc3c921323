"""Asking for a review: each operator is shown exactly what would leave, and is reminded of it (R-000-06, R-000-07).

The relay decides nothing. No answer is never a yes: at the end of its time the record expires (R-000-79).
"""

import difflib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from prismfs.kinds.care.phone_home import ACKNOWLEDGEMENT, PhoneHome
from prismfs.kinds.care.settings.tracker import ReviewTimes, Tracker
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import format_duration, format_instant, read_label
from prismfs.rules.care.replies import reply_to_reporter
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.follow_ups import Attention

RELAY = "relay"
"""The role that carries requests for review to the operators."""

_LONGEST_DIFF = 12_000
_RULE = "-" * 72


@dataclass(frozen=True, slots=True)
class Step:
    """What happens once a request has waited for `after`; `severity` where an escalation is opened."""

    after: timedelta
    severity: Literal["MEDIUM", "HIGH"] | None = None


def steps_of(times: ReviewTimes) -> tuple[Step, ...]:
    """Return what happens while no operator decides, in order of time: a reminder, escalations at half and at due."""
    steps = (Step(times.remind), Step(times.due / 2, "MEDIUM"), Step(times.due, "HIGH"))
    return tuple(sorted(steps, key=lambda step: step.after))


def request_review(draft: Draft, record: PhoneHome) -> PhoneHome:
    """Ask the operators to review `record`, and return it as it waits for them."""
    times = draft.view.single(Tracker).review
    waiting = draft.put(
        record.changed(
            status="pending_operator_review",
            operator_review=None,
            review_asked_at=draft.now,
            review_due=draft.now + times.due,
            reminders=0,
            due_at=draft.now + steps_of(times)[0].after,
        )
    )
    draft.row(
        "phone_home.review_requested", waiting, level="warn", reason="an operator decides",
        meta={"content_hash": waiting.content_hash, "operators": list(draft.project.operators)},
    )  # fmt: skip
    _tell_operators(
        draft, waiting, role="review", subject=f"Review requested: {waiting.title}", body=review_text(waiting)
    )
    told = draft.get(Incident, record.incident)
    if told is not None:
        body = "The text of an issue about this was put together; an operator reviews it before anything leaves."
        reply_to_reporter(
            draft, told, role="pending-review", stage="pending_review", body=body,
            subject=f"Under review: {told.title}", due_at=waiting.review_due,
        )  # fmt: skip
    return waiting


def remind(draft: Draft, record: PhoneHome) -> None:
    """Take the steps that are due while no operator decides; after a time down only the last of them (R-000-79)."""
    times = draft.view.single(Tracker).review
    asked = record.review_asked_at or record.staged_at
    steps = steps_of(times)
    passed = [step for step in steps if asked + step.after < draft.now]
    count = max(len(passed), record.reminders)
    taken = steps[record.reminders : count]
    ends = [asked + step.after for step in steps[count:]] + [asked + times.expire]
    waiting = draft.put(record.changed(reminders=count, due_at=ends[0]))
    draft.subject = waiting
    waited = format_duration(draft.now - asked)
    draft.because("remind", f"no operator has decided for {waited}")
    draft.row("phone_home.reminded", waiting, level="warn", reason=draft.reason, meta={"steps": count})
    body = f"Nobody has decided on it for {waited}. It expires at {format_instant(asked + times.expire)}.\n\n"
    _tell_operators(
        draft,
        waiting,
        role="reminder",
        subject=f"Review still open: {record.title}",
        body=body + how_to_decide(waiting),
    )
    severity = next((step.severity for step in reversed(taken) if step.severity is not None), None)
    if severity is not None:
        draft.follow(
            Attention(
                severity=read_label(draft.policy.scales, severity, scale="gastown"),
                title=f"Review waits: {record.title}"[:500],
                body=body,
                source="desk:phone-home",
                reporter=relay_of(draft) or record.requested_by,
                category="gate_timeout",
                related=record.id,
            )
        )


def review_text(record: PhoneHome) -> str:
    """Return what an operator is shown before deciding: every byte that would leave, and the facts about it."""
    report = record.redaction_report
    kinds = Counter[str]()
    for found in report.findings:
        kinds[found.kind] += found.count
    redacted = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())) or "nothing"
    retained = [f"{field.path} ({field.kind}): {field.reason}" for field in record.retained_sensitive_fields]
    facts = {
        "Destination": _destination(record),
        "Scope": record.scope,
        "Severity": record.severity.label,
        "Nature": record.nature,
        "From project": record.source_pid,
        "Incident": record.incident,
        "Staged by": ", ".join(dict.fromkeys((record.requested_by, *record.authors))),
        "Redacted": f"{redacted} ({report.scanner or 'scanner'} {report.version})",
        "Carved out": ", ".join(report.removed) or "nothing",
        "Kept on purpose": "; ".join(retained) or "nothing",
        "Idempotency key": record.idempotency_key,
        "Content hash": record.content_hash,
        "Due": "" if record.review_due is None else format_instant(record.review_due),
    }
    lines = "".join(f"{name}: {value}\n" for name, value in facts.items())
    body = f"{_RULE}\n{record.body_markdown}{_RULE}\n"
    return f"{lines}\nTitle:\n{record.title}\n\nBody:\n{body}{_difference(record)}\n{how_to_decide(record)}"


def how_to_decide(record: PhoneHome) -> str:
    """Return the commands by which an operator answers."""
    notes = f' --notes "{ACKNOWLEDGEMENT}"' if record.retained_sensitive_fields else ""
    return (
        f"prismfs phone-home show {record.id}\n"
        f"prismfs phone-home approve {record.id}{notes}   (or with --pull-request)\n"
        f"prismfs phone-home request-changes {record.id} --reason TEXT\n"
        f"prismfs phone-home reject {record.id} --reason TEXT\n"
    )


def relay_of(draft: Draft) -> str | None:
    """Return the persona that relays to the operators and back; None where the roster has none."""
    found = draft.view.latest_of(Persona, RELAY, ("",), 1)
    return found[0].identity if found else None


def tell_manager(draft: Draft, record: PhoneHome, *, role: str, subject: str, body: str) -> Mail:
    """Mail a task to the incident manager in whose name `record` was staged."""
    return draft.mail(
        record.requested_by, role=role, type="task", sender=relay_of(draft), subject=subject, body=body, about=record
    )


def expiry_of(draft: Draft, record: PhoneHome) -> datetime:
    """Return when a request for review of `record`, or its approval, expires."""
    return (record.review_asked_at or record.staged_at) + draft.view.single(Tracker).review.expire


def _tell_operators(draft: Draft, record: PhoneHome, *, role: str, subject: str, body: str) -> None:
    priority = ("urgent", "high", "normal", "low")[record.severity.rank]
    for operator in draft.project.operators:
        draft.mail(
            operator, role=f"{role}:{operator}", type="task", sender=relay_of(draft), subject=subject, body=body,
            about=record, priority=priority,
        )  # fmt: skip


def _destination(record: PhoneHome) -> str:
    """Return where it goes, with what was said of that place when the project was made (R-000-40)."""
    if "/" not in record.destination:
        return f"{record.destination} (nothing leaves this machine)"
    return f"{record.destination} (private and invite-only as agreed; it may become public later)"


def _difference(record: PhoneHome) -> str:
    """Return how it differs from what operators were shown last; nothing where they were shown nothing."""
    before = record.last_reviewed
    if before is None:
        return ""
    old = f"{before.title}\n\n{before.body_markdown}".splitlines()
    new = f"{record.title}\n\n{record.body_markdown}".splitlines()
    lines = list(difflib.unified_diff(old, new, "shown last", "now", lineterm=""))
    text = "\n".join(lines) if lines else "nothing of title and body"
    if len(text.encode()) > _LONGEST_DIFF:
        text = f"{len(lines)} lines differ: prismfs log {record.id}, and git log -p"
    return f"\nChanged since it was shown last:\n{text}\n"
