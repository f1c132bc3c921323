"""No attack: the keys of all engines are lost, and an engine whose key this user has accepted enrols itself."""

from tests.support.signed_desk import ACCEPTED, Expected, SignedDesk, accepted, trusted


def attack(desk: SignedDesk) -> Expected:
    accepted(desk)
    enrolment, over = desk.group(ACCEPTED, "1", files=trusted(ACCEPTED))
    (tip,) = desk.group(ACCEPTED, "2")
    return Expected(tip, {enrolment: ("engine", "accepted"), over: ("engine", "covered"), tip: ("engine", "covered")})
