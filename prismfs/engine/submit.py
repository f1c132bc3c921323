"""Giving a command: what a person says at the command line travels the road of every other event."""

from __future__ import annotations

from datetime import datetime

from prismfs.engine import deliver
from prismfs.engine.desk import Desk
from prismfs.engine.react import Outcome, plan_only, settle
from prismfs.errors import RecordError
from prismfs.intake.scan import redact
from prismfs.kinds.outbox import Outbox
from prismfs.records.document import Document
from prismfs.records.event import Event
from prismfs.records.plan import Decision, Plan, Refused


def command_event(verb: str, document: Document, *, actor: str, token: str, at: datetime) -> Event:
    """Return the event of one command. `token` tells this call from every other; secrets are taken out first.

    Raises:
        RecordError: the actor is no identity, or a secret stands where it cannot be taken out.
    """
    scanned = redact(document)
    redactions = [{"pointer": one.pointer, "kind": one.kind, "count": one.count} for one in scanned.findings]
    try:
        return Event.model_validate(
            {
                "type": "command",
                "kind": verb,
                "cause": f"command:{token}",
                "at": at,
                "actor": actor,
                "assurance": "local",
                "document": scanned.document | ({"redactions": redactions} if redactions else {}),
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
    with desk.repo.writer():
        outcomes = settle(desk, [event], now)
        decision = next(outcome.decision for outcome in outcomes if outcome.event is event)
        if isinstance(decision, Refused):
            raise decision.raised()
        waiting = [put for put in decision.puts if isinstance(put, Outbox)] if isinstance(decision, Plan) else []
        receipts = deliver.send_due(desk, [message for message in waiting if message.status == "pending"], now)
        outcomes += settle(desk, receipts, now)
        view = desk.repo.view(desk.repo.snapshot())
        left = tuple(view.get(Outbox, message.id) or message for message in waiting)
        desk.repo.bring_index()
    return decision, tuple(outcomes), left


def rehearse(desk: Desk, event: Event, now: datetime) -> Decision:
    """Return what a command would do, and change nothing.

    Raises:
        PrismfsError: the command would be refused.
    """
    decision = plan_only(desk, event, now)
    if isinstance(decision, Refused):
        raise decision.raised()
    return decision
