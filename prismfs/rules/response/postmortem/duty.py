"""The duty to review an incident: which one needs a review, by when, and what happens when it is late (R-002-44).

The worst severity that the incident ever had decides; what made it less urgent later does not lift the duty. A review
counts when it was stored after the last resolution: an incident that came back is reviewed anew. Drills need none, nor
does what the retry engine resolved: its severity was not judged, and is only what rules made of the error's words.
"""

from datetime import UTC, datetime, timedelta

from prismfs.kinds.care.kb import Article
from prismfs.kinds.response.incident import Incident
from prismfs.kinds.response.settings.response import Response
from prismfs.records.answer import REVIEW_TAG
from prismfs.records.api import format_instant
from prismfs.rules.core.api import Draft, IncidentOver, authority
from prismfs.rules.response.facts import Lapse, add_row, mail, with_timers

REMIND_AFTER = 5
"""Business days between two reminders of a review that is late."""


def is_required(response: Response, incident: Incident) -> bool:
    """Tell whether the incident may not be closed without a review (R-002-44)."""
    exempt = incident.drill or incident.auto_resolved
    return not exempt and incident.sev_max.rank <= response.review.required_rank


def is_reviewed(draft: Draft, incident: Incident) -> bool:
    """Tell whether its review is stored, and of its last resolution; the article must be there with its tag (C-117)."""
    if incident.review is None or incident.review_stored_at is None:
        return False
    article = draft.get(Article, incident.review)
    if article is None or REVIEW_TAG not in article.tags:
        return False
    return incident.resolved_at is None or incident.review_stored_at >= incident.resolved_at


def due_for(response: Response, incident: Incident) -> datetime | None:
    """Return by when a review is expected, in business days from the resolution (R-002-50).

    None while it is not resolved, and where its rank expects none; a rank for which it is optional has one, too.
    """
    days = response.review.due_days[incident.sev_max.rank]
    if days is None or incident.drill or incident.resolved_at is None:
        return None
    return business_days_after(incident.resolved_at, days)


def business_days_after(at: datetime, days: int) -> datetime:
    """Return the instant `days` business days after `at`, at the same time of day (UTC).

    Business days are Monday to Friday; no holidays are known, as they differ by place. What happened on a weekend has
    its first business day on the Monday after; with 0 it is `at` itself.
    """
    if days == 0:
        return at
    from dateutil.rrule import DAILY, FR, MO, TH, TU, WE, rrule  # few decisions want it

    begin = at.astimezone(UTC) + timedelta(days=1)
    found = list(rrule(DAILY, dtstart=begin, count=days, byweekday=(MO, TU, WE, TH, FR)))[-1]
    return found.replace(microsecond=at.microsecond)  # rrule counts in whole seconds


def commission(draft: Draft, asked: IncidentOver) -> None:
    """Commission the review of an incident that was resolved and needs one (R-002-36)."""
    incident = draft.need(Incident, asked.incident)
    if incident.status != "resolved" or not is_required(draft.response, incident):
        return
    due = due_for(draft.response, incident)
    incident = draft.put(with_timers(incident, review=due))
    by_when = "" if due is None else f" by {format_instant(due)}"
    body = (
        f"{incident.id} was {incident.sev_max.label} at its worst and is resolved: it needs a post-incident review"
        f"{by_when}, and is not closed without one.\n\n"
        f"prismfs review new {incident.id} --output review.md\nprismfs review submit {incident.id} review.md\n"
    )
    _tell(draft, incident, "commission", f"Review {incident.sev_max.label}: {incident.title}", body, "high")
    reason = f"a review is owed{by_when}: {incident.sev_max.label} at its worst"
    told = None if due is None else format_instant(due)
    add_row(draft, "incident.review_commissioned", incident, reason=reason, meta={"review_due": told})


def review_due(draft: Draft, incident: Incident, due: datetime) -> Lapse:
    """The review is late: a row, a message, and again after some business days; storing it ends that."""
    again = business_days_after(draft.now, REMIND_AFTER)
    incident = draft.put(with_timers(incident, review=again))
    lapse = Lapse("review_overdue", "its post-incident review is late")
    body = f"The review of {incident.id} was due {format_instant(due)}.\n\nprismfs review new {incident.id}\n"
    _tell(draft, incident, "review-overdue", f"Review is late: {incident.title}", body, "urgent")
    at = format_instant(due)
    add_row(draft, "incident.review_overdue", incident, level="error", reason=lapse.reason, meta={"due_at": at})
    return lapse


def _tell(draft: Draft, incident: Incident, what: str, subject: str, body: str, priority: str) -> None:
    """Tell who holds the end of the chain, and the incident's owner."""
    executive = authority.holder_of(draft, draft.response.chain[-1].role)
    names = (incident.owner, executive)
    mail(draft, incident, names, what, subject=subject, body=body, priority=priority)
