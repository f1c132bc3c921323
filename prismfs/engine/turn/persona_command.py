"""Asking the command of a persona: a desk's for the lane of a signal, an incident manager's for its judgement.

The answer goes into the event, and the rule decides by that alone. A command of an incident manager runs before a turn
takes the writer's lock, so that a slow one keeps no other process from writing.
"""

from collections.abc import Mapping
from datetime import datetime

from prismfs.delivery.programs.run import run_json
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.due import awaits_command, due_event
from prismfs.errors import RecordError, RefusedError
from prismfs.intake.scan import redact
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import TriageRecord
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Document, Event, View

_MOST = 4
"""Commands that one turn waits for; the others are asked in the next turn."""

Answers = Mapping[str, Document]
"""What commands answered, by the cause of the event that it is for."""


def ask_due(desk: Desk, now: datetime) -> Answers:
    """Ask the commands of the triages that are due, the oldest first; no lock is held by the caller.

    Each answer is what it adds to the event that the triage is due: `answer`, or `failed` with a code.
    """
    due = desk.view().due_before(now, _MOST, of=TriageRecord)
    return {due_event(record).cause: _judgement(desk, record) for record in due if awaits_command(record)}


def with_classification(desk: Desk, view: View, event: Event, form: Document) -> Event:
    """Return the event of a signal with the answer of the desk's command, where the roster gives it one (R-000-02).

    `view` is the desk's. The command is given `form`; its output is scanned as everything else that comes in.
    """
    to, _, pid = str(form.get("to") or "").partition("@")
    intake = {name.casefold() for name in view.single(Policy).intake}
    elsewhere = (pid or form.get("to_pid") or view.single(Project).pid) != view.single(Project).pid
    persona = None if elsewhere or to.casefold() not in intake else view.get(Persona, to)
    if persona is None or persona.automation.mode != "command":
        return event
    try:
        answer = _ask(desk, persona, form)
    except (RefusedError, RecordError) as error:
        answer = {"lane": "unclassified", "confidence": 0, "reason": f"the desk's command gave no answer: {error.code}"}
    return event.changed(document=event.document | {"classification": answer})


def _judgement(desk: Desk, record: TriageRecord) -> Document:
    """Ask the command of one triage; it is given incident, triage record and signal as one JSON object."""
    view = desk.view()
    persona = view.get(Persona, record.triager)
    if persona is None or persona.automation.mode != "command":
        return {"failed": "no_command"}
    incident, signal = view.get(Incident, record.incident), view.get(Signal, record.signal)
    question: Document = {
        "incident": None if incident is None else incident.to_document(),
        "triage_record": record.to_document(),
        "signal": None if signal is None else signal.to_document(),
    }
    try:
        return {"answer": _ask(desk, persona, question)}
    except (RefusedError, RecordError) as error:
        return {"failed": error.code}


def _ask(desk: Desk, persona: Persona, question: Document) -> Document:
    automation = persona.automation
    answer = run_json(automation.command, question, timeout=automation.timeout, cwd=desk.root)
    return redact(answer, rules=desk.redaction()).document
