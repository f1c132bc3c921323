"""Times on the command line: reading a day, an ISO week or an instant, and telling an age."""

import re
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from prismfs.errors import UsageError

Comparison: TypeAlias = tuple[str, Literal["<", ">="], str]
"""A member of records, held against a text, as `store.listing.find_documents` takes it."""

_AGE = re.compile(r"(\d{1,9}[dhms])+")
_FORMS = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?Z)?|\d{4}-W\d\d")


def read_instant(text: str, option: str) -> datetime:
    """Return the instant that `text` names; a day or an ISO week such as 2026-W10 begins at midnight, UTC.

    Raises:
        UsageError: `bad_instant`, naming `option` and the forms that are taken.
    """
    try:
        if not _FORMS.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(f"{text}-1" if "W" in text else text).replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(
            "bad_instant", f"{text[:40]!r} is no time", field=option,
            hint="2026-03-01, 2026-03-01T10:00:00Z (UTC) or 2026-W10",
        ) from None  # fmt: skip


def read_moment(text: str, option: str, now: datetime) -> str:
    """Return, as records write it, the instant that `text` names: ISO 8601 with an offset, a day, a week, or an age.

    Raises:
        UsageError: `bad_instant`, naming `option` and the forms that are taken.
    """
    from prismfs.records.instants import parse_duration

    try:
        if _AGE.fullmatch(text):
            return rfc3339(now - parse_duration(text))
        at = datetime.fromisoformat(text) if "T" in text else read_instant(text, option)
        if at.tzinfo is None:
            raise ValueError
        return rfc3339(at.astimezone(UTC))
    except (ValueError, OverflowError):
        raise UsageError(
            "bad_instant", f"{text[:40]!r} is no time", field=option,
            hint="2026-03-01T10:00:00Z or with another offset, 2026-03-01, or how long ago, as 2h",
        ) from None  # fmt: skip


def rfc3339(at: datetime) -> str:
    """Return `at` as records write it, so that texts compare as times do."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def within(member: str, *, start: tuple[str, str | None], end: tuple[str, str | None]) -> list[Comparison]:
    """Return that a member lies in [start, end); each of the two is an option and what was given for it.

    Raises:
        UsageError: `bad_instant`.
    """
    found: list[Comparison] = []
    if start[1] is not None:
        found.append((member, ">=", rfc3339(read_instant(start[1], start[0]))))
    if end[1] is not None:
        found.append((member, "<", rfc3339(read_instant(end[1], end[0]))))
    return found


def format_age(since: str, now: datetime) -> str:
    """Return the time from `since` (RFC 3339) to `now` as `40s`, `5m`, `3h` or `12d`; `0s` for what is ahead."""
    seconds = max(0, int((now - datetime.fromisoformat(since)).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
