"""One turn: take in what is waiting, decide it, commit it, and only then let go of the inbox files."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prismfs.engine.tenant.router import is_routed, route
from prismfs.engine.trust.protection import is_guarded
from prismfs.engine.turn import deliver, ingest, judging
from prismfs.engine.turn.commit_group import Outcome, decide_all, news_events, settle
from prismfs.engine.turn.deliver import Courier, Room, is_job
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.dispatch import carry_out, run_jobs, send, write_receipts
from prismfs.kinds import kind_of
from prismfs.kinds.core.outbox import Outbox
from prismfs.records.base import Record, format_instant
from prismfs.records.codec import canonical_json
from prismfs.records.event import Event
from prismfs.records.plan import Plan
from prismfs.records.view import View
from prismfs.rules import ENGINE

GROUP = 100
"""Events decided and committed together: where the cost of a commit stops falling."""

_SHORT_GROUP = 20
"""The same while something falls due soon: a notice must not be late because a group was being committed."""

_JOB_GROUP = 10
"""The same where jobs failed: their first attempts are due at once."""

_SOON = timedelta(seconds=2)

_BACKLOG, _SHARE = 500, 100
"""Messages looked at together, and how many of one action: each place gets its share (C-82)."""

_BY_ITSELF = Room(messages=GROUP, jobs=1)
"""What a turn carries that has no courier: jobs one after the other, so that none begins long after it was said."""

_PATIENCE = timedelta(seconds=1)
"""When to look again at what is due and cannot be acted on: turning over it without a pause helps nobody."""


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


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn did, and what still waits; `crossed` tells that signals went into other projects."""

    outcomes: tuple[Outcome, ...] = ()
    more: bool = False
    wait_until: float | None = None
    next_due: datetime | None = None
    crossed: bool = False

    @property
    def commits(self) -> tuple[str, ...]:
        """The commits that the turn made, in order."""
        return tuple(outcome.commit for outcome in self.outcomes if outcome.commit is not None)


def react(desk: Desk, moment: Moment, courier: Courier | None = None) -> Turn:
    """Do one turn over a project: news, inbox, due times, deliveries; at most one group of each.

    Without a courier what leaves is carried out at the end of the turn, and the turn waits for it.

    Raises:
        ConflictError: another process kept writing, or the branch kept moving; nothing is lost.
        StoreError: the repository is wrong or out of reach; what was not committed still waits.
        ConfigError: a setting that is needed is invalid; everything waits until it is mended.
    """
    now = moment.now
    news = _take_news(desk, now)
    view = desk.repo.view(desk.repo.snapshot())
    answers = {
        due_event(record).cause: judging.ask_command(desk, record) for record in judging.waiting_for_command(view, now)
    }
    with desk.repo.writer():
        arrived = tuple(desk.ended) if courier is None else courier.collect(desk)
        try:
            outcomes = [*news, *write_receipts(desk, arrived, now)]
        except BaseException:
            if courier is not None:
                courier.give_back(desk, arrived)
            raise
        desk.ended.clear()
        # Deadlines first: a notice must not wait for the files that a storm brings.
        room = _BY_ITSELF if courier is None else courier.room()
        done, leaving = _keep_deadlines(desk, now, room, answers)
        if courier is not None:
            courier.take(desk, leaving)
        limit = _SHORT_GROUP if _due_soon(desk, now) else GROUP
        look = desk.inbox.scan(moment.monotonic, moment.wall, complete=moment.complete, limit=limit)
        taken = ingest.read_drops(desk, look.ready, now)
        put_off = any(entry.event.kind == "job_failure" for entry in taken) and len(taken) > _JOB_GROUP
        if put_off:
            taken = taken[:_JOB_GROUP]
        answered = settle(desk, [entry.event for entry in taken], now)
        desk.crash_point("before-inbox")
        ingest.let_go(desk, taken, [outcome.event for outcome in answered], now)
        # What the files put into the outbox leaves in the same turn: the next one may be far off.
        more_done, more_leaving = _keep_deadlines(desk, now, room.less(leaving), answers)
        if courier is not None:
            courier.take(desk, more_leaving)
        leaving += more_leaving
        outcomes += [*done, *answered, *more_done]
        view = desk.repo.view(desk.repo.snapshot())
        crossing = _crossing(view, now)
        room = _BY_ITSELF if courier is None else room.less(leaving)
        next_due = _next_due(view, now, room)
        left = [*_due(view, now), *(message for message in _waiting(view, now) if room.takes(message))]
    outcomes += route(desk, crossing, now)
    if courier is None:
        outcomes += carry_out(desk, [message for message in leaving if not is_job(message)], now)
        run_jobs(desk, [message for message in leaving if is_job(message)])
    stuck = _without_effect(outcomes)
    more = bool(desk.ended) or any(kind_of(record).name_of(record) not in stuck for record in [*left, *crossing])
    if stuck and not more and next_due is not None:
        next_due = max(next_due, now + _PATIENCE)
    return Turn(
        outcomes=tuple(outcomes),
        more=look.more or more or put_off,
        wait_until=look.wait_until,
        next_due=next_due,
        crossed=bool(crossing),
    )


def _take_news(desk: Desk, now: datetime) -> list[Outcome]:
    """Where operators sign, decide what others committed ahead of everything else.

    Nothing is done by settings that nobody answers for.
    """
    base = desk.repo.snapshot()
    if base.seen == base.commit or not is_guarded(desk.repo.git, base.commit):
        return []
    with desk.repo.writer():
        return settle(desk, [], now)


def _keep_deadlines(
    desk: Desk, now: datetime, room: Room, answers: judging.Answers
) -> tuple[list[Outcome], list[Outbox]]:
    """Decide what is due and send what may leave, as `send` does; what waits for a command's answer waits on."""
    due = [(due_event(record), record) for record in _due(desk.repo.view(desk.repo.snapshot()), now)]
    events = [
        judging.with_answer(event, answers)
        for event, record in due
        if event.cause in answers or not judging.awaits_command(record)
    ]
    outcomes = settle(desk, events, now) if events else []
    room = Room(messages=room.messages, jobs=min(room.jobs, _SHORT_GROUP))  # those begun run while others begin
    sent, leaving = send(desk, _waiting(desk.repo.view(desk.repo.snapshot()), now), now, room)
    return outcomes + sent, leaving


def rehearse(desk: Desk, moment: Moment, first: Sequence[Event] = ()) -> list[Outcome]:
    """Return what a turn would decide of the news, of `first`, the inbox and the due times, and change nothing."""
    base = desk.repo.snapshot()
    look = desk.inbox.scan(moment.monotonic, moment.wall, complete=moment.complete, limit=GROUP)
    events = [*news_events(desk, base, moment.now), *first]
    events += [entry.event for entry in ingest.read_drops(desk, look.ready, moment.now)]
    due = _due(desk.repo.view(base), moment.now)
    events += [due_event(record) for record in due]
    return [Outcome(event, decision, None) for event, decision in decide_all(desk, events, base, moment.now)[0]]


def due_event(record: Record) -> Event:
    """Return the event that a record's due time has come; its ids follow from that time.

    The cause names the record's whole state: a record that was changed and falls due at the same time again is
    another cause, one that is looked at again after a crash is the same.
    """
    name, identifier = kind_of(record).name, kind_of(record).name_of(record)
    due_at: datetime = getattr(record, "due_at")  # noqa: B009
    when = format_instant(due_at)
    state = hashlib.sha256(canonical_json(record.to_document())).hexdigest()[:16]
    return Event(
        type="due",
        kind=name,
        cause=f"due:{identifier}:{when}:{state}",
        at=due_at,
        actor=ENGINE,
        assurance="engine",
        document={"id": identifier, "due_at": when},
    )


def look_for_due(desk: Desk, now: datetime) -> tuple[int, datetime | None]:
    """Return how many records are due now (a group of them at most), and when something is due next."""
    view = desk.repo.view(desk.repo.snapshot())
    return len(_due(view, now)) + len(_waiting(view, now)), _next_due(view, now)


def _due(view: View, now: datetime) -> list[Record]:
    """Return what is due, one instant after its time (R-004-22), and deliveries that nothing was heard of."""
    unheard = [
        message for message in view.due_before(now, _BACKLOG, of=Outbox, share=_SHARE) if message.status == "sending"
    ]
    due: Sequence[Record] = view.due_before(now, GROUP)
    if any(judging.awaits_command(record) for record in due):  # many that wait for a slow command hide no other
        due = view.due_before(now, GROUP, share=GROUP // 2)
    return [*due, *unheard]


def _waiting(view: View, now: datetime) -> list[Outbox]:
    """Return the messages that may leave by a channel now, those due first before others."""
    return [message for message in _leaving(view, now) if not is_routed(message)]


def _crossing(view: View, now: datetime) -> list[Outbox]:
    """Return the messages that go to another project now."""
    return [message for message in _leaving(view, now) if is_routed(message)]


def _leaving(view: View, now: datetime) -> list[Outbox]:
    due = view.due_before(now + timedelta(milliseconds=1), _BACKLOG, of=Outbox, share=_SHARE)
    return [message for message in due if message.status in deliver.WAITING]


def _due_soon(desk: Desk, now: datetime) -> bool:
    due = _next_due(desk.repo.view(desk.repo.snapshot()), now)
    return due is not None and due < now + _SOON


def _next_due(view: View, now: datetime, room: Room = _BY_ITSELF) -> datetime | None:
    """Return when something is due next; a message that waits for room is looked at again after a while."""
    message = view.next_due(of=Outbox)
    if message is not None and min(room.messages, room.jobs) <= 0:
        soon = view.due_before(now + _PATIENCE, _BACKLOG, of=Outbox, share=_SHARE)
        fit = [one.due_at for one in soon if one.due_at is not None and (one.status == "sending" or room.takes(one))]
        message = max(message, min(fit, default=now + _PATIENCE))
    return min((at for at in (view.next_due(), message) if at is not None), default=None)


def _without_effect(outcomes: Sequence[Outcome]) -> set[object]:
    """Return the ids of what was due and stays so, such as by a due time that somebody set back by hand."""
    return {
        outcome.event.document.get("id")
        for outcome in outcomes
        if outcome.event.type in ("due", "delivery") and not isinstance(outcome.decision, Plan)
    }
