"""Times on the command line: the one reader of instants and lengths that options have, and telling an age."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

import click

from prismfs.clock import SystemClock
from prismfs.errors import UsageError
from prismfs.records.instants import cut_to_milliseconds, format_instant, parse_duration

Comparison: TypeAlias = tuple[str, Literal["<", ">="], str]
"""A member of records, held against a text, as `store.listing.find_documents` takes it."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d|\d{4}-W\d\d(-\d)?", re.ASCII)


class Instant(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click alone
    """An instant: ISO 8601 with an offset, a day or an ISO week (from midnight, UTC), or an age such as 2h.

    An age lies behind now; of an option that is about what comes (`ahead`), ahead of it. `+2h` is always ahead.
    """

    name = "TIME"

    def __init__(self, *, ahead: bool = False, clears: bool = False) -> None:
        self.ahead = ahead
        self.clears = clears

    def convert(self, value: Any, param: click.Parameter | None, _: click.Context | None) -> datetime | Literal[""]:
        """Return the instant that `value` names, in UTC and whole milliseconds; "" as it is where that `clears`.

        Raises:
            UsageError: `bad_instant`, naming the option and the forms that are taken.
        """
        if isinstance(value, datetime):
            return value
        if value == "" and self.clears:
            return ""
        try:
            return self._read(str(value))
        except (ValueError, OverflowError):
            age = "2h (from now)" if self.ahead else "2h (ago)"
            raise UsageError(
                "bad_instant", f"{str(value)[:40]!r} is no time", field=_name_of(param),
                hint=f"2026-03-01T10:00:00+01:00 (or Z), 2026-03-01, 2026-W10, or {age}",
            ) from None  # fmt: skip

    def _read(self, text: str) -> datetime:
        if text.startswith("+") or "-" not in text:
            wait = parse_duration(text.removeprefix("+"))
            return SystemClock().now() + (wait if self.ahead or text.startswith("+") else -wait)
        if not text.isascii():
            raise ValueError
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            if not _DAY.fullmatch(text):
                raise ValueError  # without an offset nobody knows which hour is meant
            at = at.replace(tzinfo=UTC)
        return cut_to_milliseconds(at.astimezone(UTC))


class Length(click.ParamType):  # type: ignore[type-arg]
    """A length of time such as 30s, 15m, 2h or 1h30m."""

    name = "LENGTH"

    def convert(self, value: Any, param: click.Parameter | None, _: click.Context | None) -> timedelta:
        """Return the length that `value` names.

        Raises:
            UsageError: `bad_length`, naming the option.
        """
        if isinstance(value, timedelta):
            return value
        try:
            return parse_duration(str(value))
        except ValueError as error:
            raise UsageError(
                "bad_length", f"{str(value)[:40]!r} is no length of time: {error}",
                field=_name_of(param), hint="30s, 15m, 2h or 1h30m",
            ) from None  # fmt: skip


def _name_of(param: click.Parameter | None) -> str | None:
    return None if param is None else param.opts[0]


def within(member: str, *, start: datetime | None, end: datetime | None) -> list[Comparison]:
    """Return that a member lies in [start, end)."""
    found: list[Comparison] = []
    if start is not None:
        found.append((member, ">=", format_instant(start)))
    if end is not None:
        found.append((member, "<", format_instant(end)))
    return found


def format_age(since: str, now: datetime) -> str:
    """Return the time from `since` (RFC 3339) to `now` as `40s`, `5m`, `3h` or `12d`; `0s` for what is ahead."""
    seconds = max(0, int((now - datetime.fromisoformat(since)).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
