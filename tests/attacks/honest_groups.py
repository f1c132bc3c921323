"""No attack: two engines in turn, groups of several commits; each commit is the engine's."""

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    low, middle, tip = desk.group("desk-a", "1", "2", "3")
    other = desk.group("desk-b", "4", "5")
    last = desk.group("desk-a", "6")
    assert desk.git_says_good(tip)
    assert not desk.git_says_good(low)
    every = (low, middle, tip, *other, *last)
    return Expected(desk.head(), dict.fromkeys(every, ("engine", "covered")))
