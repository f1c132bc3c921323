"""Acts by commit that two clones meet: each counts once, and one that is lost leaves a row."""

from __future__ import annotations

from typing import Any

from prismfs.kinds import kind_of
from tests.clones.test_two_clones import settle_both
from tests.support.clone import Clone


def edited(clone: Clone, record: Any, subject: str, **changes: Any) -> str:
    return clone.commit_by_hand(
        {kind_of(record).place_of(record): kind_of(record).write(record.changed(**changes))}, by="olga", subject=subject
    )


def test_act_that_both_clones_take_from_the_same_commit_counts_once(pair: tuple[Clone, Clone]) -> None:
    amber, basalt = pair
    amber.escalate("disk is full")
    amber.publish()
    basalt.git("pull", "--quiet", "--ff-only")
    (bead,) = basalt.records("bead")
    commit = edited(basalt, bead, "gone", status="closed")
    amber.git("pull", "--quiet", "--ff-only", str(basalt.root), "main")
    for clone in pair:
        clone.turn()
        assert [row.cause for row in clone.rows("escalation.closed")] == [f"commit:{commit}:{bead.id}"]
    settle_both(*pair)
    assert len(amber.rows("escalation.closed")) == len(amber.rows("commit.observed")) == 1
    assert amber.rows("command.refused") == []


def test_act_that_comes_too_late_leaves_a_row_and_changes_nothing(pair: tuple[Clone, Clone]) -> None:
    amber, basalt = pair
    amber.drop("kind: task\nfrom: jade\ntitle: turn the page\n")
    amber.turn()
    amber.publish()
    basalt.git("pull", "--quiet", "--ff-only")
    (item,) = basalt.records("bead")
    edited(basalt, item, "mine", status="in_progress", assignee="olga")
    basalt.turn()
    assert [row.actor for row in basalt.rows("bead.claimed")] == ["olga"]
    amber.escalate("the press is broken")
    (bead,) = (one for one in amber.records("bead") if one.id != item.id)
    amber.give("bead.dep", {"id": item.id, "type": "blocks", "on": bead.id})
    amber.publish()
    settle_both(basalt, amber)
    (row,) = amber.rows("command.refused")
    assert (row.meta["by"], row.meta["verb"], row.meta["code"]) == ("olga", "bead.claim", "blocked")
    assert amber.rows("bead.claimed") == []
    assert next(one for one in amber.records("bead") if one.id == item.id).assignee is None


def test_act_that_was_refused_and_may_be_given_on_top_of_the_other_counts(pair: tuple[Clone, Clone]) -> None:
    amber, basalt = pair
    amber.drop("kind: task\nfrom: jade\ntitle: turn the page\n")
    amber.turn()
    (item,) = amber.records("bead")
    amber.escalate("the press is broken")
    (blocker,) = (one for one in amber.records("bead") if one.id != item.id)
    amber.give("bead.dep", {"id": item.id, "type": "blocks", "on": blocker.id})
    amber.publish()
    basalt.git("pull", "--quiet", "--ff-only")
    (item,) = (one for one in basalt.records("bead") if one.id == item.id)
    edited(basalt, item, "mine", status="in_progress", assignee="olga")
    basalt.turn()
    assert [row.meta["code"] for row in basalt.rows("command.refused")] == ["blocked"]
    amber.give("escalate.close", {"id": blocker.id, "reason": "mended"})
    amber.publish()
    settle_both(basalt, amber)
    assert [row.actor for row in amber.rows("bead.claimed")] == ["olga"]
    assert amber.rows("command.refused") == []
