"""An operator signs a merge whose second side brings a stranger's roster: her signature says nothing of that."""

from tests.support.signed_desk import Expected, SignedDesk, trusted


def attack(desk: SignedDesk) -> Expected:
    (fork,) = desk.group("desk-a", "1")
    stranger = desk.by_hand(None, trusted("mallory"))
    desk.back(fork)
    desk.group("desk-a", "2")
    merge = desk.merge(stranger, name="clara")
    (tip,) = desk.group("mallory", "9")
    return Expected(
        tip,
        {merge: ("person", "signed"), tip: ("unproven", "unknown_key")},
        faults=["built_on_unproven"],
        unseen=[stranger],
    )
