"""Asking the incident manager's command for its judgement of an incident (R-000-22).

The command runs before a turn takes the writer's lock, so that a slow one keeps nobody from writing; its answer goes
into the event that the triage is due, and the rule decides by that alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from prismfs.delivery.command import run_json
from prismfs.engine.turn.desk import Desk
from prismfs.errors import RecordError, RefusedError
from prismfs.intake.scan import redact
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import TriageRecord
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.response.incident import Incident
from prismfs.records.base import Record
from prismfs.records.document import Document
from prismfs.records.event import Event
from prismfs.records.view import View

_MOST = 4
"""Commands that one turn waits for; those behind them wait for the next turn."""

Answers = Mapping[str, Document]
"""What commands answered, by the cause of the event that it is for."""


def awaits_command(record: Record) -> bool:
    """Tell whether `record` is a triage whose command has not been asked yet."""
    return isinstance(record, TriageRecord) and record.mode == "command" and record.asked_at is None


def waiting_for_command(view: View, now: datetime) -> Sequence[TriageRecord]:
    """Return the triages whose command is to be asked now, the oldest first."""
    return [record for record in view.due_before(now, _MOST, of=TriageRecord) if awaits_command(record)]


def with_answer(event: Event, answers: Answers) -> Event:
    """Return the event that a record is due, with what its command answered."""
    answer = answers.get(event.cause)
    return event if answer is None else event.changed(document=event.document | answer)


def ask_command(desk: Desk, record: TriageRecord) -> Document:
    """Return the members that the command's answer adds to the event: `answer`, or `failed` with a code.

    The command is given incident, triage record and signal as one JSON object; what it prints is scanned.

    Raises:
        ConfigError: `protected_unendorsed`; nobody answers for the command.
    """
    view = desk.repo.view(desk.repo.snapshot())
    persona = view.get(Persona, record.triager)
    if persona is None or persona.automation.mode != "command":
        return {"failed": "no_command"}
    desk.check_endorsed()
    automation = persona.automation
    incident, signal = view.get(Incident, record.incident), view.get(Signal, record.signal)
    told: Document = {
        "incident": None if incident is None else incident.to_document(),
        "triage_record": record.to_document(),
        "signal": None if signal is None else signal.to_document(),
    }
    try:
        answer = run_json(automation.command, told, timeout=automation.timeout, cwd=desk.root)
        return {"answer": redact(answer, rules=desk.redaction()).document}
    except (RefusedError, RecordError) as error:
        return {"failed": error.code}
