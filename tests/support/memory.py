"""A project in memory: the rules over a view without a disk, and the hands that give them events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from prismfs.engine.turn.deliver import begin_event, receipt_event
from prismfs.engine.turn.due import due_event
from prismfs.kinds import kind_of
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.persona import Automation, Persona
from prismfs.kinds.core.settings.project import Project as Settings
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.group import Group
from prismfs.kinds.escalation.settings.routing import Routing
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Decision, Event, Outcome, OwnerProof, Plan, Receipt, Record, Refused
from prismfs.rules import decide
from prismfs.store.defaults import default_files
from prismfs.store.memory import MemoryView
from tests.support.rows import rows_of

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
SETTINGS = Settings(pid="PID-TEST01", tenant="acme", operators=("frank",))

R = TypeVar("R", bound=Record)


class MemoryProject:
    """A project in memory, at a time that a test moves. Routes are given as fields of the routing file."""

    def __init__(self, *, files: Mapping[str, bytes] | None = None, **routing: Any) -> None:
        self.view = MemoryView({**default_files(), "prismfs.yaml": kind_of(SETTINGS).write(SETTINGS), **(files or {})})
        self.now = NOW
        self._count = 0
        if routing:
            self.put(Routing.from_document({"tiers": ["deacon", "mayor", "overseer"]} | routing))

    # What comes in

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)

    def event(self, type: str, kind: str, document: Mapping[str, Any], *, actor: str, **more: Any) -> Event:
        """Return an event of now, with a cause of its own."""
        self._count += 1
        fields = {"type": type, "kind": kind, "actor": actor, "document": document}
        return Event.model_validate(fields | {"cause": f"{type}:{self._count}", "at": self.now} | more)

    def take(self, event: Event) -> Decision:
        """Decide an event, and let what it decides be."""
        decision = decide(self.view, event, self.now)
        if isinstance(decision, Plan):
            self.view.add(decision)
        return decision

    def give(self, verb: str, document: Mapping[str, Any], *, actor: str = "frank") -> Decision:
        """Give a command."""
        return self.take(self.event("command", verb, document, actor=actor))

    def drop(self, form: Mapping[str, Any], *, proven: bool = False, **more: Any) -> Decision:
        """Decide a file that an agent dropped; `form` is what it says, `more` what the intake says of it."""
        document = {"document": form, "name": "x.yaml", "sha256": "0" * 64, "size": 1} | more
        proof = OwnerProof(how="owner", login="tester") if proven else None
        return self.take(self.event("drop", form["kind"], document, actor=form["from"], proof=proof))

    def run_due(self) -> list[Decision]:
        """Decide everything that is due, the outbox apart, until nothing is."""
        decisions: list[Decision] = []
        due: Sequence[Record]
        while due := self.view.due_before(self.now, 100):
            decisions += [self.take(due_event(record)) for record in due]
        return decisions

    def attempt(self, message: Outbox, outcome: Outcome | None = None) -> Outbox:
        """Begin to deliver a message and, with `outcome`, end it so; return it as it is then."""
        self.take(begin_event(self.fresh(message), self.now))
        begun = self.fresh(message)
        if outcome is not None and begun.status == "sending":
            self.take(receipt_event(begun, Receipt(outcome=outcome, detail="x"), self.now))
        return self.fresh(message)

    # Ways that many tests go

    def escalate(self, title: str = "disk full", **fields: Any) -> Escalation:
        """Open an escalation and return it."""
        form = {"kind": "escalation", "from": "jade", "title": title, "signature": title} | fields
        return last(self.give("escalation", {"document": form}, actor="jade"), Escalation)

    def open_incident(self, *, actor: str = "frank", **said: Any) -> Incident:
        """Open an incident, or join one, by a command, and return it."""
        return last(self.give("incident.open", {"subject": "it fails"} | said, actor=actor), Incident)

    def report(self, *, sender: str = "jade", **form: Any) -> Incident:
        """Drop a report of a fault of the product to the intake desk, and return the incident that comes of it."""
        words = {"subject": "prismfs watch crashes with an error", "body": "It crashes since the update."}
        document = {"kind": "signal", "from": sender, "to": "Sage", "type": "Question", **words, **form}
        return last(self.drop(document), Incident)

    def put(self, record: R) -> R:
        """Write a record past every rule, as a person with an editor may."""
        kind = kind_of(record)
        if type(record) is kind.row:  # one of several in a file
            place = next(
                place
                for place, facets in self.view._facets.items()
                if (facets.id, "#" in place) == (kind.name_of(record), True)
            )
            self.view._facets[place] = kind.facets_of(record.document)
            self.view._shown[place] = record
            return record
        assert self.view.put_file(kind.place_of(record), kind.write(record))
        return record

    def automate(self, identity: str, **automation: Any) -> None:
        """Change how far an agent goes by itself."""
        persona = self.view.get(Persona, identity)
        assert persona is not None
        self.put(persona.changed(automation=Automation.model_validate(automation)))

    # What has come of it

    def fresh(self, record: R) -> R:
        """Return a record as it is now."""
        identified: Any = record
        found = self.view.get(type(record), identified.id)
        assert found is not None
        return found

    def all(self, model: type[R]) -> list[R]:
        """Return all records of a model, by id."""
        found: list[Any] = [record for record in self.view.records() if isinstance(record, model)]
        return sorted(found, key=lambda each: each.id)

    def rows(self, *actions: str) -> list[Audit]:
        """Return the audit rows of these actions, of all where none is named, oldest first."""
        found = [row for row in self.all(Audit) if not actions or row.action in actions]
        return sorted(found, key=lambda row: row.number)

    def messages(self, **fields: Any) -> list[Outbox]:
        """Return the messages with these fields."""
        return [
            each for each in self.all(Outbox) if all(getattr(each, name) == value for name, value in fields.items())
        ]

    def mails(self, to: str) -> list[Mail]:
        """Return the mails to a reader."""
        return [mail for mail in self.all(Mail) if mail.to == to]

    def group(self) -> Group:
        """Return the one group there is."""
        (group,) = self.all(Group)
        return group


MakeRules = Callable[..., MemoryProject]


def planned(decision: Decision) -> Plan:
    """Return a decision that changes something."""
    assert isinstance(decision, Plan), decision
    return decision


def puts(decision: Decision, model: type[R]) -> list[R]:
    """Return the records of a model that a decision writes."""
    records = planned(decision).puts
    return [record for record in (*records, *rows_of(records)) if isinstance(record, model)]


def last(decision: Decision, model: type[R]) -> R:
    """Return the record of a model that a decision wrote last."""
    return puts(decision, model)[-1]


def code(decision: Decision) -> str:
    """Return what a decision refuses with."""
    assert isinstance(decision, Refused), decision
    return decision.problem.code
