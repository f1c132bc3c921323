"""Notices as messages: what they say (R-004-28), and when they may leave: so many of one action in so long (C-80)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from prismfs.kinds.core.actions import form_of_channel
from prismfs.kinds.core.mail import Priority
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.group import Group
from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy
from prismfs.kinds.escalation.settings.routing import Route, Routing
from prismfs.records.api import Id, View
from prismfs.rules.core.api import JITTER, Draft, authority, one_line
from prismfs.rules.escalation import routes

PRIORITIES: tuple[Priority, ...] = ("urgent", "high", "normal", "low")
"""A message's priority by severity rank."""

_BODY_LIMIT = 2000
_LIST_LIMIT = 20

_LEFT = ("sending", "unknown", "sent", "failed", "dead")
_COUNTED = ("pending", *_LEFT)

_RETRIES = 20
"""Attempts of older messages that may lie between the newest ones; so many more are looked at."""

_LEVELS = 10_000
"""More levels than raises can make of one that is not closed in between."""

_BACKLOG = 500
"""Waiting messages looked at, to find the first time that is free."""


def bead_message(draft: Draft, bead: Escalation, action: str, route: Route) -> Outbox:
    """Return the message that tells of `bead` by `action`; not yet in the plan."""
    subject = f"[{bead.severity.label}] {bead.title}"
    priority = PRIORITIES[bead.severity.rank]
    return _message(
        draft, bead.id, level_of(bead), action, route.name, subject=subject, body=_body(bead), priority=priority
    )


def group_message(
    draft: Draft, group: Group, action: str, opened: Sequence[Escalation], gone: Sequence[Escalation], reason: str
) -> Outbox:
    """Put the one message that tells of a group by `action`, and return it."""
    lines = [f"[{bead.severity.label}] {bead.title} ({bead.id})" for bead in opened]
    lines += [f"resolved: {bead.title} ({bead.id})" for bead in gone]
    shown = "\n".join(lines[:_LIST_LIMIT]) + (f"\n… {len(lines) - _LIST_LIMIT} more" if lines[_LIST_LIMIT:] else "")
    about = ", ".join(f"{name}={value}" for name, value in group.labels.items()) or group.route
    subject, priority = f"resolved: {about}", PRIORITIES[-1]
    if opened:
        worst = min((bead.severity for bead in opened), key=lambda severity: severity.rank)
        subject, priority = f"[{worst.label}] {len(opened)} open: {about}", PRIORITIES[worst.rank]
    body = f"{reason}: {len(opened)} open, {len(gone)} resolved\n\n{shown}\n"
    message = _message(
        draft, group.id, group.notices, action, group.route, subject=subject, body=body, priority=priority
    )
    return draft.put(ready(draft, message))


def _message(
    draft: Draft, about: Id, level: int, action: str, route: str, *, subject: str, body: str, priority: Priority
) -> Outbox:
    return Outbox(
        id=draft.new_id("out", f"{about}:{level}:{action}"), about=about, action=action, level=level, route=route,
        channel=action.partition(":")[0], target=routes.target_of(action, draft.escalation_policy),
        subject=one_line(subject), body=body, priority=priority, created_at=draft.now, status="pending",
    )  # fmt: skip


def ready(draft: Draft, message: Outbox) -> Outbox:
    """Return `message` as it leaves the stages: pending from the time on that its limits allow, or without contact."""
    lacking = lacks(draft.view, message.action)
    if lacking is not None:
        return message.changed(status="not_configured", held_by=None, detail=lacking, due_at=None)
    at = next_time(draft, message.action)
    return message.changed(
        status="pending", held_by=None, target=routes.target_of(message.action, draft.escalation_policy),
        planned_at=at, due_at=at, detail="waits for its limit" if at > draft.now else None,
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


def _body(bead: Escalation) -> str:
    body = bead.body if len(bead.body) <= _BODY_LIMIT else bead.body[:_BODY_LIMIT] + " …"
    sender = f"{bead.reporter}@{bead.from_pid or bead.pid} ({bead.sender_known})"
    related = f"\nRelated: {bead.related}" if bead.related else ""
    another = f"Another of {bead.another_of}, differs in {bead.differs}\n\n" if bead.another_of else ""
    again = f"It is back: {bead.occurrence_count} times in all\n\n" if bead.reopened else ""
    return (
        f"{another}{again}{bead.title}\n\n{body}\n\n"
        f"Severity: {bead.severity.label}\nFrom: {sender}, {bead.source}\nTier: {bead.tier}{related}\n"
        f"Answer: prismfs escalate ack {bead.id}\n"
    )


def _limits(draft: Draft, action: str) -> list[tuple[int, timedelta]]:
    throttle = next((entry for entry in draft.routing.throttle if entry.action == action), None)
    return [] if throttle is None else [routes.parse_limit(text) for text in throttle.limits]


def _planned(message: Outbox, others: Iterable[Outbox]) -> list[datetime]:
    """Return when each of the others but `message` itself is planned to leave, or left."""
    times = {each.id: each.planned_at for each in others if each.id != message.id}
    return [at for at in times.values() if at is not None]
