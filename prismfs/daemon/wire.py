"""What a command and the watcher say to each other over `run/watcher.sock`: four bytes of length, one JSON object.

Imports nothing heavy: every writing command does.
"""

import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAME = "watcher.sock"

MOST = 1 << 20
"""Bytes of one message; what is larger is not sent, and the command decides by itself."""

_COMMAND: dict[str, type | tuple[type, ...]] = {
    "kind": str,
    "document": dict,
    "actor": str,
    "token": str,
    "dry_run": bool,
    "target": (str, type(None)),
}
"""The members of a command; `token` tells it from every other, `target` is the beginning of an id."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_HEAD = struct.Struct(">I")
_CREDENTIALS = struct.Struct("3i")
"""Process, user and group, as the kernel states them."""


@contextmanager
def address(root: Path) -> Iterator[str]:
    """Give the path of the project's socket: by the open folder, as a socket's path has 107 bytes at most.

    Raises:
        OSError: there is no folder `run`, or it is a link.
    """
    folder = os.open(root / "run", _FOLDER)
    try:
        yield f"/proc/self/fd/{folder}/{NAME}"
    finally:
        os.close(folder)


def peer_of(connection: socket.socket) -> int:
    """Return the operating-system user at the other end, as the kernel says."""
    return int(_CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))[1])


def pack(message: Any) -> bytes | None:
    """Return a message as it is sent, None where it is too large."""
    data = json.dumps(message).encode()
    return _HEAD.pack(len(data)) + data if len(data) <= MOST else None


def receive(connection: socket.socket, *, within: float) -> Any:
    """Return the next message.

    Raises:
        OSError: it did not come within so many seconds, or the other end hung up.
        ValueError: what came is no message.
    """
    end = time.monotonic() + within
    (length,) = _HEAD.unpack(_read(connection, _HEAD.size, end))
    if length > MOST:
        raise ValueError(f"a message of {length} bytes")
    return json.loads(_read(connection, length, end))


def receive_command(connection: socket.socket, *, within: float) -> dict[str, Any]:
    """Return the command that a client sends.

    Raises:
        OSError, ValueError: as `receive` does.
    """
    found = receive(connection, within=within)
    if not (isinstance(found, dict) and found.keys() == _COMMAND.keys()):
        raise ValueError("no command")
    if not all(isinstance(found[name], of) for name, of in _COMMAND.items()):
        raise ValueError("a member of a command is of another type")
    return found


def _read(connection: socket.socket, length: int, end: float) -> bytes:
    data = bytearray()
    while len(data) < length:
        connection.settimeout(max(0.001, end - time.monotonic()))
        piece = connection.recv(length - len(data))
        if not piece:
            raise ConnectionResetError("the other end hung up")
        data += piece
    return bytes(data)
