"""Dispatch without a watcher: the courier of a turn or a command that has no threads, and how receipts are noted."""

from collections.abc import Sequence
from datetime import datetime

from prismfs.engine.turn import deliver
from prismfs.engine.turn.commit_group import Outcome, commit_group
from prismfs.engine.turn.deliver import Capacity, is_job
from prismfs.engine.turn.desk import Desk
from prismfs.kinds.core.outbox import Outbox
from prismfs.records.api import Receipt


class InlineCourier:
    """Takes messages during a turn and carries them one after the other at its end, while the caller waits."""

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self._taken: list[Outbox] = []

    def capacity(self) -> Capacity:
        """Return how many more messages it takes before `carry_all`."""
        return self._capacity.without(self._taken)

    def send(self, _: Desk, messages: Sequence[Outbox]) -> None:
        """Take `messages`, to be carried by `carry_all`."""
        self._taken += messages

    def collect(self, desk: Desk) -> Sequence[tuple[Outbox, Receipt]]:
        """Return how the jobs ended that an earlier turn over `desk` ran."""
        return tuple(desk.finished_jobs)

    def release(self, desk: Desk, carried: Sequence[tuple[Outbox, Receipt]]) -> None:
        """Forget those jobs."""
        del desk.finished_jobs[: len(carried)]

    def carry_all(self, desk: Desk, now: datetime) -> list[Outcome]:
        """Carry what was taken without the writer's lock, and commit how each message went.

        A job may run long: how it ended is left to the next turn, from whose time the next attempt's delay counts.
        """
        taken, self._taken = self._taken, []
        channels = desk.channels() if taken else {}
        carried = [(message, deliver.carry(channels, message)) for message in taken if not is_job(message)]
        if carried:
            desk.crash_point("carried")
        outcomes = note_receipts(desk, carried, now)
        for message in filter(is_job, taken):
            desk.finished_jobs.append((message, deliver.carry(channels, message)))
            desk.crash_point("carried")
        return outcomes


def note_receipts(desk: Desk, carried: Sequence[tuple[Outbox, Receipt]], now: datetime) -> list[Outcome]:
    """Commit how the messages in `carried` went."""
    if not carried:
        return []
    with desk.repo.writer():
        return commit_group(desk, deliver.receipt_events(desk, carried, now), now)
