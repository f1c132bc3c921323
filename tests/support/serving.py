"""Commands served as a watcher serves them, by a thread of the test that does nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from prismfs.cli.answers import begin_commands
from prismfs.clock import SystemClock
from prismfs.daemon.command_server import CommandServer
from prismfs.engine.turn.desk import Desk
from tests.support.waiting import until


@dataclass
class Served:
    """What was served so far: how many groups of commands were decided, and what was complained of."""

    groups: int = 0
    complaints: list[str] = field(default_factory=list)

    def since(self, before: int, *, at_least: int) -> int:
        """Return how many groups were decided since there were `before`, once there are so many.

        A command has its answer before the thread that gave it has counted it.
        """
        until(lambda: self.groups - before >= at_least, f"{at_least} groups to be served")
        return self.groups - before


@contextmanager
def serving(root: Path) -> Iterator[Served]:
    """Serve the commands to the project at `root`."""
    served, ready, stop, knocked = Served(), threading.Event(), threading.Event(), threading.Event()
    faults: list[BaseException] = []

    def serve() -> None:
        clock = SystemClock()
        try:
            with Desk(root) as desk:
                server = CommandServer([desk], begin_commands, knocked.set)
                server.start(served.complaints.append)
                ready.set()
                while not stop.is_set():
                    knocked.wait()
                    knocked.clear()
                    served.groups += len(list(server.serve(clock.now())))
                server.finish(clock)
        except BaseException as fault:
            faults.append(fault)
            ready.set()

    thread = threading.Thread(target=serve)
    thread.start()
    assert ready.wait(20)
    try:
        yield served
    finally:
        stop.set()
        knocked.set()
        thread.join(20)
    assert not faults, faults
    assert not thread.is_alive()
