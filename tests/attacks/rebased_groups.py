"""A person rebases the engine's commits: the trailers come along, the signatures do not fit any more."""

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    (base,) = desk.group("desk-a", "1")
    low, tip = desk.group("desk-a", "2", "3")
    desk.back(base)
    person = desk.by_hand(None, {"NOTES": b"1"})
    moved = desk.put(desk.read(low).replace(f"parent {base}".encode(), f"parent {person}".encode()))
    last = desk.put(desk.read(tip).replace(f"parent {low}".encode(), f"parent {moved}".encode()))
    return Expected(last, {moved: ("unproven", "unsigned"), last: ("unproven", "forged_signature")})
