"""A tip is set onto another parent, so that what lay between is gone."""

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    (first,) = desk.group("desk-a", "1")
    (second,) = desk.group("desk-a", "2")
    (tip,) = desk.group("desk-a", "3")
    moved = desk.put(desk.read(tip).replace(f"parent {second}".encode(), f"parent {first}".encode(), 1))
    return Expected(moved, {first: ("engine", "covered"), moved: ("unproven", "forged_signature")})
