"""One time-out for all that a delivery does over a network (R-004-29).

The time-outs of sockets begin anew with each byte: a server that sends one now and then would hold the desk
for hours. At the deadline the connection is shut down, and what waits for it ends.
"""

import socket
import threading
import time
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Self

_LEAST = 0.01  # seconds; 0 would mean not to wait at all


class Deadline:
    """A moment from which on the connections in its care are dead. Use it as a context."""

    def __init__(self, timeout: timedelta) -> None:
        self.timeout = timeout
        self._end = time.monotonic() + timeout.total_seconds()
        self._held: list[socket.socket] = []
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        for held in self._held:
            held.close()

    @property
    def passed(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() >= self._end

    def remaining(self) -> float:
        """Return the seconds that are left, always above 0."""
        return max(_LEAST, self._end - time.monotonic())

    def lookup(self, host: str, port: int) -> int:
        """Return how many addresses `host` has.

        The system's resolver has time-outs of its own, so it is asked by a thread that may be left behind.

        Raises:
            OSError: there is no such name, or no answer in time.
        """
        found: list[int | OSError] = []

        def look() -> None:
            try:
                found.append(len(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
            except OSError as error:
                found.append(error)
            except UnicodeError:
                found.append(socket.gaierror(socket.EAI_NONAME, "no name of a host"))

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        thread.join(self.remaining())
        if not found:
            raise TimeoutError
        (answer,) = found
        if isinstance(answer, OSError):
            raise answer
        return answer

    def connect(self, host: str, port: int) -> socket.socket:
        """Return a connection to `host` that ends at the deadline.

        Raises:
            OSError: no address of it can be reached.
        """
        addresses = self.lookup(host, port)
        connection = socket.create_connection((host, port), self.remaining() / addresses)
        self.watch(connection)
        connection.settimeout(self.remaining())
        return connection

    def watch(self, connection: socket.socket) -> None:
        """Take `connection` into care. It may be wrapped by TLS afterwards, and must be closed by its owner."""
        self._held.append(connection.dup())
        if self._timer is None:
            self._timer = threading.Timer(self.remaining(), self._shut)
            self._timer.daemon = True
            self._timer.start()

    def _shut(self) -> None:
        for held in self._held:
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)
