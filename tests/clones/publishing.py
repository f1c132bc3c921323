"""A process that publishes a clone, and kills itself at the n-th passing of a crash point.

Called as `publishing.py ROOT [POINT PASSING]`; prints how often each point was passed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from prismfs.engine.tenant.publish import publish
from prismfs.engine.turn.desk import Desk

AT = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)


def main(root: Path, fatal: str = "", passing: str = "0") -> None:
    passed: Counter[str] = Counter()

    def crash_point(name: str) -> None:
        passed[name] += 1
        if name == fatal and passed[name] == int(passing):
            os.kill(os.getpid(), signal.SIGKILL)

    with Desk(root, crash_point=crash_point) as desk:
        publish(desk, AT)
    print(json.dumps(passed))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:4])
