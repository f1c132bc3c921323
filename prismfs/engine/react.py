"""One turn: take in what is waiting, decide it, commit it, and only then let go of the inbox files."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prismfs.decide import ENGINE, decide
from prismfs.engine import deliver, take
from prismfs.engine.desk import Desk
from prismfs.errors import ConflictError, Problem, RefusedError
from prismfs.kinds import kind_of
from prismfs.kinds.outbox import Outbox
from prismfs.records.base import Record, format_instant
from prismfs.records.codec import canonical_json
from prismfs.records.event import Event
from prismfs.records.plan import Decision, Plan, Refused
from prismfs.records.view import View
from prismfs.store.snapshot import Snapshot

GROUP = 100
"""Events decided and committed together: where the cost of a commit stops falling."""

_TRIES = 8

_FAULTS = (ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError, RecursionError)

_PATIENCE = timedelta(seconds=1)
"""When to look again at what is due and cannot be acted on: turning over it without a pause helps nobody."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One event, what was decided of it, and its commit where one was made."""

    event: Event
    decision: Decision
    commit: str | None


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
    """What one turn did, and what still waits."""

    outcomes: tuple[Outcome, ...] = ()
    more: bool = False
    wait_until: float | None = None
    next_due: datetime | None = None

    @property
    def commits(self) -> tuple[str, ...]:
        """The commits that the turn made, in order."""
        return tuple(outcome.commit for outcome in self.outcomes if outcome.commit is not None)


def react(desk: Desk, moment: Moment) -> Turn:
    """Do one turn over a project: news, inbox, due times, deliveries; at most one group of each.

    Raises:
        ConflictError: another process kept writing, or the branch kept moving; nothing is lost.
        StoreError: the repository is wrong or out of reach; what was not committed still waits.
        ConfigError: a setting that is needed is invalid; everything waits until it is mended.
    """
    with desk.repo.writer():
        look = desk.inbox.scan(moment.monotonic, moment.wall, complete=moment.complete, limit=GROUP)
        taken = take.read_drops(desk, look.ready, moment.now)
        outcomes = settle(desk, [entry.event for entry in taken], moment.now)
        desk.crash_point("before-inbox")
        take.let_go(desk, taken, [outcome.event for outcome in outcomes], moment.now)
        view = desk.repo.view(desk.repo.snapshot())
        due = _due(view, moment.now)
        outcomes += settle(desk, [due_event(record) for record in due if not isinstance(record, Outbox)], moment.now)
        # What a due time just put into the outbox leaves in the same turn: the next one may be far off.
        messages = _due(desk.repo.view(desk.repo.snapshot()), moment.now)
        receipts = deliver.send_due(desk, [record for record in messages if isinstance(record, Outbox)], moment.now)
        desk.crash_point("before-receipts")
        outcomes += settle(desk, receipts, moment.now)
        view = desk.repo.view(desk.repo.snapshot())
        next_due, left = view.next_due(), _due(view, moment.now)
    stuck = _without_effect(outcomes)
    more = any(kind_of(record).name_of(record) not in stuck for record in left)
    if stuck and not more and next_due is not None:
        next_due = max(next_due, moment.now + _PATIENCE)
    return Turn(
        outcomes=tuple(outcomes),
        more=look.more or more,
        wait_until=look.wait_until,
        next_due=next_due,
    )


def settle(desk: Desk, events: Sequence[Event], now: datetime) -> list[Outcome]:
    """Decide and commit the news of the branch and then `events`, as one group; the writer's lock is held.

    When the branch moves meanwhile, the snapshot is taken again and everything is decided again.
    """
    for attempt in range(1, _TRIES + 1):
        base = desk.repo.snapshot()
        try:
            return _settle(desk, [*news_events(desk, base, now), *events], base, now)
        except ConflictError:
            if attempt == _TRIES:
                raise
    raise AssertionError("unreachable")


def rehearse(desk: Desk, moment: Moment) -> list[Outcome]:
    """Return what a turn would decide of the news, the inbox and the due times, and change nothing."""
    base = desk.repo.snapshot()
    look = desk.inbox.scan(moment.monotonic, moment.wall, complete=moment.complete, limit=GROUP)
    events = news_events(desk, base, moment.now)
    events += [entry.event for entry in take.read_drops(desk, look.ready, moment.now)]
    due = _due(desk.repo.view(base), moment.now)
    events += [due_event(record) for record in due if not isinstance(record, Outbox)]
    return [Outcome(event, decision, None) for event, decision in _decide_all(desk, events, base, moment.now)[0]]


def plan_only(desk: Desk, event: Event, now: datetime) -> Decision:
    """Return what would be decided of `event`, and change nothing."""
    with desk.repo.overlay(desk.repo.snapshot()) as view:
        return decide(view, event, now)


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


def news_events(desk: Desk, base: Snapshot, now: datetime) -> list[Event]:
    """Return the events of commits that the engine did not make."""
    events = []
    for commit in desk.repo.news(base):
        events.extend(take.commit_events(desk, commit, now))
    return events


def _due(view: View, now: datetime) -> list[Record]:
    """Return what is due: messages from their due time on, everything else one instant after it (R-004-22)."""
    due = view.due_before(now + timedelta(milliseconds=1), GROUP)
    return [record for record in due if isinstance(record, Outbox) or getattr(record, "due_at") < now]  # noqa: B009


def _decided(view: View, event: Event, now: datetime) -> Decision:
    """Decide one event; a file that trips a fault of prismfs is refused, so that it keeps no other waiting."""
    try:
        return decide(view, event, now)
    except _FAULTS as fault:
        if event.type != "drop":
            raise
        said = f"prismfs itself failed on it: {type(fault).__name__}"
        return Refused(Problem("internal", said, hint="please report it with this file"), RefusedError)


def _without_effect(outcomes: Sequence[Outcome]) -> set[object]:
    """Return the ids of what was due and stays so, such as by a due time that somebody set back by hand."""
    return {
        outcome.event.document.get("id")
        for outcome in outcomes
        if outcome.event.type in ("due", "delivery") and not isinstance(outcome.decision, Plan)
    }


def _settle(desk: Desk, events: Sequence[Event], base: Snapshot, now: datetime) -> list[Outcome]:
    decisions, plans = _decide_all(desk, events, base, now)
    commits = iter(desk.repo.apply(plans, base=base))
    return [
        Outcome(event, decision, next(commits) if isinstance(decision, Plan) else None) for event, decision in decisions
    ]


def _decide_all(
    desk: Desk, events: Sequence[Event], base: Snapshot, now: datetime
) -> tuple[list[tuple[Event, Decision]], list[Plan]]:
    """Decide each event on top of what the ones before it decided. A refused drop is an event of its own."""
    decisions: list[tuple[Event, Decision]] = []
    plans: list[Plan] = []
    if not events:
        return decisions, plans
    with desk.repo.overlay(base) as view:
        for event in events:
            known = take.refusal_of(view, event)
            decision = Refused(known, RefusedError) if known is not None else _decided(view, event, now)
            if isinstance(decision, Refused) and event.type == "drop":
                decisions.append((event, decision))
                event = take.refusal_event(event, decision.problem)
                decision = decide(view, event, now)
            decisions.append((event, decision))
            if isinstance(decision, Plan):
                view.add(decision)
                plans.append(decision)
    return decisions, plans
