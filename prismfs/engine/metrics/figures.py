"""The figures of incident response, from the times that incidents carry (R-002-55 to R-002-60; docs/metrics.md).

Pure: what is measured comes in as values, nothing is read and no clock is asked. Times are whole milliseconds since
1970 inside and seconds in the answer; a set without members has null, never 0.
"""

import statistics
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

from prismfs.engine.metrics.facts import Case, Facts

Grouping: TypeAlias = Literal["week", "severity"]
Figures: TypeAlias = dict[str, Any]

RANKS = (0, 1, 2, 3)
DAY = 24 * 60 * 60 * 1000
_SATURDAY = 5
_EXCLUDED = ("duplicate", "false_positive")
_MOST_WEEKS = 520
"""Ten years: where incidents lie further apart, weeks without any are left out."""


def measure(facts: Facts, *, start: int | None = None, end: int | None = None, by: Grouping | None = None) -> Figures:
    """Return the figures of the incidents detected in [start, end), the same for the same commit everywhere.

    Drills, duplicates and false positives count nowhere but in `excluded`; what is judged against a target and is
    not over yet is judged as of the newest audit row.
    """
    within = [
        case
        for case in facts.cases
        if (start is None or case.detected >= start) and (end is None or case.detected < end)
    ]
    counted = [case for case in within if _counts(case)]
    repeats = _repeats(filter(_counts, facts.cases), facts.rules.repeat_window)
    report: Figures = {
        "pid": facts.pid,
        "commit": facts.commit,
        "as_of": _instant(facts.as_of),
        "from": _instant(start),
        "to": _instant(end),
        "excluded": {
            "drill": sum(case.drill for case in within),
            **{status: sum(case.status == status and not case.drill for case in within) for status in _EXCLUDED},
        },
        **_figures(counted, facts, repeats),
        "by_severity": _by_severity(counted),
        "weeks": _weeks(counted),
        "breach_rate": {
            "respond": _breach_rates(counted, facts, _respond_breach),
            "resolve": _breach_rates(counted, facts, _resolve_breach),
        },
    }
    if by is not None:
        groups = _grouped(counted, week_of if by == "week" else lambda case: f"P{case.rank}")
        report["by"] = by
        report["groups"] = [{by: name, **_figures(cases, facts, repeats)} for name, cases in groups.items()]
    return report


def week_of(case: Case) -> str:
    """Return the ISO week of detection in UTC, such as `2026-W10` (R-002-58)."""
    return _week(_date(case.detected))


def _figures(cases: Sequence[Case], facts: Facts, repeats: frozenset[str]) -> Figures:
    resolved = [case for case in cases if case.resolved is not None]
    here = {case.id for case in cases}
    return {
        "incidents": len(cases),
        "open": sum(case.open for case in cases),
        "corrected": sum(case.corrected for case in cases),
        "mttd": _times(cases, "started", "detected"),
        "mtt_respond": _times(cases, "detected", "responded"),
        "mtt_resolve": {
            "all": _times(resolved, "detected", "resolved"),
            "escalated_only": _times(filter(_was_escalated, resolved), "detected", "resolved"),
        },
        "auto_resolve_rate": _rate(case.auto_resolved and not _was_escalated(case) for case in resolved),
        "repeat_rate": _rate(case.id in repeats for case in cases if case.root_cause is not None),
        "review_on_time_rate": _rate(_review_on_time(case, facts) for case in cases),
        "action_item_closure_rate": _rate(item.closed for item in facts.items if item.incident in here),
    }


def _counts(case: Case) -> bool:
    return not case.drill and case.status not in _EXCLUDED


def _was_escalated(case: Case) -> bool:
    return case.escalations > 0


def _times(cases: Iterable[Case], since: str, until: str) -> dict[str, float | int | None]:
    """Return number, mean, median and 90th percentile, in seconds, of how long it was between two instants of a case.

    Cases that have not both count nowhere.
    """
    instants = ((getattr(case, since), getattr(case, until)) for case in cases)
    values = sorted(end - begin for begin, end in instants if begin is not None and end is not None)
    if not values:
        return {"n": 0, "mean": None, "median": None, "p90": None}
    rank = -(-len(values) * 9 // 10)  # nearest rank: the smallest value that nine tenths do not exceed
    return {
        "n": len(values),
        "mean": round(sum(values) / len(values) / 1000, 3),
        "median": round(statistics.median(values) / 1000, 3),
        "p90": values[rank - 1] / 1000,
    }


def _rate(judged: Iterable[bool | None]) -> dict[str, float | int | None]:
    """Return the share of what holds in per cent, to one digit, with what it is a share of; None is not known."""
    known = [holds for holds in judged if holds is not None]
    among, count = len(known), sum(known)
    return {"n": among, "count": count, "percent": round(100 * count / among, 1) if among else None}


def _by_severity(cases: Sequence[Case]) -> dict[str, dict[str, int]]:
    return {
        "sev_final": {f"P{rank}": sum(case.rank == rank for case in cases) for rank in RANKS},
        "sev_max": {f"P{rank}": sum(case.worst == rank for case in cases) for rank in RANKS},
    }


def _weeks(cases: Sequence[Case]) -> list[Figures]:
    """Return the counts of each ISO week from the first detection to the last, weeks without any among them."""
    if not cases:
        return []
    found = _grouped(cases, week_of)
    first, last = (_date(pick(case.detected for case in cases)) for pick in (min, max))
    monday = first - timedelta(days=first.weekday())
    count = (last - monday).days // 7 + 1
    names = list(found)
    if count <= _MOST_WEEKS:
        names = [_week(monday + timedelta(weeks=number)) for number in range(count)]
    return [{"week": name, **_by_severity(found.get(name, []))} for name in names]


def _grouped(cases: Iterable[Case], name_of: Callable[[Case], str]) -> dict[str, list[Case]]:
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(name_of(case), []).append(case)
    return dict(sorted(groups.items()))


def _repeats(cases: Iterable[Case], window: int) -> frozenset[str]:
    """Return those whose root cause an incident detected earlier, at most `window` before, had already (R-002-60)."""
    found = set()
    for same in _grouped((case for case in cases if case.root_cause is not None), _cause_of).values():
        times = sorted(case.detected for case in same)
        for case in same:
            before = bisect_left(times, case.detected)
            if before and case.detected - times[before - 1] <= window:
                found.add(case.id)
    return frozenset(found)


def _cause_of(case: Case) -> str:
    return str(case.root_cause)


def _breach_rates(cases: Sequence[Case], facts: Facts, judge: Callable[[Case, Facts], bool | None]) -> Figures:
    rates = {f"P{rank}": _rate(judge(case, facts) for case in cases if case.rank == rank) for rank in RANKS}
    return {"all": _rate(judge(case, facts) for case in cases)} | rates


def _respond_breach(case: Case, facts: Facts) -> bool | None:
    """Tell whether the answer was late; None while that is not known, or where no answer was needed."""
    due = facts.rules.respond_due(case.rank, case.detected)
    if case.responded is not None:
        return case.responded >= due
    over = case.resolved if case.resolved is not None else facts.as_of
    return True if over is not None and over >= due else None


def _resolve_breach(case: Case, facts: Facts) -> bool | None:
    """Tell whether the resolution was late; None where there is no target, or that is not known yet."""
    due = facts.rules.resolve_due(case.rank, case.detected)
    if due is None:
        return None
    if case.resolved is not None:
        return case.resolved >= due
    return True if facts.as_of is not None and facts.as_of >= due else None


def _review_on_time(case: Case, facts: Facts) -> bool | None:
    """Tell whether a mandatory review was stored in time; None where none is due (R-002-44, R-002-50)."""
    days = facts.rules.review_days[case.worst]
    if case.worst > facts.rules.review_rank or days is None or case.resolved is None:
        return None
    due = after_business_days(case.resolved, days)
    if case.review_stored is not None and case.review_stored >= case.resolved:  # an older one was of another end
        return case.review_stored <= due
    return False if facts.as_of is not None and facts.as_of > due else None


def after_business_days(at: int, days: int) -> int:
    """Return the instant `days` business days (Monday to Friday, UTC) after `at`, at the same time of day.

    The rule of the duty itself (`rules/response/postmortem/duty.py`) imports what a listing must not wait for.
    """
    while days:
        at += DAY
        days -= _date(at).weekday() < _SATURDAY
    return at


def _date(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)


def _week(at: datetime) -> str:
    year, week, _ = at.isocalendar()
    return f"{year:04}-W{week:02}"


def _instant(at: int | None) -> str | None:
    if at is None:
        return None
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at % 1000:03}Z"
