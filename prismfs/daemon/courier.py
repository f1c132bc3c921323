"""Threads for what takes long, while the watcher's turns go on: the courier, and the sharer.

The courier carries messages out and runs jobs; the sharer publishes the clones of remote projects. A receiver or remote
that hangs holds one thread until its time-out and nothing else; jobs have threads of their own, as they may run long.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prismfs.delivery import Channel
from prismfs.engine.tenant.publish import Published, publish
from prismfs.engine.turn.deliver import Capacity, carry, is_job
from prismfs.engine.turn.desk import Desk
from prismfs.errors import PrismfsError, StoreError
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.project import Project
from prismfs.records.api import Document, Receipt

THREADS = 8
"""Messages that are on their way at the same time, over all projects of a watcher."""

JOB_THREADS = 64
"""Jobs that run at the same time, over all projects of a watcher."""

A_TURN = 20
"""Receipts that one turn commits: what falls due meanwhile must not wait for all of a storm's."""

GRACE = 5.0
"""Seconds that jobs have to end by themselves when the watcher stops."""

AFTER_COMMITS, OTHERWISE, AFTER_FAILURE = 3.0, 60.0, 30.0
"""Seconds between two publishings of one clone: while commits are made, when none are, and when it failed."""

_SHARER_THREADS = 4

_log = logging.getLogger(__name__)


class ThreadCourier:
    """Carries at most `THREADS` messages and runs `JOB_THREADS` jobs at a time; `wake` is called when one has ended."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="courier")
        self._job_pool = ThreadPoolExecutor(JOB_THREADS, thread_name_prefix="job")
        self._capacity = Capacity(messages=THREADS, jobs=JOB_THREADS)
        self._running: set[Future[None]] = set()
        self._desks: dict[str, Desk] = {}
        self._finished = False
        self._ended: dict[str, deque[tuple[Outbox, Receipt]]] = {}

    def capacity(self) -> Capacity:
        """Return how many more messages it takes now, and how many more jobs."""
        return self._capacity

    def send(self, desk: Desk, messages: Sequence[Outbox]) -> None:
        """Begin to carry `messages` by the desk's channels."""
        if not messages:
            return
        channels = desk.channels()
        self._desks[str(desk.root)] = desk
        self._ended.setdefault(str(desk.root), deque())
        self._capacity = self._capacity.without(messages)
        for message in messages:
            pool = self._job_pool if is_job(message) else self._pool
            future = pool.submit(self._carry, channels, message, desk)
            if is_job(message):
                self._running.add(future)
                future.add_done_callback(self._running.discard)

    def collect(self, desk: Desk) -> list[tuple[Outbox, Receipt]]:
        """Return the messages of this desk that have ended, and how: as many as a turn takes, the oldest first."""
        ended = self._ended.get(str(desk.root), deque())
        count = len(ended) if self._finished else min(len(ended), A_TURN)
        return [ended[at] for at in range(count)]  # by index: other threads may append meanwhile

    def release(self, desk: Desk, carried: Sequence[tuple[Outbox, Receipt]]) -> None:
        """Forget what `collect` returned: it is committed."""
        ended = self._ended.get(str(desk.root), deque())
        for _ in carried:
            ended.popleft()
        self._capacity = self._capacity.plus(message for message, _ in carried)
        if ended:
            self._wake()

    def idle(self) -> bool:
        """Tell whether nothing is under way and nothing waits to be collected."""
        return self._capacity == Capacity(messages=THREADS, jobs=JOB_THREADS)

    def finish(self) -> None:
        """Wait for what is under way; its channels' time-outs bound that, and jobs end with the grace they have."""
        wait(tuple(self._running), timeout=GRACE)
        for desk in self._desks.values():
            desk.stopping.set()
        self._job_pool.shutdown(wait=True)
        self._pool.shutdown(wait=True)
        self._finished = True

    def _carry(self, channels: Mapping[str, Channel], message: Outbox, desk: Desk) -> None:
        begin = time.monotonic()
        try:
            receipt = carry(channels, message)
        except BaseException as error:  # such as of a channel that ends its thread: its capacity must be free again
            receipt = Receipt(outcome="unknown", detail=f"the channel ended its thread: {type(error).__name__}")
        level = logging.INFO if receipt.outcome == "sent" else logging.WARNING
        extra: dict[str, object] = {"project": desk.root.name, "id": message.id, "about": message.about}
        extra |= {"channel": message.channel, "outcome": receipt.outcome, "attempt": message.attempts}
        _log.log(level, "message carried", extra=extra | {"seconds": time.monotonic() - begin})
        self._ended[str(desk.root)].append((message, receipt))
        self._wake()


@dataclass
class _Round:
    """One shared project: the commit that it stands at, the last one that the remote has, and how the last try went.

    `last` is when (monotonic) that try began, `every` the seconds after which the remote is asked in any case.
    """

    remote: str | None = None
    every: float = OTHERWISE

    head: str = ""
    published: str = ""
    last: float = float("-inf")
    failed: PrismfsError | None = None
    under_way: Future[Published] | None = None


class Sharer:
    """Publishes those of a watcher's projects that are clones of a tenant's, or that say that they are shared.

    `wake` is called when one is done.
    """

    def __init__(self, clones: Collection[Path], wake: Callable[[], None]) -> None:
        self._clones = frozenset(clones)
        self._rounds = {root: _Round() for root in clones}
        self._wake = wake
        self._pool = ThreadPoolExecutor(_SHARER_THREADS, thread_name_prefix="sharer")

    def tend(self, desk: Desk, monotonic: float, now: datetime) -> tuple[bool, PrismfsError | None]:
        """Publish the desk's project when it is time, if it is shared.

        Returns whether commits came from the remote, and the error of the last try that ended.

        Raises:
            StoreError: the clone itself cannot be read.
        """
        here = self._round_of(desk)
        if here is None:
            return False, None
        came, problem = _take(here) if here.under_way is not None and here.under_way.done() else (False, None)
        here.head = desk.repo.snapshot().commit
        if here.under_way is None and monotonic >= _due(here):
            here.last = monotonic
            here.under_way = self._pool.submit(_publish, desk.root, here.remote, now)
            here.under_way.add_done_callback(lambda _: self._wake())
        return came, problem

    def next_at(self, desk: Desk) -> float:
        """Return when (monotonic) the desk's project is to be tended next without a hint."""
        here = self._rounds.get(desk.root)
        return float("inf") if here is None or here.under_way is not None else _due(here)

    def problem(self, desk: Desk) -> Document | None:
        """Return what keeps the desk's project from being shared, None where nothing does."""
        here = self._rounds.get(desk.root)
        return None if here is None or here.failed is None else dict(here.failed.problem.as_document())

    def _round_of(self, desk: Desk) -> _Round | None:
        """Return the state of a shared project; its settings may have changed since the last time."""
        sharing = desk.view().single(Project).sharing
        if sharing is not None:
            here = self._rounds.setdefault(desk.root, _Round())
            here.remote, here.every = sharing.remote, sharing.every.total_seconds()
        elif desk.root not in self._clones and not self._rounds.get(desk.root, _Round()).under_way:
            self._rounds.pop(desk.root, None)
        return self._rounds.get(desk.root)

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
    done, here.under_way, here.failed = here.under_way, None, None
    try:
        published = done.result()
    except PrismfsError as error:
        here.failed = error
    except Exception as error:  # the watcher must go on
        here.failed = StoreError("publish_failed", f"publishing failed: {type(error).__name__}")
    if here.failed is not None:
        return False, here.failed
    here.published = published.head
    return published.taken > 0, None


def _due(here: _Round) -> float:
    if here.failed:
        return here.last + AFTER_FAILURE
    return here.last + (here.every if here.head == here.published else min(here.every, AFTER_COMMITS))


def _publish(root: Path, remote: str | None, now: datetime) -> Published:
    """Publish as another process of the clone would: with a desk of its own."""
    begin = time.monotonic()
    with Desk(root) as desk:
        published = publish(desk, now, remote)
    extra = {"project": root.name, "sent": published.sent, "taken": published.taken, "tries": published.tries}
    _log.info("published", extra=extra | {"seconds": time.monotonic() - begin})
    return published
