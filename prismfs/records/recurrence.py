"""When something comes again: rules of RFC 5545 such as `FREQ=WEEKLY;BYDAY=SU;BYHOUR=2`, in UTC.

A rule has no start of its own: every second week, day or month is counted from Monday, 2024-01-01. What nobody needs
of a maintenance window, or what would make a search long, is refused: more than a few beginnings a day, a count.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dateutil.rrule import rrule

_ANCHOR = datetime(2024, 1, 1, tzinfo=UTC)
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS = ("FREQ", "INTERVAL", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "BYHOUR", "BYMINUTE")
_MOST_A_DAY = 24
_LONGEST_INTERVAL = 1000
_FAR = timedelta(days=366)


@lru_cache(maxsize=64)
def check_rule(text: str) -> None:
    """Accept a rule that comes again and that a search can follow.

    Raises:
        ValueError: it is none; the text says what is wrong with it.
    """
    parts = _parts_of(text)
    unknown = [name for name in parts if name not in _PARTS]
    if unknown:
        raise ValueError(f"a rule has no part {unknown[0][:20]} here; it has {', '.join(_PARTS)}")
    if parts.get("FREQ") not in _FREQUENCIES:
        raise ValueError(f"FREQ is one of {', '.join(_FREQUENCIES)}")
    if not 1 <= _interval_of(parts) <= _LONGEST_INTERVAL:
        raise ValueError(f"INTERVAL is 1 to {_LONGEST_INTERVAL}")
    times = [len(parts.get(name, "").split(",")) for name in ("BYHOUR", "BYMINUTE")]
    if times[0] * times[1] > _MOST_A_DAY:
        raise ValueError(f"it begins more than {_MOST_A_DAY} times a day")
    try:
        first = next(iter(_rule(text, _ANCHOR)), None)
    except (ValueError, TypeError) as error:
        raise ValueError(f"no rule of RFC 5545: {str(error)[:100]}") from None
    if first is None:
        raise ValueError("it never comes")


def next_begin(text: str, *, since: datetime) -> datetime | None:
    """Return when the rule comes next, at `since` or later; None where that is more than a year away, or never."""
    parts = _parts_of(text)
    found: datetime | None = _rule(text, _period_before(parts["FREQ"], _interval_of(parts), since)).after(
        since, inc=True
    )
    return found if found is not None and found - since <= _FAR else None


def _rule(text: str, start: datetime) -> rrule:
    from dateutil.rrule import rrule, rrulestr  # few verbs meet a rule

    rule = rrulestr(text, dtstart=start)
    assert isinstance(rule, rrule)
    return rule


def _parts_of(text: str) -> dict[str, str]:
    found = [part.partition("=") for part in text.upper().split(";")]
    if len({name for name, _, _ in found}) < len(found) or not all(value for _, _, value in found):
        raise ValueError("a rule is written as FREQ=WEEKLY;BYDAY=SU;BYHOUR=2, each part once")
    return {name: value for name, _, value in found}


def _interval_of(parts: dict[str, str]) -> int:
    text = parts.get("INTERVAL", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


def _period_before(frequency: str, interval: int, at: datetime) -> datetime:
    """Return the first day of a period of the rule shortly before `at`: a search from there on is short.

    It is whole intervals away from the anchor, so the rule comes at the same times as if it began there.
    """
    days = (at - _ANCHOR).days
    if frequency in ("DAILY", "WEEKLY"):
        length = interval * (7 if frequency == "WEEKLY" else 1)
        return _ANCHOR + timedelta(days=days // length * length - length)
    length = interval * (12 if frequency == "YEARLY" else 1)
    months = (at.year - _ANCHOR.year) * 12 + at.month - _ANCHOR.month
    year, month = divmod(months // length * length - length + _ANCHOR.year * 12, 12)
    return _ANCHOR.replace(year=year, month=month + 1)
