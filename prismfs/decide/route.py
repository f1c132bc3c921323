"""Whom an escalation reaches: the actions of its severity, each one outbox record (R-004-05, R-004-28)."""

from __future__ import annotations

from prismfs.decide.draft import Draft, one_line
from prismfs.kinds.bead import Bead
from prismfs.kinds.escalation import EscalationSettings, Routes
from prismfs.kinds.outbox import Outbox

_LEVELS = ("critical", "high", "medium", "low")
_BODY_LIMIT = 2000


def notify(draft: Draft, bead: Bead) -> tuple[Outbox, ...]:
    """Put one message for each action of the bead's severity into the outbox.

    A message whose contact is not configured is kept as `not_configured`: visible, and sent once it is.
    """
    settings = draft.view.single(EscalationSettings)
    # A raise of a louder repeat is a further level of the same bead, so its messages are others.
    level = bead.reescalation_count * 10 + (3 - bead.severity.rank)
    return tuple(
        _message(draft, bead, action, level=level, settings=settings)
        for action in actions_of(settings.routes, bead.severity.rank)
        if action != "bead"
    )


def actions_of(routes: Routes, rank: int) -> tuple[str, ...]:
    """Return the actions of `rank`; an empty route means that of the next more urgent one that has one."""
    for level in range(rank, -1, -1):
        actions: tuple[str, ...] = getattr(routes, _LEVELS[level])
        if actions:
            return tuple(dict.fromkeys(actions))
    return ()


def _message(draft: Draft, bead: Bead, action: str, *, level: int, settings: EscalationSettings) -> Outbox:
    channel, _, target = action.partition(":")
    target, missing = target_of(channel, target, settings)
    return draft.put(
        Outbox(
            id=draft.new_id("out", f"{bead.id}:{level}:{action}"),
            about=bead.id,
            action=action,
            level=level,
            channel=channel,
            target=target,
            subject=one_line(f"[{bead.severity.label}] {bead.title}"),
            body=_body(bead),
            priority=("urgent", "high", "normal", "low")[bead.severity.rank],
            created_at=draft.now,
            status="not_configured" if missing else "pending",
            detail=missing,
            due_at=None if missing else draft.now,
        )
    )


def target_of(channel: str, target: str, settings: EscalationSettings) -> tuple[str, str | None]:
    """Return where an action's message goes by the present settings, and what is missing for it, if anything."""
    contacts = settings.contacts
    match channel:
        case "email":
            return contacts.human_email, None if contacts.human_email else "contacts.human_email is empty"
        case "sms":
            return contacts.human_sms, None if contacts.human_sms else "contacts.human_sms is empty"
        case "slack":
            return "webhook", None if contacts.slack_webhook else "contacts.slack_webhook is empty"
        case _:
            return target or "escalation", None


def _body(bead: Bead) -> str:
    body = bead.body if len(bead.body) <= _BODY_LIMIT else bead.body[:_BODY_LIMIT] + " …"
    related = f"\nRelated: {bead.related}" if bead.related else ""
    return (
        f"{bead.title}\n\n{body}\n\n"
        f"Severity: {bead.severity.label}\nFrom: {bead.reporter} ({bead.source})\nTier: {bead.tier}{related}\n"
        f"Answer: prismfs escalate ack {bead.id}\n"
    )
