"""A stolen or faulty engine key covers an unsigned stranger: signatures do not show that, only deciding again does."""

from prismfs.proof.statements import Covers
from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    (base,) = desk.group("desk-a", "1")
    stranger = desk.by_hand(None, {"records/y": b"1"})
    tip = desk.stated("desk-b", "8", Covers(base, 2))
    return Expected(tip, {stranger: ("engine", "covered")})
