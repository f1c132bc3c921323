"""The courier: threads that carry messages out and run jobs while the watcher's turns go on.

A place that hangs holds one thread until its channel's time-out and nothing else; jobs have threads of their own, as
they may run long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from queue import Empty, SimpleQueue

from prismfs.delivery import Channel
from prismfs.engine.turn.deliver import Room, carry, is_job
from prismfs.engine.turn.desk import Desk
from prismfs.kinds.core.outbox import Outbox
from prismfs.records.message import Receipt

THREADS = 8
"""Messages that are on their way at the same time, over all projects of a watcher."""

JOB_THREADS = 64
"""Jobs that run at the same time, over all projects of a watcher."""

A_TURN = 20
"""Receipts that one turn writes down: what falls due meanwhile must not wait for all of a storm's."""

GRACE = 5.0
"""Seconds that jobs have to end by themselves when the watcher stops."""


class ThreadCourier:
    """Carries at most `THREADS` messages and runs `JOB_THREADS` jobs at a time; `wake` is called when one has ended."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="courier")
        self._job_pool = ThreadPoolExecutor(JOB_THREADS, thread_name_prefix="job")
        self._room = Room(messages=THREADS, jobs=JOB_THREADS)
        self._running: set[Future[None]] = set()
        self._desks: dict[str, Desk] = {}
        self._finished = False
        self._ended: dict[str, SimpleQueue[tuple[Outbox, Receipt]]] = {}

    def room(self) -> Room:
        """Return how many more messages it takes now, and how many more jobs."""
        return self._room

    def take(self, desk: Desk, messages: Sequence[Outbox]) -> None:
        """Begin to carry `messages` by the desk's channels."""
        if not messages:
            return
        channels = desk.channels()
        self._desks[str(desk.root)] = desk
        ended = self._ended.setdefault(str(desk.root), SimpleQueue())
        self._room = self._room.less(messages)
        for message in messages:
            pool = self._job_pool if is_job(message) else self._pool
            future = pool.submit(self._carry, channels, message, ended)
            if is_job(message):
                self._running.add(future)
                future.add_done_callback(self._running.discard)

    def collect(self, desk: Desk) -> list[tuple[Outbox, Receipt]]:
        """Return the messages of this desk that have ended since the last call, and how; as many as a turn takes."""
        ended = self._ended.get(str(desk.root))
        found: list[tuple[Outbox, Receipt]] = []
        while ended is not None and (len(found) < A_TURN or self._finished):
            try:
                found.append(ended.get_nowait())
            except Empty:
                break
        self._room = self._room.more(message for message, _ in found)
        if ended is not None and not ended.empty():
            self._wake()
        return found

    def give_back(self, desk: Desk, carried: Sequence[tuple[Outbox, Receipt]]) -> None:
        """Keep what `collect` returned for the next call: it could not be committed."""
        self._room = self._room.less(message for message, _ in carried)
        for message, receipt in carried:
            self._ended[str(desk.root)].put((message, receipt))

    def idle(self) -> bool:
        """Tell whether nothing is under way and nothing waits to be collected."""
        return self._room == Room(messages=THREADS, jobs=JOB_THREADS)

    def finish(self) -> None:
        """Wait for what is under way; its channels' time-outs bound that, and jobs end with the grace they have."""
        wait(tuple(self._running), timeout=GRACE)
        for desk in self._desks.values():
            desk.stopping.set()
        self._job_pool.shutdown(wait=True)
        self._pool.shutdown(wait=True)
        self._finished = True

    def _carry(
        self, channels: Mapping[str, Channel], message: Outbox, ended: SimpleQueue[tuple[Outbox, Receipt]]
    ) -> None:
        try:
            receipt = carry(channels, message)
        except BaseException as error:  # such as of a channel that ends its thread: the place must be free again
            receipt = Receipt(outcome="unknown", detail=f"the channel ended its thread: {type(error).__name__}")
        ended.put((message, receipt))
        self._wake()
