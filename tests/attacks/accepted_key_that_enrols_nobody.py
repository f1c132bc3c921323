"""An engine whose key this user has accepted decides something, and is not in the roster."""

from tests.support.signed_desk import ACCEPTED, Expected, SignedDesk, accepted


def attack(desk: SignedDesk) -> Expected:
    accepted(desk)
    (tip,) = desk.group(ACCEPTED, "1")
    return Expected(tip, {tip: ("unproven", "unknown_key")})
