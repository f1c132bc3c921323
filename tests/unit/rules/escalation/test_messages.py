"""Limits: so many notices of one action in so long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from prismfs.kinds.core.outbox import Outbox
from prismfs.records.api import Outcome
from prismfs.rules.core.outbox import JITTER
from prismfs.rules.escalation.messages import next_allowed
from prismfs.rules.escalation.routes import parse_limit
from tests.support.memory import MakeRules

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("limits", "sent", "wanted"),
    [
        (("1/1m", "3/15m"), (-12, -10, 0), 3),
        (("1/1m", "3/15m"), (-12, -10), 0),
        (("1/1m", "3/15m"), (), 0),
        (("1/1m", "3/15m"), (0,), 1),
        (("1/1m",), (-1,), 0),
        (("3/15m",), (-16, -14, -2), 0),
        (("3/15m",), (-14, -2, -1), 1),
        (("3/15m",), (-20, -14, -2, -1), 1),
        (("2/1h",), (5, 10), 65),
    ],
)
def test_next_allowed_is_the_first_time_within_every_limit(
    limits: Sequence[str], sent: Sequence[int], wanted: int
) -> None:
    """C-80."""
    times = [NOW + minute * MINUTE for minute in sent]
    assert next_allowed(times, [parse_limit(text) for text in limits], NOW) == NOW + wanted * MINUTE


LIMITS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 40)), min_size=1, max_size=3)


@given(limits=LIMITS, waits=st.lists(st.integers(0, 30), min_size=1, max_size=30))
def test_limits_hold_in_every_window_and_nothing_waits_longer_than_it_must(
    limits: list[tuple[int, int]], waits: list[int]
) -> None:
    """C-80: what is planned one after the other never exceeds a limit; an earlier time would."""
    parsed = [(count, timedelta(seconds=window)) for count, window in limits]
    now = NOW
    planned: list[datetime] = []
    for wait in waits:
        now += timedelta(seconds=wait)
        at = next_allowed(planned, parsed, now)
        assert at >= now
        planned.append(at)
        assert fits(planned, parsed)
        if at > now:
            assert not fits([*planned[:-1], at - timedelta(milliseconds=1)], parsed)
    assert planned == sorted(planned)


def fits(times: list[datetime], limits: list[tuple[int, timedelta]]) -> bool:
    """Tell whether no window that begins at one of `times` holds more than its limit."""
    return all(
        sum(start <= at < start + window for at in times) <= count for count, window in limits for start in times
    )


ROUTES: dict[str, Any] = {
    "route": {"name": "root", "actions": ["command:pager"]},
    "targets": {"pager": {"channel": "command", "run": ["true"]}},
    "throttle": [{"action": "command:pager", "limits": ["2/1m"]}],
}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(steps=["escalate", "escalate", "escalate", 1, 59])
@given(
    steps=st.lists(
        st.one_of(st.just("escalate"), st.integers(1, 90), st.sampled_from(("temporary", "sent"))),
        min_size=5,
        max_size=40,
    )
)
def test_attempts_never_exceed_the_limit_whatever_is_late_or_fails(
    make_rules: MakeRules, steps: list[str | int]
) -> None:
    """C-80: after a time down, and with attempts that fail, no minute sees more than its limit."""
    rules = make_rules(**ROUTES)
    begun: list[datetime] = []
    outcome: Outcome = "sent"
    for number, step in enumerate([*steps, "escalate", 3600]):
        if step == "escalate":
            rules.escalate(f"fault {chr(97 + number % 26)}{chr(97 + number // 26)}")
        elif isinstance(step, str):
            outcome = cast("Outcome", step)
        else:
            rules.wait(seconds=step)
            for message in [each for each in rules.messages() if each.status in ("pending", "unknown")]:
                if message.due_at <= rules.now:
                    before = message.attempts
                    after = rules.attempt(message, outcome)
                    begun += [rules.now] * (after.attempts - before)
    # One may begin a moment before its time, and counts from its time when it begins a moment late.
    minute = MINUTE - 2 * JITTER
    assert all(sum(start <= at < start + minute for at in begun) <= 2 for start in begun), begun


def test_postponed_messages_leave_one_after_the_other_and_none_is_lost(make_rules: MakeRules) -> None:
    """C-80: what is postponed gets a time of its own."""
    rules = make_rules(**ROUTES | {"throttle": [{"action": "command:pager", "limits": ["1/1m"]}]})
    for name in "abcd":
        rules.escalate(name)
    rules.wait(hours=1)
    messages = rules.messages()
    assert [rules.attempt(message, "sent").status for message in messages].count("sent") == 1
    waiting = sorted(message.due_at for message in rules.messages(status="pending"))
    assert waiting == [rules.now + minutes * MINUTE for minutes in (1, 2, 3)]
    for _ in range(3):
        rules.wait(minutes=1)
        for message in rules.messages(status="pending"):
            if message.due_at <= rules.now:
                rules.attempt(message, "sent")
    assert {message.status for message in rules.all(Outbox)} == {"sent"}


def test_limit_of_one_action_is_no_limit_of_another(make_rules: MakeRules) -> None:
    rules = make_rules(**ROUTES | {"route": {"name": "root", "actions": ["command:pager", "log"]}})
    for name in "abc":
        rules.escalate(name)
    assert [message.due_at for message in rules.messages(action="log")] == [rules.now] * 3
    assert sorted(message.due_at for message in rules.messages(action="command:pager")) == [
        rules.now,
        rules.now,
        rules.now + MINUTE,
    ]
