"""An engine whose key this user has accepted enrols itself, and an accomplice with it."""

from tests.support.signed_desk import ACCEPTED, Expected, SignedDesk, accepted, trusted


def attack(desk: SignedDesk) -> Expected:
    accepted(desk)
    (tip,) = desk.group(ACCEPTED, files=trusted(ACCEPTED, "mallory"))
    (theirs,) = desk.group("mallory", "1")
    return Expected(theirs, {tip: ("unproven", "unknown_key"), theirs: ("unproven", "unknown_key")})
