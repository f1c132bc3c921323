"""Asking the watcher to decide and commit a command; where none answers, the command does it itself."""

import os
import socket
from pathlib import Path
from typing import Any

from prismfs.daemon import wire

_PATIENCE = 60.0
"""Seconds to wait for the answer: a turn in a storm, and a message that leaves slowly, are shorter."""


def ask(root: Path, command: dict[str, Any]) -> dict[str, Any] | None:
    """Return the watcher's answer to `command`, None where there is none.

    A command that was sent may have been committed all the same: its token tells that to whoever decides it then.
    """
    data = wire.pack(command)
    if data is None or not hasattr(socket, "SO_PEERCRED"):
        return None
    try:
        with socket.socket(socket.AF_UNIX) as connection, wire.address(root) as path:
            connection.settimeout(_PATIENCE)
            connection.connect(path)
            if wire.peer_of(connection) != os.geteuid():  # whoever put the socket there, it is not this user's watcher
                return None
            connection.sendall(data)
            answer = wire.receive(connection, within=_PATIENCE)
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None
