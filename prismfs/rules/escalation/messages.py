"""Notices as messages: what they say, by the templates of `settings/notices.yaml` (FD-17), and when they may leave.

So many of one action leave in so long (C-80), and some not in quiet hours (C-72).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from prismfs.errors import ConfigError
from prismfs.kinds.core.actions import form_of_channel
from prismfs.kinds.core.mail import Priority
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.group import Group
from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy
from prismfs.kinds.escalation.settings.notices import Notices, Occasion, plain_parts
from prismfs.kinds.escalation.settings.routing import Route, Routing
from prismfs.records.api import Id, View, format_duration, format_instant, raised
from prismfs.rules.core.api import JITTER, Draft, authority, one_line
from prismfs.rules.escalation import routes

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

_BODY_LIMIT = 2000
_LIST_LIMIT = 20

Said = tuple[str, str]
"""Subject and body."""


def bead_message(draft: Draft, bead: Escalation, action: str, route: Route, why: str) -> Outbox:
    """Return the message that tells of `bead` by `action`, and `why` now; not yet in the plan."""
    said = of_escalation(draft, bead, _channel(action), why)
    return _message(draft, bead.id, level_of(bead), action, route.name, said, PRIORITIES[bead.severity.rank])


def over_message(draft: Draft, bead: Escalation, action: str) -> Outbox:
    """Put the message that tells by `action` that `bead` is over, and return it (FD-16)."""
    said = of_end(draft, bead, _channel(action))
    return draft.put(ready(draft, _message(draft, bead.id, level_of(bead) + OVER, action, None, said, "normal")))


def is_over(message: Outbox) -> bool:
    """Tell whether a message says that its escalation is over."""
    return message.level % _LEVELS >= OVER


def group_message(
    draft: Draft, group: Group, action: str, opened: Sequence[Escalation], gone: Sequence[Escalation], reason: str
) -> Outbox:
    """Put the one message that tells of a group by `action`, and return it."""
    said = of_group(draft, group, _channel(action), opened, gone, reason)
    worst = min((bead.severity.rank for bead in opened), default=len(PRIORITIES) - 1)
    return draft.put(
        ready(draft, _message(draft, group.id, group.notices, action, group.route, said, PRIORITIES[worst]))
    )


def _channel(action: str) -> str:
    return action.partition(":")[0]


def _message(
    draft: Draft, about: Id, level: int, action: str, route: str | None, said: Said, priority: Priority
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


def of_escalation(draft: Draft, bead: Escalation, channel: str, why: str) -> Said:
    """Return what `channel` says of an open escalation; `why` is what happened to it now."""
    return _said(draft, channel, "escalation", _known(draft, bead, why))


def of_end(draft: Draft, bead: Escalation, channel: str) -> Said:
    """Return what `channel` says of a closed escalation to those who were told of it."""
    assert bead.closed_at is not None
    told = {
        "by": bead.closed_by or "", "reason": bead.closed_reason or "",
        "lasted": format_duration(bead.closed_at - bead.created_at),
    }  # fmt: skip
    return _said(draft, channel, "over", _known(draft, bead, "it is over") | told)


def of_group(
    draft: Draft, group: Group, channel: str, opened: Sequence[Escalation], gone: Sequence[Escalation], why: str
) -> Said:
    """Return what `channel` says of a group of notices."""
    lines = [f"[{bead.severity.label}] {bead.title} ({bead.id})" for bead in opened]
    lines += [f"resolved: {bead.title} ({bead.id})" for bead in gone]
    if len(lines) > _LIST_LIMIT:
        lines[_LIST_LIMIT:] = [f"… {len(lines) - _LIST_LIMIT} more"]
    worst = min((bead.severity for bead in opened), key=lambda severity: severity.rank, default=None)
    about = ", ".join(f"{name}={value}" for name, value in group.labels.items()) or group.route
    told = {
        "why": why, "severity": "" if worst is None else worst.label, "about": about, "opened": len(opened),
        "resolved": len(gone), "lines": "\n".join(lines), "id": group.id,
        "pid": draft.project.pid,
    }  # fmt: skip
    return _said(draft, channel, "group", told)


def _known(draft: Draft, bead: Escalation, why: str) -> dict[str, Any]:
    body = bead.body if len(bead.body) <= _BODY_LIMIT else bead.body[:_BODY_LIMIT] + " …"
    return {
        "why": why, "severity": bead.severity.label, "title": bead.title, "body": body.rstrip("\n"), "id": bead.id,
        "pid": bead.pid, "tier": bead.tier, "source": bead.source, "since": format_instant(bead.created_at),
        "sender": f"{bead.reporter}@{bead.from_pid or bead.pid} ({bead.sender_known})",
        "count": bead.occurrence_count,
        "times": f", {bead.occurrence_count} times" if bead.occurrence_count > 1 else "",
        "related": bead.related or "", "next": _next(draft, bead),
        "another_of": bead.another_of or "", "differs": bead.differs or "", "labels": dict(bead.labels),
    }  # fmt: skip


def _next(draft: Draft, bead: Escalation) -> str:
    """Return what comes next where nobody answers, and when."""
    if bead.due_at is None:
        return "nothing more by itself: it waits for an answer"
    if bead.due_at == bead.hop_at:
        return f"goes to the next tier at {format_instant(bead.due_at)}"
    settings = draft.escalation_policy
    worse = raised(draft.policy.scales, bead.severity).label
    left = f"{bead.reescalation_count + 1} of {settings.max_reescalations}"
    return f"raised to {worse} at {format_instant(bead.due_at)} unless it is acknowledged ({left})"


def _said(draft: Draft, channel: str, occasion: Occasion, told: Mapping[str, Any]) -> Said:
    settings = draft.view.single(Notices)
    text = settings.text_of(channel, occasion)
    told = {**told, "folder": settings.folder}
    return one_line(_rendered(text.subject, told)), _rendered(text.body, told)


def _rendered(text: str, told: Mapping[str, Any]) -> str:
    parts = plain_parts(text)
    return _by_jinja2(text, told) if parts is None else _plain(parts, told)


def _plain(parts: Sequence[tuple[str, str]], told: Mapping[str, Any]) -> str:
    """Write out a template of values and conditions alone, as Jinja2 does."""
    said: list[str] = []
    holds: list[bool] = []
    for word, name in parts:
        if word == "if":
            holds.append(bool(told[name]))
        elif word == "else":
            holds[-1] = not holds[-1]
        elif word == "endif":
            holds.pop()
        elif all(holds):
            said.append(name if word == "text" else str(told[name]))
    return "".join(said)


def _by_jinja2(text: str, told: Mapping[str, Any]) -> str:
    from jinja2 import TemplateError

    try:
        return str(_compiled(text).render(told))
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise ConfigError(
            "invalid_setting", f"a template fails: {one_line(str(error), 200)}", path="settings/notices.yaml",
            field="/texts", hint="mend the text and commit it",
        ) from None  # fmt: skip


@lru_cache(maxsize=64)
def _compiled(text: str) -> Any:
    """Return the template; what a text may do is to write out values, and nothing else of this program."""
    import jinja2.sandbox

    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return environment.from_string(text)
