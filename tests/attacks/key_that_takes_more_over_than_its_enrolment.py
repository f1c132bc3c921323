"""A key takes over the operator's commit that enrols it, and puts an accomplice into the same merge"""

from tests.support.signed_desk import Expected, SignedDesk, trusted


def attack(desk: SignedDesk) -> Expected:
    (base,) = desk.group("desk-a", "1")
    proposal = desk.by_hand("clara", trusted("desk-n"))
    desk.back(base)
    merge = desk.take("desk-n", proposal, trusted("mallory"))
    return Expected(merge, {base: ("engine", "covered"), merge: ("unproven", "unknown_key")})
