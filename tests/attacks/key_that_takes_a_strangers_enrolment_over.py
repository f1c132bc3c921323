"""A key takes over the commit that enrols it, and which somebody has signed who is no operator"""

from tests.support.signed_desk import Expected, SignedDesk, trusted


def attack(desk: SignedDesk) -> Expected:
    (base,) = desk.group("desk-a", "1")
    proposal = desk.by_hand("pat", trusted("mallory"))
    desk.back(base)
    merge = desk.take("mallory", proposal)
    return Expected(merge, {base: ("engine", "covered"), merge: ("unproven", "unknown_key")})
