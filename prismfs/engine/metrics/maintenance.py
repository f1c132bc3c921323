"""By when what has no resolution target is to be resolved: the end of the next maintenance window (R-002-05).

Times are milliseconds since 1970. The search for a window is the rules' own, and is asked only where one is set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from prismfs.records.recurrence import next_begin


def window_ends(windows: Iterable[tuple[str, int]]) -> Callable[[int], int | None]:
    """Return the function from a detection to the end of the first window that begins then or later.

    Each window is its rule (RFC 5545) and how long it lasts. The function gives None where no window comes.
    """
    found: Mapping[tuple[str, int], list[tuple[int, int]]] = {window: [] for window in windows}

    def end(detected: int) -> int | None:
        begun = [
            (begin, begin + lasts)
            for (rule, lasts), known in found.items()
            if (begin := _begin(rule, detected, known)) is not None
        ]
        return min(begun)[1] if begun else None

    return end


def _begin(rule: str, since: int, known: list[tuple[int, int]]) -> int | None:
    """Return when the rule comes next; `known` holds the last answer, which is that of all times up to it, too."""
    if known and known[0][0] <= since <= known[0][1]:
        return known[0][1]
    begin = next_begin(rule, since=datetime.fromtimestamp(since / 1000, UTC))
    if begin is None:
        return None
    at = round(begin.timestamp() * 1000)
    known[:] = [(since, at)]
    return at
