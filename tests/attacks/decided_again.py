"""No attack: a clone that lost the push decides its events again on top of the other's tip."""

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    (base,) = desk.group("desk-a", "1")
    lost = desk.group("desk-a", "2")
    theirs = desk.group("desk-b", "3", base=base, move=False)
    desk.back(theirs[-1])
    again = desk.group("desk-a", "2")
    return Expected(again[-1], dict.fromkeys((*theirs, *again), ("engine", "covered")), unseen=lost)
