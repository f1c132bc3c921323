"""An engine claims a person's signed commit for its own group."""

from prismfs.proof.statements import Covers
from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    (base,) = desk.group("desk-a", "1")
    person = desk.by_hand("clara", {"records/p": b"1"})
    tip = desk.stated("desk-b", "8", Covers(base, 2))
    return Expected(
        tip, {person: ("person", "signed"), tip: ("unproven", "overclaims")}, faults=["overclaims"]
    )  # fmt: skip
