"""The sharer: publishes the clones of remote projects from a thread while the watcher's turns go on.

A remote that hangs holds that thread until git's time-out and nothing else.
"""

import logging
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prismfs.engine.tenant.publish import Published, publish
from prismfs.engine.turn.desk import Desk
from prismfs.errors import PrismfsError, StoreError

AFTER_COMMITS, OTHERWISE, AFTER_FAILURE = 3.0, 60.0, 30.0
"""Seconds between two publishings of one clone: while commits are made, when none are, and when it failed."""

_THREADS = 4

_log = logging.getLogger(__name__)


@dataclass
class _Round:
    """One clone: the commit that it stands at, the last one that the remote has, and how the last try went.

    `last` is when (monotonic) that try began.
    """

    head: str = ""
    published: str = ""
    last: float = float("-inf")
    failed: bool = False
    under_way: Future[Published] | None = None


class Sharer:
    """Publishes those of a watcher's projects that are clones; `wake` is called when one is done."""

    def __init__(self, clones: Collection[Path], wake: Callable[[], None]) -> None:
        self._rounds = {root: _Round() for root in clones}
        self._wake = wake
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="sharer")

    def tend(self, desk: Desk, monotonic: float, now: datetime) -> tuple[bool, PrismfsError | None]:
        """Publish the desk's project when it is time, if it is a clone.

        Returns whether commits came from the remote, and the error of the last try that ended.

        Raises:
            StoreError: the clone itself cannot be read.
        """
        here = self._rounds.get(desk.root)
        if here is None:
            return False, None
        came, problem = _take(here) if here.under_way is not None and here.under_way.done() else (False, None)
        here.head = desk.repo.snapshot().commit
        if here.under_way is None and monotonic >= _due(here):
            here.last = monotonic
            here.under_way = self._pool.submit(_publish, desk.root, now)
            here.under_way.add_done_callback(lambda _: self._wake())
        return came, problem

    def next_at(self, desk: Desk) -> float:
        """Return when (monotonic) the desk's project is to be tended next without a hint."""
        here = self._rounds.get(desk.root)
        return float("inf") if here is None or here.under_way is not None else _due(here)

    def idle(self) -> bool:
        """Tell whether each remote has all commits of its clone, or could not be reached just now."""
        return all(
            here.under_way is None and (here.failed or here.head == here.published) for here in self._rounds.values()
        )

    def finish(self) -> None:
        """Wait for what is under way; git's time-out bounds that. What is left goes when the next watcher begins."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _take(here: _Round) -> tuple[bool, PrismfsError | None]:
    """Return what came of the try that has ended."""
    assert here.under_way is not None
    done, here.under_way, here.failed = here.under_way, None, False
    try:
        published = done.result()
    except PrismfsError as error:
        here.failed = True
        return False, error
    except Exception as error:  # the watcher must go on
        here.failed = True
        return False, StoreError("publish_failed", f"publishing failed: {type(error).__name__}")
    here.published = published.head
    return published.taken > 0, None


def _due(here: _Round) -> float:
    if here.failed:
        return here.last + AFTER_FAILURE
    return here.last + (OTHERWISE if here.head == here.published else AFTER_COMMITS)


def _publish(root: Path, now: datetime) -> Published:
    """Publish as another process of the clone would: with a desk of its own."""
    begin = time.monotonic()
    with Desk(root) as desk:
        published = publish(desk, now)
    extra = {"project": root.name, "sent": published.sent, "taken": published.taken, "tries": published.tries}
    _log.info("published", extra=extra | {"seconds": time.monotonic() - begin})
    return published
