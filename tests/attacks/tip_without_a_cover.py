"""An engine's key signs a commit that states nothing, twice the same, or more than a tip may cover."""

from prismfs.proof.statements import Covers
from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    none = desk.stated("desk-a", "1", None)
    twice = desk.stated("desk-a", "2", Covers(none, 1), Covers(none, 1).line)
    many = desk.stated("desk-a", "3", Covers(twice, 1001))
    last = desk.stated("desk-a", "4", None, f"Prismfs-Covers: {many} 01")
    return Expected(
        last, dict.fromkeys((none, twice, many, last), ("unproven", "no_cover")), faults=["no_cover"] * 4
    )  # fmt: skip
