"""The branch that people see follows the records while drops keep coming, however they are written."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lag import BAR, longest_lag
from tests.support.waiting import until
from tests.support.watched import Watched

SECONDS = float(os.environ.get("PRISMFS_LAG_SECONDS", "15"))


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    found = Watched(tmp_path / "desk")
    yield found
    found.end()


def keep_writing(inbox: Path, stop: threading.Event, rate: int, *, renamed: bool) -> int:
    """Drop files in place or by a rename; return how many."""
    for number in range(1_000_000):
        name = f"todo-{number:06}.yaml"
        aside = inbox / (f".{name}" if renamed else name)
        aside.write_text(f"kind: todo\nfrom: jade\ntitle: look at {number}\n")
        aside.rename(inbox / name)
        if stop.wait(1 / rate):
            return number + 1
    raise AssertionError("too long")


def titles(watched: Watched) -> list[str]:
    """Return the commits of the records that took a todo in."""
    return [line for line in watched.git("log", "--format=%s", watched.truth).splitlines() if line.startswith("todo: ")]


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 180)
@pytest.mark.parametrize("renamed", [True, False])
@pytest.mark.parametrize("rate", [4, 60])
def test_branch_follows_while_drops_keep_coming(rate: int, renamed: bool, watched: Watched) -> None:
    child = watched.spawn()
    stop, dropped = threading.Event(), [0]
    drops = threading.Thread(
        target=lambda: dropped.append(keep_writing(watched.root / "inbox", stop, rate, renamed=renamed))
    )
    drops.start()
    try:
        until(lambda: titles(watched), "the first drop", 60)
        end = time.monotonic() + SECONDS
        longest = longest_lag(watched, lambda: time.monotonic() >= end)
    finally:
        stop.set()
        drops.join()
    print(f"at {rate} drops a second the branch was {longest:.2f} s behind at most")
    assert longest < BAR
    until(lambda: not any((watched.root / "inbox").iterdir()), "the inbox to be empty", 120)
    assert watched.stop(child) == 0
    assert len(titles(watched)) == dropped[-1]
