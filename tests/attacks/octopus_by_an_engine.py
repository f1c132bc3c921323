"""An engine's key signs a merge of three."""

from prismfs.proof.statements import Covers
from tests.support.signed_desk import Expected, SignedDesk, commit_of, key_of, signed


def attack(desk: SignedDesk) -> Expected:
    (base,) = desk.group("desk-a", "1")
    sides = [desk.by_hand(None, {f"records/{name}": b"1"}, base=base) for name in "xy"]
    tree = str(desk.git.resolve(f"{base}^{{tree}}"))
    tip = desk.put(signed(commit_of(tree, (base, *sides)), key_of("desk-a"), Covers(base, 1).line))
    return Expected(tip, {tip: ("unproven", "overclaims")}, faults=["overclaims"])
