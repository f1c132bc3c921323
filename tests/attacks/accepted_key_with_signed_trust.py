"""An engine whose key this user has accepted enrols itself where only operators' signatures count."""

from tests.support.signed_desk import ACCEPTED, Expected, SignedDesk, accepted, trusted


def attack(desk: SignedDesk) -> Expected:
    accepted(desk, "signed")
    (tip,) = desk.group(ACCEPTED, files=trusted(ACCEPTED))
    return Expected(tip, {tip: ("unproven", "unknown_key")})
