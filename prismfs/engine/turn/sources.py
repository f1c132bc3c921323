"""Sources of a turn: where its events come from, in the order in which they are taken.

A turn takes a bounded group from a source, commits it, and only then tells the source to release what the group was
made of: a receipt, a message that may begin its way, a file of the inbox. A turn that dies in between finds the same
group again, and no cause is answered twice.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from prismfs.engine.turn import deliver, ingest
from prismfs.engine.turn.commit_group import Outcome, commit_group
from prismfs.engine.turn.deliver import Capacity, Courier, is_job
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.due import GROUP, awaits_command, due_event, due_records, next_due, outgoing_messages
from prismfs.engine.turn.ingest import Ingested
from prismfs.kinds.core.outbox import Outbox
from prismfs.records.api import Event, Receipt, View

if TYPE_CHECKING:
    from prismfs.engine.turn.persona_command import Answers

_SHORT_GROUP = 20
"""Events of a group while something falls due soon: a notice must not be late because a group was being committed."""

_JOB_GROUP = 10
"""The same where jobs failed: their first attempts are due at once."""

_SOON = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Moment:
    """The one `now` of a turn, and the two clocks that the inbox needs to tell a file that is still growing.

    `monotonic` counts seconds from anywhere, `wall` seconds since 1970; `complete` are names of files that a
    watcher has seen renamed or closed.
    """

    now: datetime
    monotonic: float
    wall: float
    complete: Collection[str] = ()


class Source(Protocol):
    """One place that events come from; used for one group, with the writer's lock held."""

    def take(self, view: View, now: datetime, /) -> Sequence[Event]:
        """Return the next group of events, the most urgent first; nothing is lost if they are never committed."""

    def release(self, outcomes: Sequence[Outcome], /) -> None:
        """Finish with what the events were made of: they are committed. Called for an empty group as well."""


class Receipts:
    """How deliveries ended that the courier has carried since the last turn."""

    def __init__(self, desk: Desk, courier: Courier) -> None:
        self._desk, self._courier = desk, courier
        self._carried: Sequence[tuple[Outbox, Receipt]] = ()

    def take(self, _: View, now: datetime) -> Sequence[Event]:
        """Return an event for each receipt, without the secrets that a job may have printed."""
        self._carried = self._courier.collect(self._desk)
        return deliver.receipt_events(self._desk, self._carried, now)

    def release(self, _: Sequence[Outcome]) -> None:
        """Tell the courier that the receipts are committed."""
        self._courier.release(self._desk, self._carried)


class DueTimes:
    """Records whose due time has come; `answers` are those of the commands that some of them wait for."""

    def __init__(self, answers: "Answers") -> None:
        self._answers = answers

    def take(self, view: View, now: datetime) -> Sequence[Event]:
        """Return an event for each due record, but for those whose command has not answered."""
        events = []
        for record in due_records(view, now):
            event = due_event(record)
            answer = self._answers.get(event.cause)
            if answer is not None:
                event = event.changed(document=event.document | answer)
            elif awaits_command(record):
                continue
            events.append(event)
        return events

    def release(self, _: Sequence[Outcome]) -> None:
        """Do nothing: the commits moved the due times."""


class Outgoing:
    """Messages that may leave: local ones are delivered at once, others are begun and then given to the courier.

    Without `messages` all that may leave now, as the courier's capacity allows.
    """

    def __init__(self, desk: Desk, courier: Courier, messages: Sequence[Outbox] | None = None) -> None:
        self._desk, self._courier, self._messages = desk, courier, messages
        self._begun: Sequence[Outbox] = ()

    def take(self, view: View, now: datetime) -> Sequence[Event]:
        """Return the receipts of the local messages, and that each of the others begins."""
        messages = outgoing_messages(view, now) if self._messages is None else self._messages
        if not messages:
            self._begun = ()
            return ()
        capacity = self._courier.capacity()
        capacity = Capacity(capacity.messages, min(capacity.jobs, _SHORT_GROUP))  # those begun run while others begin
        channels = self._desk.channels()
        local, self._begun = deliver.choose(messages, channels, capacity)
        events = [deliver.receipt_event(message, deliver.carry(channels, message), now) for message in local]
        self._desk.crash_point("before-receipts")
        return [*events, *(deliver.begin_event(message, now) for message in self._begun)]

    def release(self, _: Sequence[Outcome]) -> None:
        """Give the courier the messages whose beginning is committed."""
        if not self._begun:
            return
        view = self._desk.view()
        begun = [view.get(Outbox, message.id) for message in self._begun]
        self._courier.send(self._desk, [one for one in begun if one is not None and one.status == "sending"])


class InboxFiles:
    """Files of the inbox; `more` tells afterwards that others were ready, `wait_until` when the next may be."""

    def __init__(self, desk: Desk, moment: Moment) -> None:
        self._desk, self._moment = desk, moment
        self._ingested: Sequence[Ingested] = ()
        self.more = False
        self.wait_until: float | None = None

    @property
    def released(self) -> int:
        """How many files left the inbox."""
        return len(self._ingested)

    def take(self, view: View, now: datetime) -> Sequence[Event]:
        """Return the events of the files that are ready, the oldest first; a short group where notices are due soon."""
        due, moment = next_due(view, now), self._moment
        limit = _SHORT_GROUP if due is not None and due < now + _SOON else GROUP
        look = self._desk.inbox.scan(moment.monotonic, moment.wall, complete=moment.complete, limit=limit)
        self._ingested = ingest.read_drops(self._desk, look.ready, now)
        self.more, self.wait_until = look.more, look.wait_until
        if len(self._ingested) > _JOB_GROUP and any(one.event.kind == "job_failure" for one in self._ingested):
            self._ingested, self.more = self._ingested[:_JOB_GROUP], True
        return [one.event for one in self._ingested]

    def release(self, outcomes: Sequence[Outcome]) -> None:
        """Remove the files from the inbox, those that were refused into quarantine."""
        self._desk.crash_point("before-inbox")
        ingest.release(self._desk, self._ingested, [outcome.event for outcome in outcomes], self._moment.now)


class InlineCourier:
    """Takes messages during a turn and carries them one after the other at its end, while the caller waits."""

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self.taken: list[Outbox] = []

    def capacity(self) -> Capacity:
        """Return how many more messages it takes before `carry_all`."""
        return self._capacity.without(self.taken)

    def send(self, _: Desk, messages: Sequence[Outbox]) -> None:
        """Take `messages`, to be carried by `carry_all`."""
        self.taken += messages

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
        taken, self.taken = self.taken, []
        channels = desk.channels() if taken else {}
        carried = deliver.carry_all(channels, [message for message in taken if not is_job(message)])
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


def commit_from(desk: Desk, source: Source, view: View, now: datetime) -> list[Outcome]:
    """Take a group of events from `source`, commit it, then let the source release it; the writer's lock is held."""
    events = source.take(view, now)
    outcomes = commit_group(desk, events, now) if events else []
    source.release(outcomes)
    return outcomes
