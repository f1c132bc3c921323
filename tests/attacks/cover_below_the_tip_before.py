"""A tip claims commits that another engine's tip has covered already."""

from prismfs.proof.statements import Covers
from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    (base,) = desk.group("desk-a", "1")
    theirs = desk.group("desk-b", "2", "3")
    tip = desk.stated("desk-a", "4", Covers(base, 3))
    return Expected(
        tip,
        {theirs[0]: ("engine", "covered"), tip: ("unproven", "wrong_cover")},
        faults=["wrong_cover"],
    )
