"""How CPU time grows with the text that is worked on: a ratio, which is the same on a busy machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf

PARTS = 8
"""The whole text is so many times as long as the part: quadratic work takes 64 times as long."""

_MOST, _TRIES = 24, 5


def check_linear(work: Callable[[str], object], text: str) -> None:
    """Accept `work` that takes for `text` about as many times as long as for an eighth of it, by the best of some."""
    half = len(text) // PARTS // 2
    part = text[:half] + text[-half:]  # begun and ended as the whole is
    work(part)  # what is made once is made now
    small = whole = inf
    for _ in range(_TRIES):
        small, whole = min(small, _seconds(work, part)), min(whole, _seconds(work, text))
        if whole < _MOST * small:
            return
    raise AssertionError(f"{PARTS} times the text takes {whole / small:.0f} times as long")


def _seconds(work: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    work(text)
    return time.process_time() - start
