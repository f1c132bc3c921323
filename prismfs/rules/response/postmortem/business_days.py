"""Business days: Monday to Friday, in UTC. No holidays are known: they differ by place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dateutil.rrule import DAILY, FR, MO, TH, TU, WE, rrule


def after(at: datetime, days: int) -> datetime:
    """Return the instant `days` business days after `at`, at the same time of day (UTC).

    What happened on a weekend has its first business day on the Monday after; with 0 it is `at` itself.
    """
    if days == 0:
        return at
    begin = at.astimezone(UTC) + timedelta(days=1)
    found = list(rrule(DAILY, dtstart=begin, count=days, byweekday=(MO, TU, WE, TH, FR)))[-1]
    return found.replace(microsecond=at.microsecond)  # rrule counts in whole seconds
