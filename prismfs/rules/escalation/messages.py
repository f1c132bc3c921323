"""Notices as messages, and when they may leave: so many of one action in so long (C-80), not in quiet hours (C-72)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from prismfs.kinds.core.actions import form_of_channel
from prismfs.kinds.core.mail import Priority
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.group import Group
from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy
from prismfs.kinds.escalation.settings.notices import Notices
from prismfs.kinds.escalation.settings.routing import Route, Routing
from prismfs.records.api import Id, View
from prismfs.rules.core.api import JITTER, Draft, authority
from prismfs.rules.escalation import routes, texts

PRIORITIES: tuple[Priority, ...] = ("urgent", "high", "normal", "low")
"""A message's priority by severity rank."""

OVER = 5_000
"""What the level of a message that says the end is above that of its escalation."""

_LEFT = ("sending", "unknown", "sent", "failed", "dead")
_COUNTED = ("pending", *_LEFT)

_RETRIES = 20
"""Attempts of older messages that may lie between the newest ones; so many more are looked at."""

_LEVELS = 10_000
"""More levels than raises can make of one that is not closed in between."""

_BACKLOG = 500
"""Waiting messages looked at, to find the first time that is free."""


def bead_message(draft: Draft, bead: Escalation, action: str, route: Route, why: str) -> Outbox:
    """Return the message that tells of `bead` by `action`, and `why` now; not yet in the plan."""
    said = texts.of_escalation(draft, bead, _channel(action), why)
    return _message(draft, bead.id, level_of(bead), action, route.name, said, PRIORITIES[bead.severity.rank])


def over_message(draft: Draft, bead: Escalation, action: str) -> Outbox:
    """Put the message that tells by `action` that `bead` is over, and return it (FD-16)."""
    said = texts.of_end(draft, bead, _channel(action))
    return draft.put(ready(draft, _message(draft, bead.id, level_of(bead) + OVER, action, None, said, "normal")))


def is_over(message: Outbox) -> bool:
    """Tell whether a message says that its escalation is over."""
    return message.level % _LEVELS >= OVER


def group_message(
    draft: Draft, group: Group, action: str, opened: Sequence[Escalation], gone: Sequence[Escalation], reason: str
) -> Outbox:
    """Put the one message that tells of a group by `action`, and return it."""
    said = texts.of_group(draft, group, _channel(action), opened, gone, reason)
    worst = min((bead.severity.rank for bead in opened), default=len(PRIORITIES) - 1)
    return draft.put(
        ready(draft, _message(draft, group.id, group.notices, action, group.route, said, PRIORITIES[worst]))
    )


def _channel(action: str) -> str:
    return action.partition(":")[0]


def _message(
    draft: Draft, about: Id, level: int, action: str, route: str | None, said: texts.Said, priority: Priority
) -> Outbox:
    subject, body = said
    earlier = [each for each in draft.view.with_ref(Outbox, about) if each.action == action]
    return Outbox(
        id=draft.new_id("out", f"{about}:{level}:{action}"), about=about, action=action, level=level, route=route,
        channel=_channel(action), target=routes.target_of(action, draft.escalation_policy), subject=subject,
        body=body, thread=min((each.id for each in earlier), default=None), priority=priority, created_at=draft.now,
        status="pending",
    )  # fmt: skip


def ready(draft: Draft, message: Outbox) -> Outbox:
    """Return `message` as it leaves the stages: pending from the time on that its limits allow, or without contact."""
    lacking = lacks(draft.view, message.action)
    if lacking is not None:
        return message.changed(status="not_configured", held_by=None, detail=lacking, due_at=None)
    free = next_time(draft, message.action)
    at = _not_quiet(draft, message, free)
    detail = "waits for the end of quiet hours" if at > free else "waits for its limit" if at > draft.now else None
    return message.changed(
        status="pending", held_by=None, target=routes.target_of(message.action, draft.escalation_policy),
        planned_at=at, due_at=at, detail=detail,
    )  # fmt: skip


def lacks(view: View, action: str) -> str | None:
    """Return what `action` lacks, such as a setting or a persona of the roster; None where it can be carried out."""
    channel, _, name = action.partition(":")
    if form_of_channel(channel).reaches == "persona" and not authority.is_identity(view, name):
        return f"nobody is called {name} in the roster"
    return routes.missing(action, view.single(EscalationPolicy), view.single(Routing))


def level_of(bead: Escalation) -> int:
    """Return the number of the bead's present level: it grows with each raise, louder repeat and new beginning."""
    return (bead.reopened + bead.lapsed) * _LEVELS + bead.reescalation_count * 10 + (3 - bead.severity.rank)


def _not_quiet(draft: Draft, message: Outbox, at: datetime) -> datetime:
    """Return `at`, or the end of the quiet hours that it lies in, for a message of this rank (C-72).

    The end of one may lie in another; each is waited for once, so that none is waited for for ever.
    """
    rank = PRIORITIES.index(message.priority)
    left = [quiet for quiet in draft.view.single(Notices).quiet if rank in quiet.ranks]
    while (within := next((quiet for quiet in left if quiet.end_of(at) is not None), None)) is not None:
        left.remove(within)
        at = within.end_of(at) or at
    return at


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
    return [] if throttle is None else [routes.parse_limit(text) for text in throttle.limits]


def _planned(message: Outbox, others: Iterable[Outbox]) -> list[datetime]:
    """Return when each of the others but `message` itself is planned to leave, or left."""
    times = {each.id: each.planned_at for each in others if each.id != message.id}
    return [at for at in times.values() if at is not None]
