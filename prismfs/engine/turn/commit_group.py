"""Deciding a group of events and committing what comes of them, one commit each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from prismfs.engine.trust.artifact_changes import artifact_events
from prismfs.engine.trust.foreign_commits import guarded_events
from prismfs.engine.trust.protection import keep_mark
from prismfs.engine.turn import ingest
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.outbound_scan import with_scan
from prismfs.errors import ConflictError, Problem, RefusedError
from prismfs.records.event import Event
from prismfs.records.plan import Decision, Plan, Refused
from prismfs.records.view import View
from prismfs.rules import decide
from prismfs.store.snapshot import Snapshot

_TRIES = 8

_FAULTS = (ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError, RecursionError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One event, what was decided of it, and its commit where one was made."""

    event: Event
    decision: Decision
    commit: str | None


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


def plan_only(desk: Desk, event: Event, now: datetime) -> Decision:
    """Return what would be decided of `event`, and change nothing."""
    with desk.repo.overlay(desk.repo.snapshot()) as view:
        return decide(view, with_scan(view, event), now)


def news_events(desk: Desk, base: Snapshot, now: datetime) -> list[Event]:
    """Return the events of commits that the engine did not make."""
    commits = desk.repo.news(base)
    # Before the decisions about them: a decision counts for what an artifact says, not for what somebody wrote of it.
    events = artifact_events(desk.repo.git, base.commit, commits, now)
    for commit in commits:
        events.extend(ingest.commit_events(desk, commit, now))
        events.extend(guarded_events(desk, commit, now))
    return events


def _settle(desk: Desk, events: Sequence[Event], base: Snapshot, now: datetime) -> list[Outcome]:
    decisions, plans = decide_all(desk, events, base, now)
    commits = iter(desk.repo.apply(plans, base=base))
    if any(event.type == "commit" for event in events):
        keep_mark(desk.repo.git, base.commit)
    return [
        Outcome(event, decision, next(commits) if isinstance(decision, Plan) else None) for event, decision in decisions
    ]


def decide_all(
    desk: Desk, events: Sequence[Event], base: Snapshot, now: datetime
) -> tuple[list[tuple[Event, Decision]], list[Plan]]:
    """Decide each event on top of what the ones before it decided. A refused drop is an event of its own."""
    decisions: list[tuple[Event, Decision]] = []
    plans: list[Plan] = []
    if not events:
        return decisions, plans
    with desk.repo.overlay(base) as view:
        for event in events:
            known = ingest.refusal_of(view, event)
            decision = Refused(known, RefusedError) if known is not None else _decided(view, event, now)
            if isinstance(decision, Refused) and event.type == "drop":
                decisions.append((event, decision))
                event = ingest.refusal_event(event, decision.problem)
                decision = decide(view, event, now)
            decisions.append((event, decision))
            if isinstance(decision, Plan):
                view.add(decision)
                plans.append(decision)
    return decisions, plans


def _decided(view: View, event: Event, now: datetime) -> Decision:
    """Decide one event; a file or a signal that trips a fault of prismfs is refused: it keeps no other waiting."""
    try:
        return decide(view, with_scan(view, event), now)
    except _FAULTS as fault:
        if event.type not in ("drop", "bridge"):
            raise
        said = f"prismfs itself failed on it: {type(fault).__name__}"
        return Refused(Problem("internal", said, hint="please report it with this file"), RefusedError)
