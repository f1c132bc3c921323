"""Notices as messages: what they say, and when they may leave (R-004-28)."""

from collections.abc import Sequence
from typing import Literal

from prismfs.kinds.core.actions import form_of_channel
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.group import Group
from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy
from prismfs.kinds.escalation.settings.routing import Route, Routing
from prismfs.records.api import View
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft, one_line
from prismfs.rules.escalation import routes, throttle

PRIORITIES: tuple[Literal["urgent", "high", "normal", "low"], ...] = ("urgent", "high", "normal", "low")
"""A message's priority by severity rank."""

_BODY_LIMIT = 2000
_LIST_LIMIT = 20


def bead_message(draft: Draft, bead: Escalation, action: str, route: Route) -> Outbox:
    """Return the message that tells of `bead` by `action`; not yet in the plan."""
    level = level_of(bead)
    return Outbox(
        id=draft.new_id("out", f"{bead.id}:{level}:{action}"),
        about=bead.id,
        action=action,
        level=level,
        route=route.name,
        channel=action.partition(":")[0],
        target=routes.target_of(action, draft.escalation_policy),
        subject=one_line(f"[{bead.severity.label}] {bead.title}"),
        body=_body(bead),
        priority=PRIORITIES[bead.severity.rank],
        created_at=draft.now,
        status="pending",
    )


def group_message(
    draft: Draft, group: Group, action: str, opened: Sequence[Escalation], gone: Sequence[Escalation], reason: str
) -> Outbox:
    """Put the one message that tells of a group by `action`, and return it."""
    lines = [f"[{bead.severity.label}] {bead.title} ({bead.id})" for bead in opened]
    lines += [f"resolved: {bead.title} ({bead.id})" for bead in gone]
    shown = "\n".join(lines[:_LIST_LIMIT]) + (f"\n… {len(lines) - _LIST_LIMIT} more" if lines[_LIST_LIMIT:] else "")
    about = ", ".join(f"{name}={value}" for name, value in group.labels.items()) or group.route
    if opened:
        worst = min(opened, key=lambda bead: bead.severity.rank)
        subject = f"[{worst.severity.label}] {len(opened)} open: {about}"
    else:
        worst, subject = None, f"resolved: {about}"
    message = Outbox(
        id=draft.new_id("out", f"{group.id}:{group.notices}:{action}"),
        about=group.id,
        action=action,
        level=group.notices,
        route=group.route,
        channel=action.partition(":")[0],
        target=routes.target_of(action, draft.escalation_policy),
        subject=one_line(subject),
        body=f"{reason}: {len(opened)} open, {len(gone)} resolved\n\n{shown}\n",
        priority="low" if worst is None else PRIORITIES[worst.severity.rank],
        created_at=draft.now,
        status="pending",
    )
    return draft.put(ready(draft, message))


def ready(draft: Draft, message: Outbox) -> Outbox:
    """Return `message` as it leaves the stages: pending from the time on that its limits allow, or without contact."""
    lacking = lacks(draft.view, message.action)
    if lacking is not None:
        return message.changed(status="not_configured", held_by=None, detail=lacking, due_at=None)
    at = throttle.next_time(draft, message.action)
    return message.changed(
        status="pending",
        held_by=None,
        target=routes.target_of(message.action, draft.escalation_policy),
        planned_at=at,
        due_at=at,
        detail="waits for its limit" if at > draft.now else None,
    )


def lacks(view: View, action: str) -> str | None:
    """Return what `action` lacks, such as a setting or a persona of the roster; None where it can be carried out."""
    channel, _, name = action.partition(":")
    if form_of_channel(channel).reaches == "persona" and not authority.is_identity(view, name):
        return f"nobody is called {name} in the roster"
    return routes.missing(action, view.single(EscalationPolicy), view.single(Routing))


def level_of(bead: Escalation) -> int:
    """Return the number of the bead's present level: it grows with every raise and with every louder repeat."""
    return bead.reescalation_count * 10 + (3 - bead.severity.rank)


def _body(bead: Escalation) -> str:
    body = bead.body if len(bead.body) <= _BODY_LIMIT else bead.body[:_BODY_LIMIT] + " …"
    related = f"\nRelated: {bead.related}" if bead.related else ""
    return (
        f"{bead.title}\n\n{body}\n\n"
        f"Severity: {bead.severity.label}\nFrom: {bead.reporter} ({bead.source})\nTier: {bead.tier}{related}\n"
        f"Answer: prismfs escalate ack {bead.id}\n"
    )
