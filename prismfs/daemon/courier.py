"""The courier: threads that carry messages out while the watcher's turns go on.

A place that hangs holds one thread until its channel's time-out and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue

from prismfs.delivery import Channel
from prismfs.engine.deliver import carry
from prismfs.engine.desk import Desk
from prismfs.kinds.outbox import Outbox
from prismfs.records.message import Receipt

THREADS = 8
"""Messages that are on their way at the same time, over all projects of a watcher."""


class ThreadCourier:
    """Carries at most `THREADS` messages at a time; `wake` is called when one has ended."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="courier")
        self._under_way = 0
        self._ended: dict[str, SimpleQueue[tuple[Outbox, Receipt]]] = {}

    def room(self) -> int:
        """Return how many more messages it takes now."""
        return THREADS - self._under_way

    def take(self, desk: Desk, messages: Sequence[Outbox]) -> None:
        """Begin to carry `messages` by the desk's channels."""
        if not messages:
            return
        channels = desk.channels()
        ended = self._ended.setdefault(str(desk.root), SimpleQueue())
        for message in messages:
            self._under_way += 1
            self._pool.submit(self._carry, channels, message, ended)

    def collect(self, desk: Desk) -> list[tuple[Outbox, Receipt]]:
        """Return the messages of this desk that have ended since the last call, and how."""
        ended = self._ended.get(str(desk.root))
        found: list[tuple[Outbox, Receipt]] = []
        while ended is not None:
            try:
                found.append(ended.get_nowait())
            except Empty:
                break
        self._under_way -= len(found)
        return found

    def give_back(self, desk: Desk, carried: Sequence[tuple[Outbox, Receipt]]) -> None:
        """Keep what `collect` returned for the next call: it could not be committed."""
        for message, receipt in carried:
            self._under_way += 1
            self._ended[str(desk.root)].put((message, receipt))

    def idle(self) -> bool:
        """Tell whether nothing is under way and nothing waits to be collected."""
        return self._under_way == 0

    def finish(self) -> None:
        """Wait for what is under way; its channels' time-outs bound that."""
        self._pool.shutdown(wait=True)

    def _carry(
        self, channels: Mapping[str, Channel], message: Outbox, ended: SimpleQueue[tuple[Outbox, Receipt]]
    ) -> None:
        try:
            receipt = carry(channels, message)
        except BaseException as error:  # such as of a channel that ends its thread: the place must be free again
            receipt = Receipt(outcome="unknown", detail=f"the channel ended its thread: {type(error).__name__}")
        ended.put((message, receipt))
        self._wake()
