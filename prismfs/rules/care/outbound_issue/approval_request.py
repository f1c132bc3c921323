"""Asking for a review: each operator is shown exactly what would leave, and is reminded of it (R-000-06, R-000-07).

The relay decides nothing. No answer is never a yes: at the end of its time the record expires (R-000-79).
"""

import difflib
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from prismfs.kinds.care.phone_home import ACKNOWLEDGEMENT, PhoneHome
from prismfs.kinds.care.settings.tracker import ReviewTimes, Tracker
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import format_duration, format_instant, read_label
from prismfs.rules.care.outbound_issue import destination
from prismfs.rules.core.api import Attention, Draft, ReplyToReporters
from prismfs.rules.escalation.api import PRIORITIES

RELAY = "relay"
"""The role that carries requests for review to the operators."""

_LONGEST_DIFF = 12_000
_RULE = "-" * 72


def _steps_of(times: ReviewTimes) -> list[tuple[timedelta, str]]:
    """Return what happens while no operator decides, in order of time: a reminder, escalations at half and at due.

    Each is how long the request has waited by then, and the severity of the escalation, empty for none.
    """
    return sorted([(times.remind, ""), (times.due / 2, "MEDIUM"), (times.due, "HIGH")], key=itemgetter(0))


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
            due_at=draft.now + _steps_of(times)[0][0],
        )
    )
    draft.row(
        "phone_home.review_requested", waiting, level="warn", reason="an operator decides",
        meta={"content_hash": waiting.content_hash, "operators": list(draft.project.operators)},
    )  # fmt: skip
    _tell_operators(draft, waiting, "Review requested", review_text(waiting), role="review")
    body = "The text of an issue about this was put together; an operator reviews it before anything leaves."
    told = {"due_at": waiting.review_due}
    tell_reporters(draft, record, "Under review", body, stage="pending_review", role="pending-review", told=told)
    return waiting


def remind(draft: Draft, record: PhoneHome) -> None:
    """Take the steps that are due while no operator decides; after a time down only the last of them (R-000-79)."""
    times = draft.view.single(Tracker).review
    asked = record.review_asked_at or record.staged_at
    steps = _steps_of(times)
    count = max(sum(asked + after < draft.now for after, _ in steps), record.reminders)
    ends = [asked + after for after, _ in steps[count:]] + [asked + times.expire]
    draft.subject = waiting = draft.put(record.changed(reminders=count, due_at=ends[0]))
    waited = format_duration(draft.now - asked)
    draft.because("remind", f"no operator has decided for {waited}")
    draft.row("phone_home.reminded", waiting, level="warn", reason=draft.reason, meta={"steps": count})
    body = f"Nobody has decided on it for {waited}. It expires at {format_instant(asked + times.expire)}.\n\n"
    _tell_operators(draft, waiting, "Review still open", body + _how_to_decide(waiting), role="reminder")
    severity = next((label for _, label in reversed(steps[record.reminders : count]) if label), None)
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
                signature=f"desk:review:{record.id}",
                holds_while={"status": ("pending_operator_review",)},
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
        "Destination": destination.described(record),
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
    return f"{lines}\nTitle:\n{record.title}\n\nBody:\n{body}{_difference(record)}\n{_how_to_decide(record)}"


def _how_to_decide(record: PhoneHome) -> str:
    """Return the commands by which an operator answers."""
    notes = f' --notes "{ACKNOWLEDGEMENT}"' if record.retained_sensitive_fields else ""
    facts = record.destination_facts
    public = " --public" if facts is not None and facts.visibility == "public" else ""
    return (
        f"prismfs phone-home show {record.id}\n"
        f"prismfs phone-home approve {record.id}{notes}{public}   (or with --pull-request)\n"
        f"prismfs phone-home request-changes {record.id} --reason TEXT\n"
        f"prismfs phone-home reject {record.id} --reason TEXT\n"
    )


def relay_of(draft: Draft) -> str | None:
    """Return the persona that relays to the operators and back; None where the roster has none."""
    found = draft.view.latest_of(Persona, RELAY, ("",), 1)
    return found[0].identity if found else None


def tell_manager(draft: Draft, record: PhoneHome, what: str, body: str, *, role: str) -> None:
    """Mail a task to the incident manager in whose name `record` was staged; `what` goes before its title."""
    draft.mail(
        record.requested_by, role=role, type="task", sender=relay_of(draft), subject=f"{what}: {record.title}",
        body=body, about=record,
    )  # fmt: skip


def tell_reporters(
    draft: Draft,
    record: PhoneHome,
    what: str,
    body: str,
    *,
    stage: str,
    role: str | None = None,
    told: Mapping[str, Any] | None = None,
) -> None:
    """Ask for an answer to everybody who reported the incident of `record`; `what` goes before that one's title.

    `stage` and `told` are members of `Progress`; `role`, where it is not the stage, tells answers apart.
    """
    incident = draft.get(Incident, record.incident)
    if incident is not None:
        subject = f"{what}: {incident.title}"
        draft.follow(
            ReplyToReporters(incident, role=role or stage, stage=stage, body=body, subject=subject, told=told or {})
        )


def expiry_of(draft: Draft, record: PhoneHome) -> datetime:
    """Return when a request for review of `record`, or its approval, expires."""
    return (record.review_asked_at or record.staged_at) + draft.view.single(Tracker).review.expire


def _tell_operators(draft: Draft, record: PhoneHome, what: str, body: str, *, role: str) -> None:
    for operator in draft.project.operators:
        draft.mail(
            operator, role=f"{role}:{operator}", type="task", sender=relay_of(draft), subject=f"{what}: {record.title}",
            body=body, about=record, priority=PRIORITIES[record.severity.rank],
        )  # fmt: skip


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
