"""A process that reacts until it is idle, and kills itself at the n-th passing of a crash point.

Called as `turns.py ROOT [POINT PASSING [MINUTES]]`, at MINUTES after noon; prints how often each point was passed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prismfs.clock import FakeClock
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.react import Moment, react

AT = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def main(root: Path, fatal: str = "", passing: str = "0", minutes: str = "0") -> None:
    passed: Counter[str] = Counter()

    def crash_point(name: str) -> None:
        passed[name] += 1
        if name == fatal and passed[name] == int(passing):
            os.kill(os.getpid(), signal.SIGKILL)

    clock = FakeClock(AT + timedelta(minutes=int(minutes)))
    with Desk(root, crash_point=crash_point) as desk:
        while react(desk, Moment(now=clock.now(), monotonic=clock.monotonic(), wall=clock.wall())).more:
            pass
        with desk.repo.writer():
            desk.repo.bring_window()
    print(json.dumps(passed))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:5])
