"""The sockets of a watcher: commands come in by them, and go back answered. Reading and writing never hold up the loop.

Each connection has a thread, and there are only so many. A thread reads one command, leaves it for the loop, does what
takes long and needs no desk (a message that leaves over the network), and sends the answer. Who may connect says the
kernel: the mode of the socket, and the user at the other end, who must be this process's own.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from prismfs.daemon import wire
from prismfs.engine.turn.submit import Carried, Errand

CLIENTS = 32
"""Connections at a time over all projects; others wait until one is free."""

READ_WITHIN = 5.0
"""Seconds in which a client has to say what it wants, and then to take the answer."""

Steps = Generator[Errand, Carried, dict[str, Any]]
"""A command on its way: gives what is to be carried without the desk, takes how that went, and ends in the answer."""

_log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Asked:
    """One command of a client. The loop alone moves `steps`; `reply` gives its thread an errand, the answer or None."""

    root: Path
    command: Any
    steps: Steps | None = None
    carried: Carried | None = None
    reply: SimpleQueue[Any] = field(default_factory=SimpleQueue)


class DeskSockets:
    """The sockets of the projects at the roots that `open` was called for; `wake` is called when something came in."""

    def __init__(self, wake: Callable[[], None], *, read_within: float = READ_WITHIN) -> None:
        self._wake = wake
        self._read_within = read_within
        self._listeners: dict[Path, socket.socket] = {}
        self._free = threading.BoundedSemaphore(CLIENTS)
        self._waiting: SimpleQueue[Asked] = SimpleQueue()
        self._seen: list[Asked] = []
        self._under_way: set[Asked] = set()
        self._closed = False

    def open(self, root: Path) -> None:
        """Listen for commands to the project at `root`; one that a dead watcher has left is taken away.

        Raises:
            OSError: the system has no such sockets, or the folder cannot be written.
        """
        if not hasattr(socket, "SO_PEERCRED"):
            raise OSError("the system does not say who connects")
        (root / "run").mkdir(exist_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        try:
            os.fchmod(listener.fileno(), 0o600)  # before there is a file: at no instant may others connect
            with wire.address(root) as path:
                with suppress(FileNotFoundError):
                    os.unlink(path)
                listener.bind(path)
            listener.listen(CLIENTS)
        except OSError:
            listener.close()
            raise
        self._listeners[root] = listener
        threading.Thread(target=self._accept, args=(root, listener), name="commands", daemon=True).start()

    def keep(self) -> None:
        """Listen anew for each project whose socket somebody has taken away, such as by `rm -rf run`.

        Raises:
            OSError: as in `open`.
        """
        for root, listener in () if self._closed else (*self._listeners.items(),):
            with suppress(OSError), wire.address(root) as path:
                if os.path.exists(path):
                    continue
            self.open(root)
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # its thread ends
            listener.close()

    def take(self) -> list[Asked]:
        """Return what came in since the last call, in order: new commands, and those whose errand is done."""
        found, self._seen = self._seen, []
        with suppress(Empty):
            while True:
                found.append(self._waiting.get_nowait())
        self._under_way.update(found)
        return found

    def wait(self, seconds: float) -> None:
        """Wait until something comes in, at most so long."""
        with suppress(Empty):
            self._seen.append(self._waiting.get(timeout=seconds))

    def reply(self, asked: Asked, errand_or_answer: Any) -> None:
        """Give a command's thread its errand, or the answer, which ends it; None hangs up without one."""
        if not callable(errand_or_answer):
            self._under_way.discard(asked)
        asked.reply.put(errand_or_answer)

    def idle(self) -> bool:
        """Tell whether no command is waiting or under way."""
        return self._waiting.empty() and not self._seen and not self._under_way

    def close(self) -> None:
        """Take no more commands; those under way go on until they are answered."""
        self._closed = True
        for root, listener in self._listeners.items():
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            with suppress(OSError), wire.address(root) as path:
                os.unlink(path)

    def _accept(self, root: Path, listener: socket.socket) -> None:
        while not self._closed:
            self._free.acquire()
            try:
                connection, _ = listener.accept()
            except OSError as error:
                self._free.release()
                if not self._closed and self._listeners.get(root) is listener:
                    _log.error("no more commands are taken", extra={"project": root.name, "code": str(error.errno)})
                return
            threading.Thread(target=self._serve, args=(root, connection), name="command", daemon=True).start()

    def _serve(self, root: Path, connection: socket.socket) -> None:
        try:
            with connection:
                self._converse(root, connection)
        except (OSError, ValueError, RecursionError):
            _log.warning("a client was not answered", extra={"project": root.name})
        finally:
            self._free.release()

    def _converse(self, root: Path, connection: socket.socket) -> None:
        if wire.peer_of(connection) != os.geteuid():
            _log.warning("another user may not give commands here", extra={"project": root.name})
            return
        asked = Asked(root, wire.receive_command(connection, within=self._read_within))
        if self._closed:
            return
        self._waiting.put(asked)
        self._wake()
        while callable(given := asked.reply.get()):
            try:
                asked.carried = given()
            except BaseException:  # such as of a channel that ends its thread: its messages count as lost later
                asked.carried = ()
            self._waiting.put(asked)
            self._wake()
        data = wire.pack(given)
        if given is not None and data is not None:
            connection.settimeout(self._read_within)
            connection.sendall(data)
