"""A commit that is well signed, by a key that the roster does not hold."""

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    person = desk.by_hand("mallory", {"records/x": b"1"})
    tip = desk.group("mallory", "1")[-1]
    return Expected(tip, {person: ("unproven", "unknown_key"), tip: ("unproven", "unknown_key")})
