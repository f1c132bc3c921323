"""Giving a command: what a person says at the command line travels the road of every other event."""

from __future__ import annotations

from datetime import datetime

from prismfs.engine.tenant.router import is_routed, route
from prismfs.engine.turn.commit_group import Outcome, plan_only, settle
from prismfs.engine.turn.deliver import Room
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.dispatch import carry_out, send
from prismfs.engine.turn.react import due_event
from prismfs.errors import RecordError
from prismfs.intake.mac import scan_key
from prismfs.intake.scan import redact
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.redaction import RedactionRules
from prismfs.kinds.work.bead import Escalation
from prismfs.records.document import Document
from prismfs.records.event import Event
from prismfs.records.plan import Decision, Plan, Refused

_MOST_STALE = 10_000
"""Escalations raised by one call; more than that wait for the next."""


def command_event(
    verb: str, document: Document, *, actor: str, token: str, at: datetime, rules: RedactionRules | None = None
) -> Event:
    """Return the event of one command. `token` tells this call from every other; secrets are taken out first.

    `rules` are the project's; without them the defaults hold.

    Raises:
        RecordError: the actor is no identity, a secret stands where it cannot be taken out, or the scan failed.
    """
    scanned = redact(document, rules=rules, key=scan_key())
    try:
        return Event.model_validate(
            {
                "type": "command",
                "kind": verb,
                "cause": f"command:{token}",
                "at": at,
                "actor": actor,
                "assurance": "local",
                "document": scanned.document | ({"redactions": scanned.redactions} if scanned.findings else {}),
            }
        )
    except ValueError as error:
        raise RecordError(
            "bad_identity", f"not an identity: {actor[:60]!r}", hint="letters, digits, dot, dash, underscore"
        ) from error


def submit(desk: Desk, event: Event, now: datetime) -> tuple[Decision, tuple[Outcome, ...], tuple[Outbox, ...]]:
    """Decide and commit a command, then deliver what it put into the outbox.

    Returns the decision, everything that was committed, and the messages as delivering left them.

    Raises:
        PrismfsError: the command was refused, as the kind of error that the rule names.
    """
    outcomes, left = settle_and_deliver(desk, [event], now)
    decision = next(outcome.decision for outcome in outcomes if outcome.event is event)
    if isinstance(decision, Refused):
        raise decision.raised()
    return decision, outcomes, left


def raise_stale(desk: Desk, now: datetime, *, dry_run: bool) -> tuple[Outcome, ...]:
    """Raise every escalation that is due, as the watcher does by itself (R-004-17, R-004-24).

    With `dry_run` nothing changes, and what would be decided is returned.
    """
    due = desk.repo.view(desk.repo.snapshot()).due_before(now, _MOST_STALE, of=Escalation)
    events = [due_event(record) for record in due]
    if dry_run:
        return tuple(Outcome(event, plan_only(desk, event, now), None) for event in events)
    return settle_and_deliver(desk, events, now)[0]


def settle_and_deliver(
    desk: Desk, events: list[Event], now: datetime
) -> tuple[tuple[Outcome, ...], tuple[Outbox, ...]]:
    """Decide and commit `events`, then deliver what they put into the outbox, but for jobs: nobody waits for those.

    Returns everything that was committed, and the messages as delivering left them.
    """
    with desk.repo.writer():
        outcomes = settle(desk, events, now)
        plans = [outcome.decision for outcome in outcomes if isinstance(outcome.decision, Plan)]
        touched = {put.id: put for plan in plans for put in plan.puts if isinstance(put, Outbox)}
        due = [message for message in touched.values() if message.status == "pending" and message.due_at == now]
        waiting = [message for message in due if not is_routed(message)]
        sent, leaving = send(desk, waiting, now, Room(messages=len(waiting), jobs=0))
        outcomes += sent
    outcomes += route(desk, [message for message in due if is_routed(message)], now)
    outcomes += carry_out(desk, leaving, now)
    with desk.repo.writer():
        view = desk.repo.view(desk.repo.snapshot())
        left = tuple(view.get(Outbox, message.id) or message for message in touched.values())
        desk.repo.bring_index_if_free()
    return tuple(outcomes), left


def rehearse(desk: Desk, event: Event, now: datetime) -> Decision:
    """Return what a command would do, and change nothing.

    Raises:
        PrismfsError: the command would be refused.
    """
    decision = plan_only(desk, event, now)
    if isinstance(decision, Refused):
        raise decision.raised()
    return decision
