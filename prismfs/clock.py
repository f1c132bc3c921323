"""The two clocks that exist: the system's, and one that a test moves by hand."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from prismfs.records.instants import cut_to_milliseconds


class Clock(Protocol):
    """Tells the time. The layers below the engine are given `now` and have no clock."""

    def now(self) -> datetime:
        """Return the instant in UTC, in milliseconds."""

    def monotonic(self) -> float:
        """Return seconds that never go back, counted from anywhere."""

    def wall(self) -> float:
        """Return seconds since 1970, to compare with the times of files."""


class SystemClock:
    """The system's clock."""

    def now(self) -> datetime:
        """Return the instant in UTC, in milliseconds."""
        return cut_to_milliseconds(datetime.now(UTC))

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def wall(self) -> float:
        """Return seconds since 1970."""
        return time.time()


class FakeClock:
    """A clock that stands still until it is moved. Files are as old as it says."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def move(self, by: timedelta) -> datetime:
        """Move the clock on by `by` and return the new time."""
        self._at += by
        return self._at

    def now(self) -> datetime:
        """Return the instant it was moved to."""
        return self._at

    def monotonic(self) -> float:
        """Return the same instant in seconds."""
        return self._at.timestamp()

    def wall(self) -> float:
        """Return a time at which every file on disk has been still for long."""
        return time.time() + 3600
