"""Rules over a view in memory: a desk without a disk, and the hands that give it events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prismfs.engine.turn.deliver import begin_event, receipt_event
from prismfs.engine.turn.react import due_event
from prismfs.kinds import kind_of
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.escalation.group import Group
from prismfs.kinds.escalation.settings.routing import Routing
from prismfs.kinds.work.bead import Escalation
from prismfs.records.base import Record
from prismfs.records.event import Event
from prismfs.records.message import Receipt
from prismfs.records.plan import Decision, Plan
from prismfs.rules import decide
from prismfs.store.defaults import default_files
from prismfs.store.memory import MemoryView

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


class Rules:
    """A view in memory with a clock that stands still. Routes are given as fields of the routing file."""

    def __init__(self, **routing: Any) -> None:
        project = Project(pid="PID-TEST01", tenant="acme", operators=("frank",))
        self.view = MemoryView({**default_files(), "prismfs.yaml": kind_of(project).write(project)})
        self.now = NOW
        self._count = 0
        if routing:
            fields = {"kind": "routing", "version": 1, "tiers": ["deacon", "mayor", "overseer"]} | routing
            record = Routing.from_document(fields)
            self.view.put_file("settings/routing.yaml", kind_of(record).write(record))

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)

    def give(self, verb: str, document: dict[str, Any], *, actor: str = "frank") -> Decision:
        """Give a command."""
        self._count += 1
        return self.take(
            Event.model_validate(
                {
                    "type": "command",
                    "kind": verb,
                    "cause": f"command:{self._count}",
                    "at": self.now,
                    "actor": actor,
                    "assurance": "local",
                    "document": document,
                }
            )
        )

    def escalate(self, title: str = "disk full", **fields: Any) -> Escalation:
        """Open an escalation and return it."""
        form = {"kind": "escalation", "from": "jade", "title": title, "signature": title} | fields
        decision = self.give("escalation", {"document": form}, actor="jade")
        assert isinstance(decision, Plan), decision
        return next(put for put in decision.puts if isinstance(put, Escalation))

    def take(self, event: Event) -> Decision:
        """Decide an event, and let what it decides be."""
        decision = decide(self.view, event, self.now)
        if isinstance(decision, Plan):
            self.view.add(decision)
        return decision

    def run_due(self) -> list[Decision]:
        """Decide everything that is due, the outbox apart, until nothing is."""
        decisions = []
        while due := self.view.due_before(self.now, 100):
            decisions += [self.take(due_event(record)) for record in due]
        return decisions

    def attempt(self, message: Outbox, outcome: Any = None) -> Outbox:
        """Begin to deliver a message and, with `outcome`, end it so; return it as it is then."""
        self.take(begin_event(self.fresh(message), self.now))
        begun = self.fresh(message)
        if outcome is not None and begun.status == "sending":
            self.take(receipt_event(begun, Receipt(outcome=outcome, detail="x"), self.now))
        return self.fresh(message)

    def fresh(self, record: Any) -> Any:
        """Return a record as it is now."""
        found = self.view.get(type(record), record.id)
        assert found is not None
        return found

    def all(self, model: type[Record]) -> list[Any]:
        """Return all records of a model, by id."""
        return sorted((record for record in self.view.records() if isinstance(record, model)), key=lambda each: each.id)

    def messages(self, **fields: Any) -> list[Outbox]:
        """Return the messages with these fields."""
        return [
            each for each in self.all(Outbox) if all(getattr(each, name) == value for name, value in fields.items())
        ]

    def group(self) -> Group:
        """Return the one group there is."""
        (group,) = self.all(Group)
        assert isinstance(group, Group)
        return group


@pytest.fixture
def make_rules() -> Callable[..., Rules]:
    """Give a maker of rules with routing fields of the test's choice."""
    return Rules
