"""Acts by commit that two clones meet: each counts once, and one that is lost leaves a row."""

from __future__ import annotations

from typing import Any

import pytest

from prismfs.engine.turn import adopt
from prismfs.kinds import kind_of
from prismfs.store.git import signing
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


def test_act_on_what_was_decided_here_alone_is_decided_again_after_it(pair: tuple[Clone, Clone]) -> None:
    """A claim, not yet published, then a commit that gives the work back: both are made again."""
    amber, basalt = pair
    amber.drop("kind: task\nfrom: jade\ntitle: turn the page\n")
    amber.turn()
    amber.publish()
    basalt.git("pull", "--quiet", "--ff-only")
    (item,) = basalt.records("bead")
    basalt.give("bead.claim", {"id": item.id}, actor="olga")
    (item,) = basalt.records("bead")
    edited(basalt, item, "done with it", status="closed")
    basalt.turn()
    assert [row.actor for row in basalt.rows("bead.closed")] == ["olga"]
    amber.drop("kind: task\nfrom: jade\ntitle: another page\n")
    amber.turn()
    amber.publish()
    settle_both(basalt, amber)
    assert [row.action for row in amber.rows() if row.entity_id == item.id and row.action.startswith("bead.")][1:] == [
        "bead.claimed", "bead.closed",
    ]  # fmt: skip
    assert amber.rows("command.refused") == []
    assert next(one for one in amber.records("bead") if one.id == item.id).status == "closed"


def test_file_that_is_changed_twice_by_hand_here_alone_is_taken_twice_again(pair: tuple[Clone, Clone]) -> None:
    amber, basalt = pair
    text = "kind: kb\nversion: 1\nname: printer\ntitle: The printer\nsource: manual\nbody: {}\n"
    for words in ("first", "second"):
        basalt.commit_by_hand({"kb/printer.yaml": text.format(words).encode()}, by="olga")
        basalt.turn()
    amber.drop("kind: task\nfrom: jade\ntitle: another page\n")
    amber.turn()
    amber.publish()
    settle_both(basalt, amber)
    print(amber.git("log", "--graph", "--format=%h %an %s", amber.truth()))
    assert [row.meta["refused"] for row in amber.rows("commit.observed")] == [{}, {}]
    assert "body: second" in amber.git("show", f"{amber.truth()}:kb/printer.yaml")


def test_more_decisions_than_one_signature_covers_are_decided_again_in_groups(
    pair: tuple[Clone, Clone], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "MOST_COVERED", 4)
    monkeypatch.setattr(adopt, "_MOST", 2)
    amber, basalt = pair
    for clone in pair:
        for number in range(3):
            clone.drop(f"kind: task\nfrom: jade\ntitle: page {number} of {clone.root.name}\n")
        clone.turn()
    for number in range(3):
        basalt.drop(f"kind: task\nfrom: jade\ntitle: page {number + 3} of {basalt.root.name}\n")
    basalt.turn()
    amber.publish()
    settle_both(basalt, amber)
    assert len(amber.records("bead")) == 9
