"""Deciding a group of events and committing the plans that come of them, one commit each."""

import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.refusals import leaves_event, note_untold, refusal_event, with_untold
from prismfs.errors import ConflictError, Problem, RefusedError, StoreError
from prismfs.kinds import kind_of
from prismfs.records.api import REFUSED, Decision, Event, Plan, Refused, View
from prismfs.rules import RULES_VERSION, decide
from prismfs.store.engine_key import CANNOT_SIGN
from prismfs.store.git import worktree
from prismfs.store.git.history import Commit, Snapshot, newest_rules
from prismfs.store.listing import find_documents
from prismfs.store.projection import Projection

_TRIES = 8

_LEAVING = ("phone_home", "approval")
"""What events are about that may let an issue leave: the scanner looks at it before they are decided."""

_FAULTS = (ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError, RecursionError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One event, the decision on it, and its commit where one was made."""

    event: Event
    decision: Decision
    commit: str | None


def commit_group(desk: Desk, events: Sequence[Event], now: datetime, heads: Sequence[str] = ()) -> list[Outcome]:
    """Decide and commit what people propose, then `events` as one group; the caller holds the writer's lock.

    People propose in the window, and in the histories of `heads`.

    When the truth moves meanwhile, all of it is decided again on the new snapshot.

    Raises:
        ConflictError: the truth kept moving; what is not in the outcomes was not committed.
        StoreError: `newer_rules`; a newer program has decided here, whose records this one may not understand.
    """
    outcomes: list[Outcome] = []
    conflicts = 0
    while True:
        base = desk.repo.snapshot()
        _check_rules(desk, base)
        news = desk.repo.news(base, heads)
        try:
            found = _of_news(desk, base, news, now) if news else events
            if found is None:
                continue
            done = _commit_on(desk, base, found, now)
        except ConflictError:
            conflicts += 1
            if conflicts == _TRIES:
                raise
            continue
        outcomes += done
        if not news:
            return outcomes
        assert done[0].commit is not None, "what people propose is answered by a commit"


def _of_news(desk: Desk, base: Snapshot, news: Sequence[Commit], now: datetime) -> Sequence[Event] | None:
    """Return the events of the oldest commit of `news`; None where another engine's decisions were adopted."""
    from prismfs.engine.turn.adopt import adopt, engine_tip
    from prismfs.engine.turn.ingest import news_events

    tip = engine_tip(desk, base, news)
    if tip is None:
        return news_events(desk, base, news[0], now)
    adopt(desk, tip)
    return None


def decide_group(desk: Desk, base: Snapshot, events: Sequence[Event], now: datetime) -> list[tuple[Event, Decision]]:
    """Return the decision on each event, made on top of those before it; a refused one adds an event of its own.

    Nothing is committed.
    """
    return list(_decide_each(desk, base, events, now))


def _decide_each(
    desk: Desk, base: Snapshot, events: Sequence[Event], now: datetime
) -> Generator[tuple[Event, Decision]]:
    if not events:
        return
    with desk.repo.overlay(base) as view:
        for event in events:
            problem = _earlier_refusal(view, event)
            decision = _decided(view, event, now) if problem is None else Refused(problem, RefusedError)
            decision = _unless_edited(desk, base, event, decision)
            if isinstance(decision, Refused) and leaves_event(event, decision):
                yield event, decision
                event = with_untold(desk, refusal_event(event, decision.problem))
                decision = decide(view, event, now)
            yield event, decision
            if isinstance(decision, Plan):
                view.add(decision)


def decide_one(desk: Desk, event: Event, now: datetime) -> Decision:
    """Return what would be decided of `event`, and change nothing."""
    base = desk.repo.snapshot()
    with desk.repo.overlay(base) as view:
        return _unless_edited(desk, base, event, decide(view, _with_scan(view, event), now))


def _check_rules(desk: Desk, base: Snapshot) -> None:
    newest = newest_rules(desk.repo.git, base.commit, known=RULES_VERSION)
    if newest > RULES_VERSION:
        raise StoreError(
            "newer_rules", f"rules {newest} decided here last, these are {RULES_VERSION}", path=base.commit,
            hint="upgrade prismfs to the version that the other program has",
        )  # fmt: skip


def _commit_on(desk: Desk, base: Snapshot, events: Sequence[Event], now: datetime) -> list[Outcome]:
    decisions: list[tuple[Event, Decision]] = []
    with closing(_decide_each(desk, base, events, now)) as each:
        plans = _plans_of(each, decisions)
        try:
            commits = iter(desk.repo.apply(plans, base=base))
        except StoreError as error:
            if error.code not in CANNOT_SIGN:
                raise
            decisions += each
            made = [event for event, decision in decisions if isinstance(decision, Plan)]
            told = [event for event in made if event.kind == REFUSED]
            if len(told) < len(made):
                raise
            # A clone without an engine says no all the same, and has nothing to write it down with.
            return [Outcome(event, decision, None) for event, decision in decisions if event not in told]
    note_untold(desk, decisions)
    return [
        Outcome(event, decision, next(commits) if isinstance(decision, Plan) else None) for event, decision in decisions
    ]


def _plans_of(each: Iterator[tuple[Event, Decision]], decisions: list[tuple[Event, Decision]]) -> Iterator[Plan]:
    """Yield the plans among the decisions of `each`, which are added to `decisions` as they are made."""
    for event, decision in each:
        decisions.append((event, decision))
        if isinstance(decision, Plan):
            yield decision


def _decided(view: View, event: Event, now: datetime) -> Decision:
    """Decide one event; what others wrote and a fault of prismfs meets is refused, so that nothing else has to wait."""
    try:
        return decide(view, _with_scan(view, event), now)
    except _FAULTS as fault:
        if event.type not in ("drop", "bridge") and event.commit is None:
            raise
        message = f"prismfs itself failed on it: {type(fault).__name__}"
        return Refused(Problem("internal", message, hint="please report it with this file"), RefusedError)


def _with_scan(view: View, event: Event) -> Event:
    """Return `event` with the scanner's report, where its rule needs one."""
    if event.kind.partition(".")[0] not in _LEAVING:
        return event
    from prismfs.engine.turn.outbound_scan import with_scan

    return with_scan(view, event)


def _unless_edited(desk: Desk, base: Snapshot, event: Event, decision: Decision) -> Decision:
    """Return `decision`, or a refusal of an upgrade that would write over changes that are not committed.

    Every other command names the records that it changes; an upgrade finds them.
    """
    if event.kind != "upgrade" or not isinstance(decision, Plan):
        return decision
    edited = worktree.edited(desk.repo.git, base.commit, [kind_of(put).place_of(put) for put in decision.puts])
    if not edited:
        return decision
    said = f"an upgrade would write over changes that are not committed, in {', '.join(edited)}"
    hint = "git commit them, or drop them with git restore; then upgrade again"
    return Refused(Problem("edited", said, path=edited[0], hint=hint), RefusedError)


def _earlier_refusal(view: Projection, event: Event) -> Problem | None:
    """Return why this very drop was refused before, None if it was not.

    A crash leaves a refused file in the inbox. The rule that refused it may say otherwise by now, and yet it must not
    be accepted as well: the audit trail has said no.
    """
    cause = f"refused:{event.cause}"
    if event.type != "drop" or not view.handled(cause):
        return None
    (row, *_), _ = find_documents(view.connection, "audit", where={"cause": cause})
    return Problem.from_document(json.loads(row)["meta"])
