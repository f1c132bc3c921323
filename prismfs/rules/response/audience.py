"""Who hears what of an incident that somebody changed (R-002-23, R-002-27, R-002-30, R-002-31).

Everybody is told once of what is new to them: those who are to work on it, agents that it touches, whoever speaks for
customers, and stakeholders of a status text or a new expected time.
"""

from __future__ import annotations

from prismfs.kinds.core.mail import MailType
from prismfs.kinds.response.incident import Incident
from prismfs.records.base import MAX_TEXT, format_instant
from prismfs.rules.core import roles
from prismfs.rules.core.draft import Draft
from prismfs.rules.response import status_updates
from prismfs.rules.response.facts import priority_of, subject_of


def tell(draft: Draft, before: Incident, after: Incident, *, status_text: str | None) -> None:
    """Tell everybody who has something new to hear between `before` and `after`."""
    for name in _new(before.assignees, after.assignees):
        _mail(draft, after, name, "assigned", "task", "You are asked to work on it.")
    if after.developer_needed and not before.developer_needed:
        for operator in draft.project.operators:
            _mail(draft, after, operator, "developer", "task", "It needs a human developer.")
    for name in _new(before.affected.agents, after.affected.agents):
        _mail(draft, after, name, "affected", "notification", "It touches your work.")
    if _customers_affected(after) and not _customers_affected(before):
        admin = roles.holder_of(draft, draft.response.tenant_admin)
        _mail(draft, after, admin, "customers", "notification", "It touches customers.")
    expected = after.expected_at if after.expected_at != before.expected_at else None
    if status_text is not None or expected is not None:
        time = "" if after.expected_at is None else f"Expected to be over by {format_instant(after.expected_at)}."
        subject = "Expected time" if status_text is None else "Status"
        status_updates.communicate(draft, after, _with_time(status_text or "", time), subject=subject)


def _mail(draft: Draft, incident: Incident, to: str, role: str, type: MailType, why: str) -> None:
    draft.mail(
        to,
        role=f"{role}:{to.lower()}",
        type=type,
        subject=subject_of(incident),
        body=f"Incident {incident.id}, severity {incident.severity.label}, is with {incident.owner}. {why}\n\n"
        f"prismfs incident show {incident.id}\n",
        about=incident,
        priority=priority_of(incident.severity),
    )


def _with_time(text: str, time: str) -> str:
    """Return the text with the expected time as its last paragraph, cut so that it fits into a mail."""
    room = MAX_TEXT - len(time.encode()) - 2
    kept = text.encode()[:room].decode(errors="ignore")
    return "\n\n".join(part for part in (kept, time) if part)


def _new(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
    known = {name.casefold() for name in before}
    return tuple(name for name in after if name.casefold() not in known)


def _customers_affected(incident: Incident) -> bool:
    return bool(incident.affected.customers) or incident.customer_data
