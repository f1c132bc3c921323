"""Throttling: so many notices of one action in so long (C-80)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from prismfs.kinds.core.outbox import Outbox
from prismfs.records.api import parse_duration
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.outbox import JITTER

_LEFT = ("sending", "unknown", "sent", "failed", "dead")
_COUNTED = ("pending", *_LEFT)

_RETRIES = 20
"""Attempts of older messages that may lie between the newest ones; so many more are looked at."""

_BACKLOG = 500
"""Waiting messages looked at, to find the first time that is free."""


def next_time(draft: Draft, action: str) -> datetime:
    """Return when the next notice of `action` may leave: now, or later where its limits are reached."""
    limits = _limits(draft, action)
    if not limits:
        return draft.now
    kept = draft.view.latest_of(Outbox, action, _COUNTED, max(count for count, _ in limits))
    mine = [message for message in draft.own(Outbox) if message.action == action and message.status == "pending"]
    planned = {message.id: message.planned_at for message in (*kept, *mine)}
    return next_allowed([at for at in planned.values() if at is not None], limits, draft.now)


def begin_time(draft: Draft, message: Outbox) -> datetime:
    """Return when an attempt at `message` may begin: now, or later where others left later than was planned.

    After a time down all that waited is due together, and still leaves as its limits say (C-80).
    """
    limits = _limits(draft, message.action)
    if not limits:
        return draft.now
    most = max(count for count, _ in limits) + _RETRIES
    left = draft.view.latest_of(Outbox, message.action, _LEFT, most)
    waiting = draft.view.latest_of(Outbox, message.action, ("pending",), _BACKLOG)
    tried = [each for each in waiting if each.attempts]
    if next_allowed(_planned(message, [*left, *tried]), limits, draft.now) - draft.now <= JITTER:
        return draft.now
    later = [each for each in waiting if each.planned_at is not None and each.planned_at > draft.now]
    return next_allowed(_planned(message, [*left, *tried, *later]), limits, draft.now)


def next_allowed(times: Sequence[datetime], limits: Sequence[tuple[int, timedelta]], now: datetime) -> datetime:
    """Return the first time from `now` on at which one more keeps within every limit (so many, in so long)."""
    newest_first = sorted(times, reverse=True)
    ends = [newest_first[count - 1] + window for count, window in limits if len(newest_first) >= count]
    return max([now, *ends])


def _limits(draft: Draft, action: str) -> list[tuple[int, timedelta]]:
    throttle = next((entry for entry in draft.routing.throttle if entry.action == action), None)
    return [] if throttle is None else [parse_limit(text) for text in throttle.limits]


def _planned(message: Outbox, others: Iterable[Outbox]) -> list[datetime]:
    """Return when each of the others but `message` itself is planned to leave, or left."""
    times = {each.id: each.planned_at for each in others if each.id != message.id}
    return [at for at in times.values() if at is not None]


def parse_limit(text: str) -> tuple[int, timedelta]:
    """Return what `3/15m` means: the count and the time."""
    count, _, window = text.partition("/")
    return int(count), parse_duration(window)
