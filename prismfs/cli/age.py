"""How long ago something was, in the few characters that a table has room for. Imports nothing heavy."""

from __future__ import annotations

from datetime import datetime


def tell_age(since: str, now: datetime) -> str:
    """Return the time from `since` (RFC 3339) to `now` as `40s`, `5m`, `3h` or `12d`; `0s` for what is ahead."""
    seconds = max(0, int((now - datetime.fromisoformat(since)).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
