"""A process that gives one command of an operator, and kills itself at the first passing of a crash point.

Called as `command.py ROOT POINT VERB DOCUMENT TOKEN`; DOCUMENT is JSON, POINT may be empty.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.submit import command_event, submit

AT = datetime(2026, 3, 1, 11, 0, 0, tzinfo=UTC)


def main(root: Path, fatal: str, verb: str, document: str, token: str) -> None:
    def crash_point(name: str) -> None:
        if name == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    with Desk(root, crash_point=crash_point) as desk:
        event = command_event(verb, json.loads(document), actor="olga", token=token, at=AT)
        submit(desk, event, AT)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:6])
