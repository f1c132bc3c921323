"""A process that looks for a standstill and then reacts, and kills itself when it passes a crash point.

Called as `standstill.py ROOT MINUTES [POINT]`, at MINUTES after ten.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prismfs.engine.admin import watchdog
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.react import Moment, react

TEN = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)


def main(root: Path, minutes: int, fatal: str = "") -> None:
    def crash_point(name: str) -> None:
        if name == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    now = TEN + timedelta(minutes=minutes)
    with Desk(root, crash_point=crash_point) as desk:
        watchdog.report_standstill(desk, now, watchdog.read_heartbeat(root))
        while react(desk, Moment(now=now, monotonic=now.timestamp(), wall=now.timestamp())).more:
            pass
        desk.repo.bring_window()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:4])
