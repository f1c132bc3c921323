"""The courier: carries messages out and runs jobs in threads, while the watcher's turns go on.

A receiver that hangs holds one thread until its time-out and nothing else; jobs have threads of their own, as they may
run long.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from prismfs.delivery import Channel
from prismfs.engine.turn.deliver import Capacity, carry, is_job
from prismfs.engine.turn.desk import Desk
from prismfs.kinds.core.outbox import Outbox
from prismfs.records.api import Receipt

THREADS = 8
"""Messages that are on their way at the same time, over all projects of a watcher."""

JOB_THREADS = 64
"""Jobs that run at the same time, over all projects of a watcher."""

A_TURN = 20
"""Receipts that one turn commits: what falls due meanwhile must not wait for all of a storm's."""

GRACE = 5.0
"""Seconds that jobs have to end by themselves when the watcher stops."""

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
