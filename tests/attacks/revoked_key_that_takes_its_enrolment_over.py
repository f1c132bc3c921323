"""A key that an operator has revoked takes over once more the commit that had enrolled it"""

from tests.support.signed_desk import Expected, SignedDesk, entry, line_of, trusted

OTHER = line_of("another")


def attack(desk: SignedDesk) -> Expected:
    (base,) = desk.group("desk-a", "1")
    proposal = desk.by_hand("clara", trusted("desk-n"))
    desk.back(base)
    desk.take("desk-a", proposal)
    desk.by_hand("clara", entry("desk-n", engine=True, key=OTHER))
    (tip,) = desk.group("desk-a", "2")
    merge = desk.take("desk-n", proposal, trusted("desk-n"))
    return Expected(merge, {tip: ("engine", "covered"), merge: ("unproven", "unknown_key")})
