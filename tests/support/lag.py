"""How far the branch that people see is behind the records."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from tests.support.watched import Watched

BAR = float(os.environ.get("PRISMFS_LAG_BAR", "6"))
"""Seconds that the branch may be behind: 2 on a machine that has nothing else to do."""

_NEWEST = "3000"
"""Commits of the branch that are looked at; the merges of a person's commits are among them."""


def longest_lag(watched: Watched, is_over: Callable[[], bool]) -> float:
    """Return for how long, in seconds, commits of the records were not seen on the branch at most."""
    made: dict[str, float] = {}
    longest = 0.0
    while not is_over():
        now = time.monotonic()
        made.setdefault(watched.git("rev-parse", watched.truth).strip(), now)
        seen = set(watched.git("rev-list", "--max-count", _NEWEST, "HEAD").split())
        reached = max((at for commit, at in made.items() if commit in seen), default=0.0)
        made = {commit: at for commit, at in made.items() if at > reached}
        longest = max([longest, *(now - at for at in made.values())])
        time.sleep(0.05)
    return longest
