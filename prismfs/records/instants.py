"""Instants and durations as files write them; imports next to nothing, for verbs that must start fast."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

INSTANT_TARGET = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z"
_INSTANT = re.compile(INSTANT_TARGET)
LONGEST_WAIT = timedelta(days=36500)
"""The longest duration that a file may name; a due time must stay within the calendar."""

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


@lru_cache(maxsize=1024)
def format_instant(at: datetime) -> str:
    """Return `at` as RFC 3339 in UTC with milliseconds and `Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_instant(text: str) -> datetime:
    """Return the instant that RFC 3339 `text` names, cut to milliseconds.

    Raises:
        ValueError: `text` is not of the form 2026-03-01T10:00:00Z, or names no day of the calendar.
    """
    if not _INSTANT.fullmatch(text):
        raise ValueError("an instant is written as 2026-03-01T10:00:00Z, in quotes")
    return cut_to_milliseconds(datetime.fromisoformat(text))


def cut_to_milliseconds(at: datetime) -> datetime:
    """Return `at` without what is smaller than a millisecond: the finest time that records carry."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000) if at.microsecond % 1000 else at


def parse_duration(text: str) -> timedelta:
    """Return the duration that `text` such as `4h`, `1h30m` or `2d` names.

    Raises:
        ValueError: not of that form, or longer than `LONGEST_WAIT`.
    """
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError("a duration is written as 30s, 15m, 4h or 2d")
    days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    try:
        wait = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        wait = timedelta.max
    if wait > LONGEST_WAIT:
        raise ValueError(f"a duration is at most {LONGEST_WAIT.days}d")
    return wait


def format_duration(wait: timedelta) -> str:
    """Return `wait` as `parse_duration` reads it (whole seconds)."""
    seconds = int(wait.total_seconds())
    parts = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
