"""A process that serves the commands to a project, and kills itself when it passes a crash point.

Called as `served.py ROOT POINT`; it says `ready` once it serves.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from prismfs.cli.answers import begin_commands
from prismfs.clock import SystemClock
from prismfs.daemon.command_server import CommandServer
from prismfs.engine.turn.desk import Desk


def main(root: Path, fatal: str) -> None:
    def crash_point(name: str) -> None:
        if name == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    knocked = threading.Event()
    with Desk(root, crash_point=crash_point) as desk:
        server = CommandServer([desk], begin_commands, knocked.set)
        server.start(print)
        print("ready", flush=True)
        while knocked.wait(60):
            knocked.clear()
            for _ in server.serve(SystemClock().now()):
                pass


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
