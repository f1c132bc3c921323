"""An engine covers a merge together with other commits."""

from prismfs.proof.statements import Covers
from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    (fork,) = desk.group("desk-a", "1")
    side = desk.by_hand(None, {"records/s": b"1"})
    desk.back(fork)
    (base,) = desk.group("desk-a", "2")
    bare = desk.by_hand(None, {"records/b": b"1"})
    merge = desk.merge(side)
    tip = desk.stated("desk-a", "3", Covers(base, 3))
    return Expected(
        tip,
        {bare: ("unproven", "unsigned"), merge: ("unproven", "unsigned"), tip: ("unproven", "overclaims")},
        faults=["overclaims"],
    )
