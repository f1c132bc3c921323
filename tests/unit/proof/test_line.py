"""What the classifier answers beside each commit's class: the mark, doubts, anchors, and two tips on one base."""

from typing import get_args

import pytest

from prismfs.proof.line import classify
from prismfs.proof.proofs import REASONS, Anchor, Reason
from prismfs.proof.statements import Covers
from prismfs.proof.tips import find_equivocations
from tests.support.line import MemoryLine, guarded

ROSTER = {"roster/a": "engine desk-a", "roster/b": "engine desk-b", "roster/clara": "operator clara"}


@pytest.fixture
def line() -> MemoryLine:
    """A line with two engines and an operator."""
    return MemoryLine(ROSTER)


def test_mark_moves_with_an_operators_act_and_stays_with_all_else(line: MemoryLine) -> None:
    line.group("desk-a", {"x": "1"})
    assert line.classify().mark.commit == line.root
    line.put({"roster/a": "engine mallory"})
    assert line.classify().mark.files == ROSTER
    restored = line.group("desk-b", {"roster/a": "engine desk-a"})
    found = line.classify()
    assert (found.mark.commit, found.mark.files, found.faults) == (restored, ROSTER, ())
    enrolled = line.put({"roster/c": "engine desk-c"}, key="clara")
    line.group("desk-c", {"x": "2"})
    found = line.classify()
    assert (found.mark.commit, found.mark.files["roster/c"], found.faults) == (enrolled, "engine desk-c", ())


def test_compromised_key_leaves_what_it_signed_after_a_commit_in_doubt(line: MemoryLine) -> None:
    before = line.group("desk-a", {"x": "1"})
    after = line.group("desk-a", {"x": "2"})
    others = line.group("desk-b", {"x": "3"})
    line.put({"roster/a": f"engine desk-a {before}"}, key="clara")
    proofs = line.classify().proofs
    assert [(oid, proofs[oid].doubted) for oid in (before, after, others)] == [
        (before, False), (after, True), (others, False),
    ]  # fmt: skip
    line.put({"roster/a": f"engine desk-a {'f' * 40}"}, key="clara")
    proofs = line.classify().proofs
    assert proofs[before].doubted  # a commit that is not on the line says nothing for the key


def test_line_is_classified_further_from_any_of_its_anchors(line: MemoryLine) -> None:
    line.group("desk-a", {"x": "1"}, {"x": "2"})
    line.put({"roster/c": "engine desk-c"}, key="clara")
    line.group("desk-c", {"x": "3"})
    line.group("desk-a", {"roster/b": "engine mallory"})
    line.group("desk-a", {"x": "4"})
    line.put({"y": "1"})
    whole = line.classify()
    for anchor in whole.anchors.values():
        part = line.classify(anchor=anchor)
        assert part.proofs == {oid: proof for oid, proof in whole.proofs.items() if oid in part.proofs}
        assert part.mark == whole.mark
        assert part.faults == whole.faults[len(whole.faults) - len(part.faults) :]
    assert whole.anchor.commit == whole.tips[-1].commit


def test_two_tips_of_one_key_on_one_base_are_an_equivocation(line: MemoryLine) -> None:
    base = line.group("desk-a", {"x": "1"})
    one = line.group("desk-a", {"x": "2"})
    seen = line.classify()
    line.head = base
    other = line.group("desk-a", {"x": "3"})
    also = line.classify()
    assert find_equivocations(seen.tips) == ()
    assert find_equivocations([*seen.tips, *seen.tips]) == ()
    (fault,) = find_equivocations([*seen.tips, *also.tips])
    assert (fault.code, fault.commit, fault.about) == ("equivocation", other, (one,))
    line.head = base
    line.group("desk-b", {"x": "3"})
    assert find_equivocations([*seen.tips, *line.classify().tips]) == ()


def test_act_of_a_proposal_counts_once(line: MemoryLine) -> None:
    """Also where git, by a graft or a shallow clone, brings it among the commits of a later merge again."""
    fork = line.head
    enrolled = {**ROSTER, "roster/c": "engine desk-c"}
    side = line.add(enrolled, (fork,), key="clara")
    merges: list[str] = []
    for _ in range(2):
        line.head = merges[-1] if merges else fork
        base = line.add(ROSTER, (line.head,), key="clara") if merges else line.head
        message = f"taken\n\n{Covers(base, 1).line}"
        merges.append(line.add(enrolled, (base, side), key="desk-a", message=message))
        line.sides[merges[-1]] = (line.commits[side],)
    found = line.classify(merges[0])
    assert (found.faults, found.mark.files) == ((), enrolled)
    found = line.classify(merges[1])
    assert [fault.code for fault in found.faults] == ["engine_changed_protected", "protected_left_changed"]
    assert found.mark.files == ROSTER


def test_line_that_does_not_follow_is_an_error(line: MemoryLine) -> None:
    line.group("desk-a", {"x": "1"}, {"x": "2"}, {"x": "3"})
    first, _, third = line.line()
    anchor = Anchor.at_root(line.root, guarded(ROSTER))
    with pytest.raises(ValueError, match="first parent"):
        classify([first, third], anchor, line)
    assert classify([third], anchor, line).undecidable == "shallow"
    assert classify([line.commits[line.root]], anchor, line).undecidable == "other_root"
    assert classify([], anchor, line).anchor == anchor


def test_each_reason_is_said_in_words() -> None:
    assert REASONS.keys() == set(get_args(Reason))


def test_trust_local_lets_the_engine_change_what_it_was_asked_to() -> None:
    line = MemoryLine(ROSTER, engine_vouches=True)
    line.group("desk-a", {"roster/c": "engine desk-c"})
    line.group("desk-c", {"roster/d": "engine desk-d"})
    tip = line.group("desk-d", {"x": "2"})
    found = line.classify()
    assert (found.proofs[tip].status, found.faults, found.mark.files["roster/d"]) == ("engine", (), "engine desk-d")
    side = line.add(line.trees[tip], (tip,), key="clara", message="a proposal")
    merge = line.add(line.trees[tip], (tip, side), key="desk-a", message=f"taken\n\n{Covers(tip, 1).line}")
    line.sides[merge] = (line.commits[side],)
    found = line.classify()
    assert (found.taken[side].name, found.taken[side].tip, found.proofs[merge].status) == (
        "roster/clara", merge, "engine",
    )  # fmt: skip
    line.put({"roster/e": "engine desk-e"})
    line.group("desk-a", {"x": "3"})
    assert line.classify(line.group("desk-e", {"x": "4"})).proofs[line.head].reason == "unknown_key"
