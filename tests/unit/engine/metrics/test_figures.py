"""The figures of incident response by their definitions (R-002-55 to R-002-60)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prismfs.engine.metrics.facts import Case, Facts, Item, Rules
from prismfs.engine.metrics.figures import DAY, after_business_days, measure
from prismfs.engine.metrics.source import window_ends
from prismfs.records.recurrence import next_begin
from prismfs.rules.response.postmortem.duty import business_days_after

MINUTE = 60_000
HOUR = 60 * MINUTE
RULES = Rules(
    respond=[5 * MINUTE, 15 * MINUTE, HOUR, 24 * HOUR],
    resolve=[HOUR, 4 * HOUR, 24 * HOUR, None],
    repeat_window=90 * DAY,
    review_rank=1,
    review_days=[5, 5, 10, None],
)


def at(clock: str, day: str = "2026-03-02") -> int:
    """Return an instant of the week 2026-W10, from `10:02` or `12:00:06`."""
    return int(datetime.fromisoformat(f"{day}T{clock}+00:00").timestamp() * 1000)


def case(identifier: str, rank: int, detected: str, resolved: str | None = None, **given: Any) -> Case:
    """Return an incident; `detected` and the other times are of one day unless given as milliseconds."""
    day = given.pop("day", "2026-03-02")
    times = {name: given.pop(name, None) for name in ("started", "responded")}
    end = None if resolved is None else at(resolved, day)
    fields: dict[str, Any] = {
        "id": identifier,
        "status": "triage" if end is None else "resolved",
        "open": end is None,
        "rank": rank,
        "worst": rank,
        "drill": False,
        "detected": at(detected, day),
        "resolved": end,
        "escalations": 1,
        "auto_resolved": False,
        "root_cause": None,
        "corrected": False,
        "review_stored": None,
        **{name: None if text is None else at(text, day) for name, text in times.items()},
    }
    return Case(**fields | given)


WORKED = [
    case("A", 0, "10:02", "10:42", started="10:00", responded="10:05", escalations=3, root_cause="RC1"),
    case("B", 1, "11:10", "13:10", started="11:00", responded="11:20", escalations=2, root_cause="RC2"),
    case("C", 2, "12:00:00", "12:00:06", escalations=0, auto_resolved=True, status="auto_resolved"),
    case("D", 2, "14:06", started="14:00", responded="14:36"),
    case("E", 1, "15:02", "15:32", started="15:00", responded="15:05", root_cause="RC1"),
]


def figures(cases: list[Case], *, items: list[Item] | None = None, as_of: int | None = None, **window: Any) -> Any:
    """Measure some incidents as of the evening of their day."""
    facts = Facts("c0ffee", "PID-TEST01", as_of or at("20:00"), cases, items or [], window.pop("rules", RULES))
    return measure(facts, **window)


def test_worked_example_comes_out_to_the_digit() -> None:
    """R-002-55, R-002-56, R-002-57, R-002-58, R-002-59, R-002-60."""
    found = figures(WORKED)
    assert (found["mttd"]["mean"] / 60, found["mttd"]["n"]) == (5.0, 4)
    assert (found["mtt_respond"]["mean"] / 60, found["mtt_respond"]["n"]) == (11.5, 4)
    everything, escalated = found["mtt_resolve"]["all"], found["mtt_resolve"]["escalated_only"]
    assert (everything["mean"] / 60, everything["n"]) == (47.525, 4)
    assert (round(escalated["mean"] / 60, 3), escalated["n"]) == (63.333, 3)
    assert found["auto_resolve_rate"] == {"n": 4, "count": 1, "percent": 25.0}
    assert found["repeat_rate"] == {"n": 3, "count": 1, "percent": 33.3}
    assert found["by_severity"]["sev_final"] == {"P0": 1, "P1": 2, "P2": 2, "P3": 0}
    assert found["weeks"] == [{"week": "2026-W10", **found["by_severity"]}]
    assert (found["incidents"], found["open"]) == (5, 1)


def test_empty_set_is_null_and_never_zero() -> None:
    found = figures([])
    nothing = {"n": 0, "mean": None, "median": None, "p90": None}
    assert found["mttd"] == found["mtt_respond"] == nothing
    assert found["mtt_resolve"] == {"all": nothing, "escalated_only": nothing}
    rates = ("auto_resolve_rate", "repeat_rate", "review_on_time_rate", "action_item_closure_rate")
    assert {found[name]["percent"] for name in rates} == {None}
    assert {rate["percent"] for rates in found["breach_rate"].values() for rate in rates.values()} == {None}
    assert found["weeks"] == []


def test_no_figure_is_called_mttr() -> None:
    """Time to respond and time to resolve are two things; a bare MTTR would be either."""
    assert "mttr" not in str(figures(WORKED, by="severity")).casefold()


@pytest.mark.parametrize(
    ("count", "median", "p90"), [(1, 60, 60), (2, 90, 120), (9, 300, 540), (10, 330, 540), (11, 360, 600)]
)
def test_percentile_is_the_nearest_rank(count: int, median: float, p90: float) -> None:
    times = [case(str(number), 1, "10:00", responded=f"10:{number:02}") for number in range(count, 0, -1)]
    found = figures(times)["mtt_respond"]
    assert (found["n"], found["median"], found["p90"]) == (count, median, p90)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"drill": True}, "drill"),
        ({"status": "duplicate"}, "duplicate"),
        ({"status": "false_positive"}, "false_positive"),
    ],
)
def test_what_was_no_incident_counts_nowhere(given: dict[str, Any], reason: str) -> None:
    without = figures(WORKED, items=[])
    extra = case(
        "X",
        0,
        "09:00",
        "19:00",
        started="08:00",
        responded="10:00",
        root_cause="RC2",
        review_stored=at("19:30"),
        **given,
    )
    found = figures([extra, *WORKED], items=[Item("X", closed=True)])
    assert found["excluded"] == {"drill": 0, "duplicate": 0, "false_positive": 0} | {reason: 1}
    assert found | {"excluded": None} == without | {"excluded": None}


def test_window_holds_its_beginning_and_not_its_end() -> None:
    found = figures(WORKED, start=at("11:10"), end=at("15:02"))
    assert found["incidents"] == 3
    assert (found["from"], found["to"]) == ("2026-03-02T11:10:00.000Z", "2026-03-02T15:02:00.000Z")


def test_repeat_counts_an_earlier_one_outside_of_the_window() -> None:
    """R-002-60: the earlier incident with the same root cause need not lie in the window itself."""
    assert figures(WORKED, start=at("15:00"))["repeat_rate"] == {"n": 1, "count": 1, "percent": 100.0}


@pytest.mark.parametrize(("after", "repeats"), [(90 * DAY, 1), (90 * DAY + 1, 0)])
def test_repeat_ends_with_its_window(after: int, repeats: int) -> None:
    first = case("A", 1, "10:00", root_cause="RC1")
    again = case("B", 1, "10:00", root_cause="RC1")._replace(detected=first.detected + after)
    assert figures([first, again])["repeat_rate"]["count"] == repeats


def test_repeat_needs_an_earlier_one() -> None:
    same = [case(name, 1, "10:00", root_cause="RC1") for name in "AB"]
    assert figures(same)["repeat_rate"]["count"] == 0


def test_answered_in_time_is_before_the_target() -> None:
    """R-002-06: at exactly the target it is a breach."""
    on_it, before = (
        case(str(ms), 0, "10:00", responded=None)._replace(responded=at("10:00") + ms) for ms in (300_000, 299_999)
    )
    assert figures([on_it])["breach_rate"]["respond"]["P0"] == {"n": 1, "count": 1, "percent": 100.0}
    assert figures([before])["breach_rate"]["respond"]["P0"] == {"n": 1, "count": 0, "percent": 0.0}


@pytest.mark.parametrize(("now", "judged"), [("10:14:59", (0, 0)), ("10:15", (1, 1))])
def test_unanswered_is_a_breach_from_its_target_on(now: str, judged: tuple[int, int]) -> None:
    rate = figures([case("A", 1, "10:00")], as_of=at(now))["breach_rate"]["respond"]["all"]
    assert (rate["n"], rate["count"]) == judged


def test_resolved_by_the_retry_engine_in_time_needed_no_answer() -> None:
    within = case("A", 0, "10:00", "10:00:31", auto_resolved=True, escalations=0)
    beyond = case("B", 0, "10:00", "10:06", auto_resolved=True, escalations=0)
    assert figures([within])["breach_rate"]["respond"]["P0"]["n"] == 0
    assert figures([beyond])["breach_rate"]["respond"]["P0"]["count"] == 1


@pytest.mark.parametrize(
    ("resolved", "now", "judged"),
    [("10:59:59", "20:00", (1, 0)), ("11:00", "20:00", (1, 1)), (None, "10:59", (0, 0)), (None, "11:00", (1, 1))],
)
def test_resolution_is_judged_by_the_target_of_its_severity(
    resolved: str | None, now: str, judged: tuple[int, int]
) -> None:
    rates = figures([case("A", 0, "10:00", resolved)], as_of=at(now))["breach_rate"]["resolve"]
    assert (rates["P0"]["n"], rates["P0"]["count"]) == judged
    assert rates["all"] == rates["P0"]


def test_without_a_target_resolution_is_not_judged_unless_a_window_ends() -> None:
    minor = case("A", 3, "10:00", "19:00")
    assert figures([minor])["breach_rate"]["resolve"]["P3"]["n"] == 0
    windows = RULES._replace(window_end=lambda detected: detected + 8 * HOUR)
    assert figures([minor], rules=windows)["breach_rate"]["resolve"]["P3"]["count"] == 1


def test_auto_resolved_that_was_escalated_after_all_is_not_without_escalation() -> None:
    back = case("A", 1, "10:00", "12:00", auto_resolved=True, escalations=1)
    assert figures([back])["auto_resolve_rate"]["count"] == 0
    assert figures([back])["mtt_resolve"]["escalated_only"]["n"] == 1


@pytest.mark.parametrize(
    ("stored", "rate"),
    [
        (at("10:00", "2026-03-09"), (1, 1)),
        (at("10:00", "2026-03-09") + 1, (1, 0)),
        (at("09:00"), (0, 0)),
        (None, (0, 0)),
    ],
    ids=["on the fifth day", "after it", "before the last resolution", "not yet and not due"],
)
def test_review_is_on_time_until_its_due_time(stored: int | None, rate: tuple[int, int]) -> None:
    """R-002-50: the fifth business day after Monday the 2nd is Monday the 9th."""
    found = figures([case("A", 1, "09:30", "10:00", review_stored=stored)])["review_on_time_rate"]
    assert (found["n"], found["count"]) == rate


def test_review_that_never_came_is_late_once_it_was_due() -> None:
    late = figures([case("A", 0, "09:30", "10:00")], as_of=at("10:00:01", "2026-03-09"))
    assert late["review_on_time_rate"] == {"n": 1, "count": 0, "percent": 0.0}


def test_worst_severity_decides_whether_a_review_counts() -> None:
    """R-002-44."""
    stored = at("12:00")
    was_bad = case("A", 3, "09:30", "10:00", worst=1, review_stored=stored)
    never = case("B", 2, "09:30", "10:00", review_stored=stored)
    assert figures([was_bad])["review_on_time_rate"]["n"] == 1
    assert figures([never])["review_on_time_rate"]["n"] == 0


@pytest.mark.parametrize("days", [0, 1, 4, 5, 10, 23])
def test_business_days_are_those_of_the_duty(days: int) -> None:
    for hours in range(0, 24 * 9, 7):
        moment = datetime(2026, 2, 27, 1, 30, tzinfo=UTC) + timedelta(hours=hours)
        expected = business_days_after(moment, days)
        found = after_business_days(int(moment.timestamp() * 1000), days)
        assert datetime.fromtimestamp(found / 1000, UTC) == expected, (moment, days)


def test_action_items_count_with_their_incident() -> None:
    items = [Item("A", closed=True), Item("A", closed=False), Item("B", closed=True), Item("gone", closed=True)]
    assert figures(WORKED, items=items)["action_item_closure_rate"] == {"n": 3, "count": 2, "percent": 66.7}
    assert figures(WORKED, items=items, end=at("11:00"))["action_item_closure_rate"]["n"] == 2


def test_week_is_that_of_iso_in_utc_and_weeks_between_are_told() -> None:
    """R-002-58: 1 January 2027 still belongs to the last week of 2026."""
    cases = [case("A", 0, "23:59", day="2026-12-20"), case("B", 1, "00:00", day="2027-01-01", worst=0)]
    weeks = figures(cases)["weeks"]
    assert [week["week"] for week in weeks] == ["2026-W51", "2026-W52", "2026-W53"]
    assert weeks[1]["sev_final"] == {"P0": 0, "P1": 0, "P2": 0, "P3": 0}
    assert (weeks[2]["sev_final"]["P1"], weeks[2]["sev_max"]["P0"]) == (1, 1)


def test_weeks_far_apart_do_not_fill_the_report() -> None:
    cases = [case("A", 0, "10:00", day="1970-01-05"), case("B", 0, "10:00", day="9999-12-30")]
    assert [week["week"] for week in figures(cases)["weeks"]] == ["1970-W02", "9999-W52"]


def test_groups_hold_the_same_figures_of_fewer_incidents() -> None:
    found = figures(WORKED, by="severity")
    assert [(group["severity"], group["incidents"]) for group in found["groups"]] == [("P0", 1), ("P1", 2), ("P2", 2)]
    assert [group["repeat_rate"]["count"] for group in found["groups"]] == [0, 1, 0]
    (week,) = figures(WORKED, by="week")["groups"]
    whole = figures(WORKED)
    assert {name: value for name, value in week.items() if name != "week"} == {
        name: whole[name] for name in week if name != "week"
    }


@pytest.mark.parametrize(
    "rule", ["FREQ=WEEKLY;BYDAY=SU;BYHOUR=2", "FREQ=DAILY;INTERVAL=3", "FREQ=MONTHLY;BYMONTHDAY=1"]
)
def test_window_ends_are_those_of_the_rule_for_targets(rule: str) -> None:
    """R-002-05: whatever order incidents come in, each has the first window that begins at its detection or later."""
    other = ("FREQ=WEEKLY;BYDAY=WE", 2 * HOUR)
    ends = window_ends([(rule, HOUR), other])
    moments = [datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hours) for hours in (*range(0, 900, 13), 5, 2, 0)]
    for moment in moments:
        begun = [
            (begin, lasts)
            for each, lasts in ((rule, HOUR), other)
            if (begin := next_begin(each, since=moment)) is not None
        ]
        begin, lasts = min(begun)
        assert ends(int(moment.timestamp() * 1000)) == int(begin.timestamp() * 1000) + lasts, moment


def test_window_that_never_comes_is_no_target() -> None:
    assert window_ends([("FREQ=DAILY;UNTIL=20250101T000000Z", HOUR)])(at("10:00")) is None
