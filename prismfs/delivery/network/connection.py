"""The other end of a connection, and one time-out for all that a delivery does over a network (R-004-29).

The other end is this machine or another; it is told how its certificate is verified, and why a connection failed.
The time-outs of sockets begin anew with each byte: a server that sends one now and then would hold the desk
for hours. At the deadline the connection is shut down, and what waits for it ends.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Self

from prismfs.delivery.secrets import one_line

_LEAST = 0.01  # seconds; 0 would mean not to wait at all


Tls = Callable[[], ssl.SSLContext]
"""Makes the context that certificates are verified with."""

SYSTEM_TLS: Tls = ssl.create_default_context
"""Verifies by the certificates that the system trusts."""


# Verification errors whose text names the host, which may be part of a secret URL.
_OTHER_HOST = {62, 64}


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine, by its name or address alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def describe(error: BaseException) -> str:
    """Return why a connection failed, in words that name neither the host nor anything that was sent.

    Libraries wrap what the system said; the innermost error of the operating system or of TLS is told.
    """
    found: BaseException | None = error
    while found is not None and not _says_why(found):
        found = found.__cause__ or found.__context__
    match found:
        case ssl.SSLCertVerificationError():
            why = "it is made for another host" if found.verify_code in _OTHER_HOST else found.verify_message
            return one_line(f"the server's certificate is not trusted: {why}")
        case ssl.SSLError():
            return one_line(f"TLS failed: {(found.reason or 'unknown').lower().replace('_', ' ')}")
        case TimeoutError():
            return "no answer in time"
        case socket.gaierror():
            return "the server's name was not found"
        case OSError():
            return one_line((found.strerror or "").lower())
        case _:
            return "the connection was lost"


def _says_why(error: BaseException) -> bool:
    return isinstance(error, TimeoutError) or (isinstance(error, OSError) and bool(error.strerror))


class Deadline:
    """A moment from which on the connections in its care are dead. Use it as a context."""

    def __init__(self, timeout: timedelta) -> None:
        self.timeout = timeout
        self._end = time.monotonic() + timeout.total_seconds()
        self._held: list[socket.socket] = []
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
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
