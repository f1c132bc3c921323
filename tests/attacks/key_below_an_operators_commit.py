"""A stranger's roster, and an operator signs another file on top without having looked below."""

from tests.support.signed_desk import Expected, SignedDesk, trusted


def attack(desk: SignedDesk) -> Expected:
    desk.by_hand(None, trusted("mallory"))
    person = desk.by_hand("clara", {"NOTES": b"1"})
    (tip,) = desk.group("mallory", "9")
    return Expected(tip, {person: ("person", "signed"), tip: ("unproven", "unknown_key")})
