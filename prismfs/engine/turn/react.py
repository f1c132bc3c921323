"""One turn over a project: a group from each source in order of priority, each committed before the next."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from prismfs.engine.tenant.router import route
from prismfs.engine.turn import due, persona_command
from prismfs.engine.turn.commit_group import Outcome, commit_group, decide_group
from prismfs.engine.turn.deliver import Capacity, Courier
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.ingest import news_events
from prismfs.engine.turn.outbound_scan import observe_due
from prismfs.engine.turn.refusals import UntoldRefusals, next_untold
from prismfs.engine.turn.sources import DueTimes, InboxFiles, InlineCourier, Moment, Outgoing, Receipts, commit_from
from prismfs.records.api import Event, Plan, View

__all__ = ["Moment", "Outcome", "Turn", "react", "rehearse"]

_INLINE = Capacity(messages=due.GROUP, jobs=1)
"""What a turn without a courier carries: jobs one after the other, so that each begins when its commit says so."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn did; `crossed` tells that signals went into other projects.

    `more` asks for another turn at once; `wait_until` (monotonic) is when a growing file may be ready.
    """

    outcomes: tuple[Outcome, ...] = ()
    more: bool = False
    wait_until: float | None = None
    next_due: datetime | None = None
    crossed: bool = False

    @property
    def commits(self) -> tuple[str, ...]:
        """The commits that the turn made, in order."""
        return tuple(outcome.commit for outcome in self.outcomes if outcome.commit is not None)


def react(
    desk: Desk, moment: Moment, courier: Courier | None = None, after_news: Callable[[], bool] = lambda: True
) -> Turn:
    """Do one turn over a project: receipts, due times, the outbox, the inbox; at most one group of each.

    News of the branch come first, as everything else is decided by what they changed. Without a courier the turn itself
    carries what leaves, at its end. `after_news` is called each time that something was taken that people have
    committed; where it answers False, the turn first looks for more of that.

    Raises:
        ConflictError: another process kept writing, or the branch kept moving; nothing is lost.
        StoreError: the repository is wrong or out of reach; what was not committed still waits.
        ConfigError: a setting that is needed is invalid; everything waits until it is mended.
    """
    now = moment.now
    inline = InlineCourier(_INLINE)
    courier = courier or inline
    outcomes = _decide_news(desk, now, after_news)
    answers = {**persona_command.ask_due(desk, now), **observe_due(desk, now)}
    inbox = InboxFiles(desk, moment)
    with desk.repo.writer():
        view = desk.view()
        # Deadlines and notices first: they must not wait for the files that a storm brings. What those files put into
        # the outbox leaves in the same turn: the next one may be far off.
        outbox = Outgoing(desk, courier)
        for source in (Receipts(desk, courier), DueTimes(answers), UntoldRefusals(desk), outbox, inbox, outbox):
            done = commit_from(desk, source, view, now)
            view = desk.view() if done else view
            outcomes += done
        crossing = due.crossing_messages(view, now)
    outcomes += route(desk, crossing, now)
    outcomes += inline.carry_all(desk, now)
    if courier is inline:
        with desk.repo.writer():
            desk.repo.bring_window_if_free()
    view = desk.view()
    capacity = courier.capacity()
    # A turn that changed nothing asks for no other at once, whatever still waits: the loop must not spin.
    changed = inbox.released > 0 or any(isinstance(outcome.decision, Plan) for outcome in outcomes)
    waits = inbox.more or _waits(view, now, capacity)
    dues = (due.next_due(view, now, capacity), next_untold(desk, view))
    soonest = min((each for each in dues if each is not None), default=None)
    if waits and not changed:
        soonest = max(soonest or now, now + due.PATIENCE)
    return Turn(
        outcomes=tuple(outcomes),
        more=bool(desk.finished_jobs) or (waits and changed),
        wait_until=inbox.wait_until,
        next_due=soonest,
        crossed=bool(crossing),
    )


def rehearse(desk: Desk, moment: Moment, first: Sequence[Event] = ()) -> list[Outcome]:
    """Return what a turn would decide of the news, of `first`, the due times and the inbox, and change nothing."""
    base, now = desk.repo.snapshot(), moment.now
    view = desk.repo.view(base)
    news = desk.repo.news(base)
    events = [*(news_events(desk, base, news[0], now) if news else ()), *first]
    events += map(due.due_event, due.due_records(view, now))
    events += InboxFiles(desk, moment).take(view, now)
    return [Outcome(event, decision, None) for event, decision in decide_group(desk, base, events, now)]


def _decide_news(desk: Desk, now: datetime, after_news: Callable[[], bool]) -> list[Outcome]:
    """Decide what others committed, ahead of everything that is done by its settings."""
    outcomes: list[Outcome] = []
    while desk.repo.news(desk.repo.snapshot()):
        with desk.repo.writer():
            outcomes += commit_group(desk, [], now)
        if after_news():
            break
    return outcomes


def _waits(view: View, now: datetime, capacity: Capacity) -> bool:
    """Tell whether something could be done now: a due record, or a message that may leave."""
    if due.due_records(view, now) or due.crossing_messages(view, now):
        return True
    return any(capacity.allows(message) for message in due.outgoing_messages(view, now))
