"""Waiting for what another process does: by looking, never by sleeping a guess."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIMIT = 60.0
"""Seconds after which something that has not happened counts as not happening; a busy machine is slow."""


def until(condition: Callable[..., Any], what: str, limit: float = LIMIT) -> Any:
    """Return what `condition` gives as soon as it is true."""
    end = time.monotonic() + limit
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {limit} s for {what}"
        time.sleep(0.02)
    return found


def ended(process: int) -> bool:
    """Tell whether a process is no more, or is only a line in the table that nobody has read."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
