"""The health file of a watcher, `run/health.json`: its heartbeat, and what a person wants to know of it.

`at` is the heartbeat. A watcher writes it after its turns, and in between at least once a minute. The watchdog of the
next watcher or `react` takes a heartbeat that is overdue for a stopped engine.
"""

import json
import os
from datetime import datetime
from pathlib import Path

from prismfs.engine.admin.watchdog import FILE, Heartbeat, is_silent, read_heartbeat
from prismfs.kinds.response.settings.response import Response
from prismfs.records.api import Document, format_instant

LONGEST_BEAT = 60.0
"""Seconds between two heartbeats of a watcher that has nothing to do."""

SHORTEST_BEAT = 0.5


class Health:
    """The health file of one project; a watcher whose heartbeat is overdue by more than `late` counts as dead."""

    def __init__(self, root: Path) -> None:
        self.late = Response().late
        self._root = root
        self._missed: Heartbeat | None = read_heartbeat(root)
        self._last: Heartbeat | None = None

    @property
    def every(self) -> float:
        """The seconds between two heartbeats."""
        return max(SHORTEST_BEAT, min(LONGEST_BEAT, self.late.total_seconds() / 2))

    def is_due(self, now: datetime) -> bool:
        """Tell whether it is time for a heartbeat; also where the last one is from a time that has not come."""
        return self._last is None or not 0 <= (now - self._last.at).total_seconds() < self.every

    def to_judge(self) -> Heartbeat | None:
        """Return the heartbeat that the watchdog has to judge: one that was followed too late, else the last.

        At first that is the last one of the watcher before this one.
        """
        return self._missed or self._last

    def judged(self) -> None:
        """Note that the watchdog has judged it."""
        self._missed = None

    def write(self, now: datetime, *, state: str, more: Document) -> None:
        """Write the file by a rename; a disk that cannot take it must not stop the watcher."""
        health: Document = {"state": state, "process_id": os.getpid(), "at": format_instant(now), **more}
        if self._missed is None and self._last is not None and is_silent(self._last, now, self.late):
            self._missed = self._last
        self._last = Heartbeat(now, state)
        path = self._root / "run" / FILE
        temporary = path.with_name(".health.new")
        try:
            path.parent.mkdir(exist_ok=True)
            temporary.write_text(json.dumps(health, indent=2) + "\n")
            temporary.replace(path)
        except OSError:
            return
