"""Work items: noted, claimed, changed, linked, closed; rules over a view in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from prismfs.errors import ConflictError
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.work.bead import WorkItem
from prismfs.records.api import Decision, Nothing, Plan, Refused
from tests.support.memory import MemoryProject, code, planned, puts


class Work(MemoryProject):
    """A project in memory, with work items."""

    def give(self, verb: str, document: Mapping[str, Any], *, actor: str = "jade") -> Decision:
        self.wait(seconds=1)
        return super().give(verb, document, actor=actor)

    def note(self, title: str = "rotate the key", *, actor: str = "jade", **fields: Any) -> str:
        form = {"kind": "task", "from": actor, "title": title, **fields}
        return planned(self.give("bead.create", {"document": form}, actor=actor)).subject

    def item(self, name: str) -> WorkItem:
        found = self.view.get(WorkItem, name)
        assert found is not None
        return found


@pytest.fixture
def desk() -> Work:
    return Work()


def rows(decision: Decision) -> list[str]:
    return [row.action for row in puts(decision, Audit)]


def test_work_item_is_noted_with_all_that_was_said(desk: Work) -> None:
    """R-004-35."""
    first = desk.note("the epic", type="epic")
    name = desk.note(
        type="bug", priority=0, labels=["ops", "ops", "x:1"], design="d", acceptance_criteria="a", notes="n",
        external_ref="gh-9", estimated_minutes=30, dependencies=[{"type": "parent-child", "on": first}],
    )  # fmt: skip
    item = desk.item(name)
    assert (item.type, item.priority, item.status, item.assignee) == ("bug", 0, "open", None)
    assert (item.labels, item.created_by, item.updated_at) == (("ops", "x:1"), "jade", desk.now)
    assert [(link.type, link.on, link.by) for link in item.dependencies] == [("parent-child", first, "jade")]
    assert item.tags == ("bug", "ops", "x:1")


def test_drop_of_a_task_is_a_work_item(desk: Work) -> None:
    form = {"kind": "task", "from": "agate", "title": "look at the log"}
    decision = desk.drop(form)
    assert rows(decision) == ["bead.created"]


def test_link_to_what_is_not_here_is_refused_at_creation(desk: Work) -> None:
    form = {"kind": "task", "from": "jade", "title": "x", "dependencies": [{"on": "bd-1"}]}
    refused = desk.give("bead.create", {"document": form})
    assert code(refused) == "not_found"


def test_claim_is_won_once_and_names_the_winner(desk: Work) -> None:
    """R-004-19: the second is told who has it, with the error of a conflict; the first may say it again."""
    name = desk.note()
    assert rows(desk.give("bead.claim", {"id": name})) == ["bead.claimed"]
    assert (desk.item(name).status, desk.item(name).assignee) == ("in_progress", "jade")
    lost = desk.give("bead.claim", {"id": name}, actor="onyx")
    assert code(lost) == "claimed"
    assert isinstance(lost, Refused)
    assert lost.error is ConflictError
    assert "jade" in lost.problem.message
    assert isinstance(desk.give("bead.claim", {"id": name}, actor="JADE"), Nothing)


def test_what_was_assigned_is_claimed_by_its_assignee_only(desk: Work) -> None:
    name = desk.note(assignee="onyx")
    assert code(desk.give("bead.claim", {"id": name})) == "claimed"
    assert rows(desk.give("bead.claim", {"id": name}, actor="onyx")) == ["bead.claimed"]


def test_blocked_deferred_and_closed_ones_are_not_claimed(desk: Work) -> None:
    blocker, name = desk.note(), desk.note()
    desk.give("bead.dep", {"id": name, "on": blocker})
    refused = desk.give("bead.claim", {"id": name})
    assert code(refused) == "blocked"
    assert isinstance(refused, Refused)
    assert blocker in (refused.problem.hint or "")
    desk.give("bead.close", {"id": blocker, "reason": "done"})
    assert rows(desk.give("bead.claim", {"id": name})) == ["bead.claimed"]
    assert code(desk.give("bead.claim", {"id": blocker})) == "already_closed"
    later = desk.note()
    desk.give("bead.update", {"id": later, "status": "deferred"})
    assert code(desk.give("bead.claim", {"id": later})) == "not_open"


def test_open_escalation_blocks_a_work_item(desk: Work) -> None:
    name, escalation = desk.note(), desk.escalate().id
    desk.give("bead.dep", {"id": name, "on": escalation})
    assert code(desk.give("bead.claim", {"id": name})) == "blocked"
    desk.give("escalate.close", {"id": escalation, "reason": "room again"}, actor="frank")
    assert rows(desk.give("bead.claim", {"id": name})) == ["bead.claimed"]


def test_part_of_what_is_blocked_is_blocked(desk: Work) -> None:
    blocker, epic, part = desk.note(), desk.note(type="epic"), desk.note()
    desk.give("bead.dep", {"id": part, "on": epic, "type": "parent-child"})
    assert rows(desk.give("bead.claim", {"id": desk.note()})) == ["bead.claimed"]
    desk.give("bead.dep", {"id": epic, "on": blocker})
    assert code(desk.give("bead.claim", {"id": part})) == "blocked"


def test_release_makes_it_open_and_nobodys(desk: Work) -> None:
    name = desk.note()
    assert isinstance(desk.give("bead.release", {"id": name}), Nothing)
    desk.give("bead.claim", {"id": name}, actor="onyx")
    assert code(desk.give("bead.release", {"id": name}, actor="agate")) == "not_allowed"
    assert rows(desk.give("bead.release", {"id": name}, actor="onyx")) == ["bead.released"]
    assert (desk.item(name).status, desk.item(name).assignee) == ("open", None)


def test_update_changes_what_is_named_and_nothing_else(desk: Work) -> None:
    name = desk.note(labels=["a"], body="long")
    decision = desk.give("bead.update", {"id": name, "priority": 0, "add_labels": ["b"], "remove_labels": ["a"]})
    assert rows(decision) == ["bead.updated"]
    item = desk.item(name)
    assert (item.priority, item.labels, item.body, item.title) == (0, ("b",), "long", "rotate the key")
    assert isinstance(desk.give("bead.update", {"id": name, "priority": 0}), Nothing)
    desk.give("bead.update", {"id": name, "assignee": "onyx"})
    desk.give("bead.update", {"id": name, "assignee": None}, actor="onyx")
    assert desk.item(name).assignee is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"priority": 5}, "bad_field"),
        ({"status": "acknowledged"}, "bad_field"),
        ({"status": "closed"}, "close_with_reason"),
        ({"title": None}, "bad_field"),
        ({"colour": "red"}, "unknown_field"),
    ],
)
def test_update_that_cannot_be_is_refused(desk: Work, change: dict[str, Any], expected: str) -> None:
    assert code(desk.give("bead.update", {"id": desk.note(), **change})) == expected


def test_what_is_anothers_needs_the_right(desk: Work) -> None:
    """Its assignee, its author, the roster's mayor and an operator may; others may not."""
    name = desk.note(actor="agate")
    desk.give("bead.claim", {"id": name}, actor="onyx")
    assert code(desk.give("bead.update", {"id": name, "priority": 1}, actor="jade")) == "not_allowed"
    assert code(desk.give("bead.close", {"id": name, "reason": "x"}, actor="jade")) == "not_allowed"
    for number, actor in enumerate(("onyx", "agate", "frank", "mayor")):
        assert rows(desk.give("bead.update", {"id": name, "priority": number}, actor=actor)) == ["bead.updated"]


def test_close_needs_a_reason_and_happens_once(desk: Work) -> None:
    name = desk.note()
    assert code(desk.give("bead.close", {"id": name})) == "reason_missing"
    desk.give("bead.close", {"id": name, "reason": "done"})
    item = desk.item(name)
    assert (item.status, item.closed_by, item.close_reason, item.closed_at) == ("closed", "jade", "done", desk.now)
    assert isinstance(desk.give("bead.close", {"id": name, "reason": "again"}), Nothing)


def test_close_of_what_is_blocked_says_by_what(desk: Work) -> None:
    blocker, name = desk.note(), desk.note()
    desk.give("bead.dep", {"id": name, "on": blocker})
    decision = desk.give("bead.close", {"id": name, "reason": "not needed"})
    assert isinstance(decision, Plan)
    assert blocker in decision.reason


def test_reopened_work_is_open_and_an_escalation_is_not_reopened(desk: Work) -> None:
    name, escalation = desk.note(), desk.escalate().id
    assert isinstance(desk.give("bead.reopen", {"id": name}), Nothing)
    desk.give("bead.close", {"id": name, "reason": "done"})
    assert code(desk.give("bead.update", {"id": name, "status": "open"})) == "reopen_first"
    assert rows(desk.give("bead.reopen", {"id": name})) == ["bead.reopened"]
    item = desk.item(name)
    assert (item.status, item.closed_at, item.closed_by, item.close_reason) == ("open", None, None, "")
    desk.give("escalate.close", {"id": escalation, "reason": "done"}, actor="frank")
    assert code(desk.give("bead.reopen", {"id": escalation}, actor="frank")) == "escalation_stays_closed"


@pytest.mark.parametrize("verb", ["bead.claim", "bead.release", "bead.update", "bead.close"])
def test_verbs_of_work_send_an_escalation_to_its_own(desk: Work, verb: str) -> None:
    refused = desk.give(verb, {"id": desk.escalate().id}, actor="frank")
    assert code(refused) == "is_escalation"
    assert isinstance(refused, Refused)
    assert "prismfs escalate" in (refused.problem.hint or "")


def test_comment_takes_both_and_touches_a_work_item(desk: Work) -> None:
    name, escalation = desk.note(), desk.escalate().id
    assert rows(desk.give("bead.comment", {"id": name, "text": "hm"}, actor="agate")) == ["bead.commented"]
    assert desk.item(name).updated_at == desk.now
    assert rows(desk.give("bead.comment", {"id": escalation, "text": "hm"})) == ["escalation.commented"]


def test_link_in_a_circle_is_refused_and_the_circle_named(desk: Work) -> None:
    """blocks and parent-child are one graph; what stands near may go round."""
    one, two, three = desk.note(), desk.note(), desk.note()
    desk.give("bead.dep", {"id": one, "on": two, "type": "blocks"})
    desk.give("bead.dep", {"id": two, "on": three, "type": "parent-child"})
    refused = desk.give("bead.dep", {"id": three, "on": one, "type": "blocks"})
    assert code(refused) == "cycle"
    assert isinstance(refused, Refused)
    assert f"{three} > {one} > {two} > {three}" in (refused.problem.hint or "")
    assert rows(desk.give("bead.dep", {"id": three, "on": one, "type": "related"})) == ["bead.linked"]
    assert code(desk.give("bead.dep", {"id": one, "on": one})) == "depends_on_itself"
    assert code(desk.give("bead.dep", {"id": one, "on": "bd-9"})) == "not_found"


def test_link_twice_is_nothing_and_is_taken_away(desk: Work) -> None:
    one, two = desk.note(), desk.note()
    assert rows(desk.give("bead.dep", {"id": one, "on": two})) == ["bead.linked"]
    assert isinstance(desk.give("bead.dep", {"id": one, "on": two}), Nothing)
    assert isinstance(desk.give("bead.dep", {"id": one, "on": two, "type": "related", "remove": True}), Nothing)
    assert rows(desk.give("bead.dep", {"id": one, "on": two, "remove": True})) == ["bead.unlinked"]
    assert desk.item(one).dependencies == ()
