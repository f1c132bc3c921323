"""An engine covers a commit with headers that no engine writes."""

from prismfs.proof.statements import Covers
from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    (base,) = desk.group("desk-a", "1")
    (plain,) = desk.imported([("by hand", {"records/y": b"1"})], base)
    odd = desk.put(desk.read(plain).replace(b"\n\n", b"\nencoding latin1\n\n", 1))
    tip = desk.stated("desk-b", "8", Covers(base, 2))
    return Expected(
        tip, {odd: ("unproven", "unsigned"), tip: ("unproven", "overclaims")}, faults=["overclaims"]
    )  # fmt: skip
