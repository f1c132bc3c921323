"""A key that this user has accepted for one engine enrols itself as another."""

from tests.support.signed_desk import ACCEPTED, Expected, SignedDesk, accepted, entry, line_of


def attack(desk: SignedDesk) -> Expected:
    accepted(desk)
    (tip,) = desk.group(ACCEPTED, files=entry("desk-v", engine=True, key=line_of(ACCEPTED)))
    return Expected(tip, {tip: ("unproven", "unknown_key")})
