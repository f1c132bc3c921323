"""An engine that somebody else may have accepted, and this user has not, enrols itself."""

from tests.support.signed_desk import Expected, SignedDesk, accepted, trusted


def attack(desk: SignedDesk) -> Expected:
    accepted(desk)
    (tip,) = desk.group("desk-u", files=trusted("desk-u"))
    return Expected(tip, {tip: ("unproven", "unknown_key")})
