"""A tip states a base on which it does not stand."""

from prismfs.proof.statements import Covers
from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    (first,) = desk.group("desk-a", "1")
    desk.group("desk-a", "2")
    tip = desk.stated("desk-a", "3", Covers(first, 1))
    return Expected(tip, {tip: ("unproven", "wrong_cover")}, faults=["wrong_cover"])
