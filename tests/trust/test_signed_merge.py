"""What the signature of a merge is worth: it answers for what the merge itself says, never for what it brings.

A `git pull` with `commit.gpgsign` signs a merge, too, and whoever pulls has not read what others have pushed.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from prismfs.kinds import KINDS
from tests.support.shared import Person, Shared, Watcher, prismfs, roster

pytestmark = pytest.mark.slow

POLICY = KINDS["policy"].folder


@pytest.fixture
def watcher(shared: Shared) -> Watcher:
    made = shared.watcher()
    made.turn()
    made.publish()
    return made


def on_a_branch(person: Person, name: str) -> None:
    person.git("switch", "--quiet", "-c", name)


def beside_a_proposal(shared: Shared, what: str) -> Person:
    """Somebody without a key has proposed it on a branch; return an operator who stands beside that."""
    jade = shared.person("jade", None, "one")
    on_a_branch(jade, "proposal")
    jade.put(roster(shared.keys, "jade") if what == "roster" else shared.approval("frank"))
    frank = shared.person("frank", "frank", "one")
    frank.git("switch", "--quiet", "main")
    return frank


def endorsements(outcomes: Any) -> list[Any]:
    return [one.event.document["endorsement"] for one in outcomes if one.event.kind == "approval"]


def put_coverage(person: Person, tenths: int) -> None:
    path = person.root / POLICY
    path.write_text(re.sub(r"answer_coverage: [0-9.]+", f"answer_coverage: 0.{tenths}", path.read_text()))


@pytest.mark.parametrize("what", ["roster", "approval"])
def test_merge_that_an_operator_signs_answers_for_nothing_that_it_brings(
    shared: Shared, watcher: Watcher, what: str
) -> None:
    frank = beside_a_proposal(shared, what)
    frank.merge("proposal")
    said = frank.push()
    assert "a merge brings it, which answers for nothing but its own words" in said
    assert "git merge --squash" in said
    shared.without_hook()
    assert frank.push() == ""
    outcomes = watcher.pull()
    if what == "roster":
        assert [row.meta["code"] for row in watcher.rows("protected.refused")] == ["protected_unsigned"]
        assert not (watcher.root / "roster/jade.yaml").exists()
    else:
        found = endorsements(outcomes)
        assert [one["code"] for one in found] == ["unsigned"]
    assert watcher.problems() == ()


@pytest.mark.parametrize("what", ["roster", "approval"])
def test_proposal_that_an_operator_squashes_and_signs_takes_effect(shared: Shared, watcher: Watcher, what: str) -> None:
    frank = beside_a_proposal(shared, what)
    frank.git("merge", "--quiet", "--squash", "proposal")
    frank.git("commit", "--quiet", "-S", "-m", "take it")
    assert frank.push() == ""
    outcomes = watcher.pull()
    if what == "roster":
        assert (watcher.root / "roster/jade.yaml").exists()
    else:
        found = endorsements(outcomes)
        assert [(one["signer"], one["operator"]) for one in found] == [("frank", True)]
    assert watcher.problems() == ()


def test_verb_prints_the_commands_that_take_its_proposal(shared: Shared, watcher: Watcher) -> None:
    told = prismfs(watcher.root, "--as", "frank", "roster", "add", "onyx", "--role", "tester", "--title", "Looks")
    frank = Person(watcher.root, shared.keys, "frank", "frank")
    for command in told["data"]["taken_by"].split(" && "):
        frank.git(*command.split()[1:], *(["-m", "take it"] if "commit" in command else []))
    watcher.turn()
    assert "roster/onyx.yaml" in watcher.git("ls-tree", "-r", "--name-only", watcher.truth())
    assert watcher.problems() == ()


@pytest.mark.parametrize("resolution", ["own", "theirs"])
def test_conflict_that_an_operator_resolves_counts_as_her_own_words_alone(
    shared: Shared, watcher: Watcher, resolution: str
) -> None:
    """Of two settings she may write a third in the merge; a side that she picks is not hers by that."""
    gwen = shared.person("gwen", "gwen", "one")
    on_a_branch(gwen, "other")
    put_coverage(gwen, 7)
    gwen.git("commit", "--quiet", "-S", "-a", "-m", "other")
    frank = shared.person("frank", "frank", "one")
    frank.git("switch", "--quiet", "main")
    put_coverage(frank, 8)
    frank.git("commit", "--quiet", "-S", "-a", "-m", "own")
    frank.git("merge", "--quiet", "--no-commit", "other", check=False)
    frank.git("checkout", "--quiet", "--theirs", POLICY)
    if resolution == "own":
        put_coverage(frank, 9)
    frank.git("commit", "--quiet", "-S", "-a", "-m", "both")
    assert (frank.push() == "") is (resolution == "own")
    shared.without_hook()
    frank.push()
    watcher.pull()
    assert f"answer_coverage: 0.{9 if resolution == 'own' else 8}\n" in (watcher.root / POLICY).read_text()
    watcher.drop("kind: signal\nfrom: jade\nto: Sage\ntype: Question\nsubject: does its key still count?\n")
    watcher.turn()
    assert watcher.problems() == ()
