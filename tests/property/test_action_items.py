"""However often a tracker is handed in again, open items are exactly its lines that are not ticked, each once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prismfs.kinds import kind_of
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.work.bead import WorkItem
from prismfs.records.event import Event
from prismfs.records.plan import Nothing, Plan
from prismfs.rules import decide
from prismfs.store.defaults import default_files
from prismfs.store.memory import MemoryView

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
PLAN = b"""kind: workflow
version: 1
name: change
prefix: CHG
title: A change
subject: incident
phases:
  - id: CHG-1
    title: Plan
    artifact: Plan
    sections:
      - {name: Soon, type: checklist, bucket: quick-wins}
      - {name: Later, type: checklist, bucket: long-term}
    on_submitted: [action_items]
"""
LINES = st.tuples(
    st.sampled_from(("rotate the logs", "Rotate the  logs.", "write a runbook", "test the restore")),
    st.sampled_from(("gwen", "Gwen", "jade")),
    st.sampled_from((" ", " ", " ", "x")),
)
TRACKERS = st.tuples(st.lists(LINES, max_size=3), st.lists(LINES, max_size=3))
MODEST = settings(max_examples=60, deadline=None, derandomize=True)


class Desk:
    """A view in memory with one incident, and the hand that gives it commands."""

    def __init__(self) -> None:
        project = Project(pid="PID-TEST01", tenant="acme", operators=("frank",))
        files = {**default_files(), "prismfs.yaml": kind_of(project).write(project), "workflows/change.yaml": PLAN}
        self.view = MemoryView(files)
        self.count = 0
        opened = self.give("incident.open", {"subject": "Payments fail", "severity": "P2"})
        assert isinstance(opened, Plan)
        self.incident = opened.subject

    def give(self, verb: str, document: dict[str, Any]) -> Plan | Nothing:
        self.count += 1
        now = NOW + timedelta(minutes=self.count)
        said = {"type": "command", "kind": verb, "cause": f"command:{self.count}", "at": now, "actor": "frank"}
        event = Event.model_validate({**said, "assurance": "local", "document": document})
        decision = decide(self.view, event, now)
        assert isinstance(decision, Plan | Nothing), decision
        if isinstance(decision, Plan):
            self.view.add(decision)
        return decision

    def items(self) -> list[WorkItem]:
        return [record for record in self.view.records() if isinstance(record, WorkItem)]


def key(action: str, owner: str | None) -> tuple[str, str]:
    return " ".join(action.split()).casefold().rstrip("."), str(owner).casefold()


@MODEST
@given(st.lists(TRACKERS, min_size=1, max_size=4))
def test_open_items_are_the_lines_of_the_last_tracker(trackers: list[Any]) -> None:
    desk = Desk()
    done: set[tuple[str, str]] = set()
    for soon, later in trackers:
        lines: dict[tuple[str, str], str] = {}
        for action, owner, box in (*soon, *later):
            lines.setdefault(key(action, owner), box)
        body = "".join(
            f"## {name}\n\n" + "".join(f"- [{box}] {action} — @{owner}\n" for action, owner, box in part) + "\n"
            for name, part in (("Soon", soon), ("Later", later))
        )
        desk.give("phase.submit", {"id": desk.incident, "phase": "CHG-1", "body": body})
        items = desk.items()
        done |= {line for line, box in lines.items() if box == "x"}
        assert {key(item.title, item.assignee) for item in items if item.status == "open"} == set(lines) - done
        found = Counter(key(item.title, item.assignee) for item in items)
        assert all(number == 1 for number in found.values()), found
        assert all((item.due_at is not None) == (item.status == "open") for item in items)
