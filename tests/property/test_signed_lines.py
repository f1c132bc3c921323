"""Random lines by engines, people and strangers: nothing counts that nobody signed for, whatever the order.

What must be so is worked out from who held the pen, never asked of the code under test.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.line import MemoryLine
from tests.support.signed_desk import line_of

ROSTER = {
    "roster/a": "engine desk-a",
    "roster/b": "engine desk-b",
    "roster/clara": "operator clara",
    "roster/pat": "person pat",
}
WRITERS = ("desk-a", "desk-b", "clara", "pat", "mallory", None)
FILES = ("x", "y", "roster/a", "roster/b", "roster/m", "roster/pat")
TEXTS = ("1", "engine desk-a", "engine mallory", "person mallory", "person pat", "engine desk-b")

Step = tuple[str | None, bool, dict[str, str]]
STEP = st.tuples(
    st.sampled_from(WRITERS),
    st.booleans(),
    st.dictionaries(st.sampled_from(FILES), st.sampled_from(TEXTS), max_size=2),
)


class Pens:
    """A line that is being written, with who wrote what kept beside it."""

    def __init__(self) -> None:
        self.line = MemoryLine(ROSTER)
        self.grouped: dict[str, str] = {}
        self.by_hand: dict[str, tuple[str | None, dict[str, str]]] = {}

    def write(self, who: str | None, as_engine: bool, changes: dict[str, str]) -> None:
        """Write a group of two, or one commit."""
        if as_engine and who is not None:
            tip = self.line.group(who, changes, {"z": str(len(self.grouped))})
            self.grouped |= {tip: who, self.line.commits[tip].parents[0]: who}
        else:
            oid = self.line.put({**changes, "n": str(len(self.by_hand))}, key=who)
            self.by_hand[oid] = (who, changes)


@settings(deadline=None)
@given(st.lists(STEP, max_size=8))
def test_nobody_is_called_who_did_not_sign_and_the_mark_is_an_operators(steps: list[Step]) -> None:
    pens = Pens()
    for step in steps:
        pens.write(*step)
    found = pens.line.classify()
    assert list(found.proofs) == [commit.oid for commit in pens.line.line()]
    for oid, proof in found.proofs.items():
        if proof.status == "engine":
            assert proof.key == line_of(pens.grouped[oid])
        elif proof.status == "person":
            assert proof.key == line_of(pens.grouped.get(oid) or str(pens.by_hand[oid][0]))
    hers = {item for who, changes in pens.by_hand.values() if who == "clara" for item in changes.items()}
    assert set(found.mark.files.items()) <= set(ROSTER.items()) | hers
    # Read in two parts it is the same as read at once.
    for anchor in found.anchors.values():
        part = pens.line.classify(anchor=anchor)
        assert part.proofs == {oid: proof for oid, proof in found.proofs.items() if oid in part.proofs}
        assert part.mark == found.mark


@given(st.lists(st.booleans(), max_size=6))
def test_honest_engines_above_strangers_have_no_faults(turns: list[bool]) -> None:
    pens = Pens()
    for number, stranger in enumerate(turns):
        if stranger:
            pens.write(None, False, {"x": str(number)})
        pens.write("desk-a" if number % 2 else "desk-b", True, {"y": str(number)})
    found = pens.line.classify()
    assert found.faults == ()
    assert {oid for oid, proof in found.proofs.items() if proof.status == "engine"} == set(pens.grouped)
