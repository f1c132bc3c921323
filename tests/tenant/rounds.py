"""A process that reacts over all projects of a tenant until they are idle, and kills itself at a crash point.

Called as `rounds.py FOLDER [POINT PASSING]`; prints how often each point was passed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from prismfs.clock import FakeClock
from prismfs.engine.tenant.places import Places
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.react import Moment, react

AT = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def main(folder: Path, fatal: str = "", passing: str = "0") -> None:
    passed: Counter[str] = Counter()

    def crash_point(name: str) -> None:
        passed[name] += 1
        if name == fatal and passed[name] == int(passing):
            os.kill(os.getpid(), signal.SIGKILL)

    clock = FakeClock(AT)
    with ExitStack() as stack:
        roots = Places(folder).roots().values()
        desks = [stack.enter_context(Desk(root, crash_point=crash_point)) for root in roots]
        busy = True
        while busy:
            moment = Moment(now=clock.now(), monotonic=clock.monotonic(), wall=clock.wall())
            turns = [react(desk, moment) for desk in desks]
            busy = any(turn.more or turn.crossed for turn in turns)
        for desk in desks:
            desk.repo.bring_window()
    print(json.dumps(passed))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:4])
