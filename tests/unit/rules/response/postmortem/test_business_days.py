"""Business days are Monday to Friday in UTC, at the same time of day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from prismfs.rules.response.postmortem.duty import business_days_after

FRIDAY = datetime(2026, 3, 6, 17, 30, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "days", "expected"),
    [
        (FRIDAY, 0, FRIDAY),
        (FRIDAY, 1, FRIDAY + timedelta(days=3)),
        (FRIDAY, 5, FRIDAY + timedelta(days=7)),
        (FRIDAY, 10, FRIDAY + timedelta(days=14)),
        (FRIDAY + timedelta(days=1), 1, FRIDAY + timedelta(days=3)),
        (FRIDAY + timedelta(days=2), 5, FRIDAY + timedelta(days=7)),
        (FRIDAY - timedelta(days=4), 5, FRIDAY + timedelta(days=3)),
    ],
    ids=["none", "over the weekend", "a week", "two weeks", "from Saturday", "from Sunday", "from Monday"],
)
def test_weekends_do_not_count(at: datetime, days: int, expected: datetime) -> None:
    assert business_days_after(at, days) == expected


def test_days_are_those_of_utc() -> None:
    late_on_friday_here = datetime(2026, 3, 6, 23, 0, tzinfo=timezone(timedelta(hours=-5)))  # Saturday 04:00 in UTC
    assert business_days_after(late_on_friday_here, 1) == datetime(2026, 3, 9, 4, 0, tzinfo=UTC)
