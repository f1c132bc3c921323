"""Rules of RFC 5545: what is accepted, what is refused, and when one comes next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from prismfs.errors import ConfigError
from prismfs.kinds.response.settings.response import Response
from prismfs.records.recurrence import check_rule, next_begin
from tests.support.memory import MakeRules

ANCHOR = datetime(2024, 1, 1, tzinfo=UTC)

REFUSED = (
    "",
    "BYDAY=SU",
    "FREQ=NEVER",
    "FREQ=HOURLY",
    "FREQ=MINUTELY;BYHOUR=2",
    "FREQ=SECONDLY",
    "FREQ=WEEKLY;COUNT=3",
    "FREQ=WEEKLY;BYDAY=XX",
    "FREQ=WEEKLY;BYDAY=",
    "FREQ=WEEKLY;FREQ=DAILY",
    "FREQ=WEEKLY;INTERVAL=0",
    "FREQ=WEEKLY;INTERVAL=-1",
    "FREQ=WEEKLY;INTERVAL=99999999999",
    "FREQ=WEEKLY;BYSECOND=1",
    "FREQ=YEARLY;BYEASTER=0",
    "FREQ=DAILY;UNTIL=20270101",
    "FREQ=DAILY;BYHOUR=0,1,2,3,4;BYMINUTE=0,10,20,30,40",
    "FREQ=DAILY;BYHOUR=25",
    "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;UNTIL=20230101T000000Z",
    "RRULE:FREQ=WEEKLY",
    "DTSTART:20260101T000000Z",
    "FREQ=WEEKLY;EXDATE=20260101",
    "every Sunday",
)


@pytest.mark.parametrize("rule", REFUSED)
def test_rule_that_is_none_or_would_make_a_search_long_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_rule(rule)


@pytest.mark.parametrize(
    ("rule", "since", "begins"),
    [
        ("FREQ=WEEKLY;BYDAY=SU;BYHOUR=2", "2026-03-01T02:00", "2026-03-01T02:00"),
        ("FREQ=WEEKLY;BYDAY=SU;BYHOUR=2", "2026-03-01T02:01", "2026-03-08T02:00"),
        ("freq=weekly;byday=su;byhour=2", "2026-03-01T02:01", "2026-03-08T02:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "2024-01-01T00:01", "2024-01-15T00:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "2026-03-01T00:00", "2026-03-09T00:00"),
        ("FREQ=MONTHLY;BYDAY=1SU;BYHOUR=3;BYMINUTE=30", "2026-03-01T04:00", "2026-04-05T03:30"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-02-01T00:00", "2026-02-28T00:00"),
        ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24", "2026-12-25T00:00", "2027-12-24T00:00"),
        ("FREQ=DAILY;BYHOUR=1", "2019-06-01T02:00", "2019-06-02T01:00"),
    ],
)
def test_next_begin_is_the_first_time_at_or_after(rule: str, since: str, begins: str) -> None:
    check_rule(rule)
    at = datetime.fromisoformat(since).replace(tzinfo=UTC)
    assert next_begin(rule, since=at) == datetime.fromisoformat(begins).replace(tzinfo=UTC)


def test_next_begin_more_than_a_year_away_or_over_is_none() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    assert next_begin("FREQ=YEARLY;INTERVAL=5;BYMONTH=1;BYMONTHDAY=1", since=at) is None
    assert next_begin("FREQ=DAILY;UNTIL=20250101T000000Z", since=at) is None


@given(
    rule=st.sampled_from(
        [
            "FREQ=DAILY;INTERVAL=3;BYHOUR=5",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SA;BYHOUR=1",
            "FREQ=WEEKLY;INTERVAL=3;WKST=SU;BYDAY=SU",
            "FREQ=MONTHLY;INTERVAL=5;BYDAY=2WE",
            "FREQ=MONTHLY;BYMONTHDAY=31",
            "FREQ=YEARLY;BYMONTH=3,9;BYDAY=-1SU",
        ]
    ),
    minutes=st.integers(0, 60 * 24 * 365 * 6),
)
def test_next_begin_is_what_a_search_from_the_anchor_finds(rule: str, minutes: int) -> None:
    """A search that begins shortly before gives what the whole rule gives."""
    at = ANCHOR + timedelta(days=31, minutes=minutes)
    whole = rrulestr(rule, dtstart=ANCHOR).after(at, inc=True)
    assert next_begin(rule, since=at) == whole


def test_search_far_from_the_anchor_is_answered() -> None:
    rule = "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24)))
    check_rule(rule)
    assert next_begin(rule, since=datetime(2090, 6, 1, 12, 30, tzinfo=UTC)) is not None


@pytest.mark.parametrize("window", [{"rule": "FREQ=HOURLY"}, {"lasts": "0s"}])
def test_response_with_a_bad_window_is_invalid_naming_the_field(make_rules: MakeRules, window: dict[str, str]) -> None:
    rules = make_rules()
    fields = {"name": "night", "rule": "FREQ=DAILY;BYHOUR=2", "lasts": "1h"} | window
    lines = [f"{name}: '{value}'" for name, value in fields.items()]
    text = "kind: response\nversion: 1\nwindows:\n  - " + "\n    ".join(lines) + "\n"
    rules.view.put_file("settings/response.yaml", text.encode())
    with pytest.raises(ConfigError) as caught:
        rules.view.single(Response)
    assert (caught.value.code, f"/windows/0/{next(iter(window))}" in str(caught.value)) == ("invalid_setting", True)
