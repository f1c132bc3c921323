"""What is measured, as values: incidents, action items and the settings that figures depend on.

Times are whole milliseconds since 1970: ten thousand incidents are read for one table. Imports nothing heavy.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

_UNITS = ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s"))


class Case(NamedTuple):
    """One incident as it is measured; instants are milliseconds since 1970, None where not known.

    `rank` is the severity that it has last, `worst` the worst that it ever had; `resolved` is None of one that was
    opened again, and `corrected` tells that a person told one of its times afterwards.
    """

    id: str
    status: str
    open: bool
    rank: int
    worst: int
    drill: bool
    started: int | None
    detected: int
    responded: int | None
    resolved: int | None
    escalations: int
    auto_resolved: bool
    root_cause: str | None
    corrected: bool
    review_stored: int | None


class Item(NamedTuple):
    """One action item: the incident that it came of, and whether it is closed."""

    incident: str
    closed: bool


class Rules(NamedTuple):
    """The settings that figures depend on; durations are milliseconds.

    `respond` and `resolve` are the targets by rank, None where a rank has none; `window_end` gives the end of the
    maintenance window by which what has none is to be resolved. `review_days` are business days by rank.
    """

    respond: Sequence[int]
    resolve: Sequence[int | None]
    repeat_window: int
    review_rank: int
    review_days: Sequence[int | None]
    window_end: Callable[[int], int | None] | None = None

    def respond_due(self, rank: int, detected: int) -> int:
        """Return by when the incident has to be answered."""
        return detected + self.respond[rank]

    def resolve_due(self, rank: int, detected: int) -> int | None:
        """Return by when the incident has to be resolved, None without a target."""
        target = self.resolve[rank]
        if target is not None:
            return detected + target
        return None if self.window_end is None else self.window_end(detected)


class Facts(NamedTuple):
    """Everything that is measured, as of one commit: `as_of` is the time of its newest audit row, None without any."""

    commit: str
    pid: str
    as_of: int | None
    cases: Sequence[Case]
    items: Sequence[Item]
    rules: Rules


def instant_of(text: str) -> int:
    """Return RFC 3339 `text` as milliseconds since 1970."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def format_seconds(seconds: float) -> str:
    """Return a length of time in its two largest units, such as `47m 32s`, `3d 4h` or `6.0s`."""
    if abs(seconds) < 59.95:
        return f"{seconds:.1f}s"
    whole, sign = round(abs(seconds)), "-" if seconds < 0 else ""
    for size, unit, below, part in _UNITS:
        if whole >= size:
            count, rest = divmod(whole, size)
            return f"{sign}{count}{unit} {rest // below}{part}"
    raise AssertionError("a minute or more has a unit")
