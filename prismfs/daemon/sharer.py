"""The sharer: publishes projects in threads, while the watcher's turns go on, and tells of what keeps it from that.

A remote that hangs holds one thread until its time-out, or until the watcher stops, and nothing else.
"""

import logging
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from prismfs.engine.admin.watchdog import read_heartbeat
from prismfs.engine.tenant.publish import Published, publish
from prismfs.engine.tenant.sharing import report_sharing
from prismfs.engine.turn.commit_group import Outcome
from prismfs.engine.turn.desk import Desk
from prismfs.errors import PrismfsError, StoreError
from prismfs.kinds.core.settings.project import Project, Sharing
from prismfs.records.api import Document, format_instant, parse_instant

AFTER_COMMITS = timedelta(seconds=3)
"""The pause between two publishings of one clone while commits are made."""

OF_CLONES = Sharing(every=timedelta(minutes=1))
"""How the clones of a tenant's remote projects are shared where their settings say nothing of it."""

_THREADS = 4

_GRACE = 2.0
"""Seconds that a push or fetch has to end by itself when the watcher stops."""

_log = logging.getLogger(__name__)


@dataclass
class _Round:
    """One shared project: the commit that it stands at, the last one that the remote has, and how the last try went.

    `last` is when (monotonic) that try began; `failed` the problem, with `since` when every try has failed.
    """

    sharing: Sharing = OF_CLONES
    head: str = ""
    published: str = ""
    last: float = float("-inf")
    failed: Document | None = None
    under_way: Future[Published] | None = None


class Sharer:
    """Publishes those of a watcher's projects (`roots`) that are `clones` of a tenant's, or say that they are shared.

    `wake` is called when one is done. A project that could not be shared before has not been shared since.
    """

    def __init__(self, roots: Collection[Path], clones: Collection[Path], wake: Callable[[], None]) -> None:
        self._clones = frozenset(clones)
        beats = ((root, read_heartbeat(root)) for root in roots)
        self._rounds = {root: _Round(failed=None if beat is None else beat.sharing) for root, beat in beats}
        self._wake = wake
        self._stopping = Event()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="sharer")

    def tend(self, desk: Desk, monotonic: float, now: datetime) -> tuple[bool, PrismfsError | None]:
        """Publish the desk's project when it is time, if it is shared.

        Returns whether commits came from the remote, and the error of the last try that ended.

        Raises:
            StoreError: the clone itself cannot be read.
        """
        here, sharing = self._rounds[desk.root], self._sharing_of(desk)
        ended = here.under_way is not None and here.under_way.done()
        came, problem = _take(here, now) if ended else (False, None)
        if sharing is None:
            here.failed = None
            return came, None
        here.sharing = sharing
        here.head = desk.repo.snapshot().commit
        if here.under_way is None and monotonic >= _due(here):
            here.last = monotonic
            here.under_way = self._pool.submit(_publish, desk.root, sharing.remote, now, self._stopping)
            here.under_way.add_done_callback(lambda _: self._wake())
        return came, problem

    def tell(self, desk: Desk, now: datetime) -> list[Outcome]:
        """Commit that sharing has failed for long enough, or that it works again, where that is not committed yet.

        Raises:
            ConflictError, StoreError: nothing was committed; the next call finds the same.
        """
        here, sharing = self._rounds[desk.root], self._sharing_of(desk)
        if here.failed is not None and sharing is not None:
            failing_for = now - parse_instant(str(here.failed["since"]))
            return report_sharing(desk, now, here.failed) if failing_for >= sharing.tell_after else []
        return report_sharing(desk, now, None) if sharing is None or here.published else []

    def next_at(self, desk: Desk, monotonic: float, now: datetime) -> float:
        """Return when (monotonic) the desk's project is to be tended next without a hint."""
        here = self._rounds[desk.root]
        if self._sharing_of(desk) is None:
            return float("inf")
        at = float("inf") if here.under_way is not None else _due(here)
        if here.failed is not None:
            left = parse_instant(str(here.failed["since"])) + here.sharing.tell_after - now
            at = min(at, monotonic + left.total_seconds()) if left > timedelta() else at
        return at

    def problem(self, desk: Desk) -> Document | None:
        """Return what keeps the desk's project from being shared, and `since` when, None where nothing does."""
        return self._rounds[desk.root].failed

    def idle(self) -> bool:
        """Tell whether each remote has all commits of its clone, or could not be reached just now."""
        rounds = self._rounds.values()
        return all(here.under_way is None and (here.failed or here.head == here.published) for here in rounds)

    def finish(self) -> None:
        """Give what is under way a moment, and end it then. What is left goes when the next watcher begins."""
        wait([here.under_way for here in self._rounds.values() if here.under_way is not None], timeout=_GRACE)
        self._stopping.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _sharing_of(self, desk: Desk) -> Sharing | None:
        """Return how the project is shared now; its settings may have changed since the last time."""
        return desk.view().single(Project).sharing or (OF_CLONES if desk.root in self._clones else None)


def _take(here: _Round, now: datetime) -> tuple[bool, PrismfsError | None]:
    """Return what came of the try that has ended."""
    assert here.under_way is not None
    done, here.under_way = here.under_way, None
    try:
        published = done.result()
    except PrismfsError as error:
        failed = error
    except Exception as error:  # the watcher must go on
        failed = StoreError("publish_failed", f"publishing failed: {type(error).__name__}")
    else:
        here.failed, here.published = None, published.head
        return published.taken > 0, None
    since = format_instant(now) if here.failed is None else here.failed["since"]
    here.failed = {**failed.problem.as_document(), "since": since}
    return False, failed


def _due(here: _Round) -> float:
    soon = here.failed is None and here.head != here.published
    return here.last + (min(here.sharing.every, AFTER_COMMITS) if soon else here.sharing.every).total_seconds()


def _publish(root: Path, remote: str | None, now: datetime, stopping: Event) -> Published:
    """Publish as another process of the clone would: with a desk of its own."""
    begin = time.monotonic()
    with Desk(root) as desk:
        desk.repo.git.stopping = stopping.is_set
        published = publish(desk, now, remote)
    extra = {"project": root.name, "sent": published.sent, "taken": published.taken, "tries": published.tries}
    if published.unwitnessed is not None:
        _log.warning("checkpoint not taken", extra={"project": root.name, "code": published.unwitnessed.code})
    _log.info("published", extra=extra | {"seconds": time.monotonic() - begin})
    return published
