"""However often a tracker is handed in again, open items are exactly its lines that are not ticked, each once."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from prismfs.kinds.work.bead import WorkItem
from prismfs.records.api import Refused
from tests.support.drops import CHANGE_WORKFLOW
from tests.support.memory import MemoryProject

LINES = st.tuples(
    st.sampled_from(("rotate the logs", "Rotate the  logs.", "write a runbook", "test the restore")),
    st.sampled_from(("gwen", "Gwen", "jade")),
    st.sampled_from((" ", " ", " ", "x")),
)
TRACKERS = st.tuples(st.lists(LINES, max_size=3), st.lists(LINES, max_size=3))
MODEST = settings(max_examples=60, deadline=None, derandomize=True)


def key(action: str, owner: str | None) -> tuple[str, str]:
    return " ".join(action.split()).casefold().rstrip("."), str(owner).casefold()


@MODEST
@given(st.lists(TRACKERS, min_size=1, max_size=4))
def test_open_items_are_the_lines_of_the_last_tracker(
    trackers: list[tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]],
) -> None:
    desk = MemoryProject(files={"workflows/change.yaml": CHANGE_WORKFLOW.encode()})
    incident = desk.open_incident(severity="P2")
    done: set[tuple[str, str]] = set()
    for soon, later in trackers:
        lines: dict[tuple[str, str], str] = {}
        for action, owner, box in (*soon, *later):
            lines.setdefault(key(action, owner), box)
        body = "".join(
            f"## {name}\n\n" + "".join(f"- [{box}] {action} — @{owner}\n" for action, owner, box in part) + "\n"
            for name, part in (("Soon", soon), ("Later", later))
        )
        desk.wait(minutes=1)
        decision = desk.give("phase.submit", {"id": incident.id, "phase": "CHG-1", "body": body})
        assert not isinstance(decision, Refused), decision
        items = desk.all(WorkItem)
        done |= {line for line, box in lines.items() if box == "x"}
        assert {key(item.title, item.assignee) for item in items if item.status == "open"} == set(lines) - done
        found = Counter(key(item.title, item.assignee) for item in items)
        assert all(number == 1 for number in found.values()), found
        assert all((item.due_at is not None) == (item.status == "open") for item in items)
