"""An operator pulls, and signs, a merge that brings a stranger's roster; the engine takes it over as hers."""

from tests.support.signed_desk import Expected, SignedDesk, trusted


def attack(desk: SignedDesk) -> Expected:
    (fork,) = desk.group("desk-a", "1")
    stranger = desk.by_hand(None, trusted("mallory"))
    desk.back(fork)
    own = desk.by_hand("clara", {"notes.txt": b"hers"})
    merge = desk.merge(stranger, name="clara")
    desk.back(fork)
    taken = desk.take("desk-a", merge)
    (tip,) = desk.group("mallory", "9")
    return Expected(
        tip,
        {taken: ("engine", "covered"), tip: ("unproven", "unknown_key")},
        faults=["engine_changed_protected", "protected_left_changed"],
        unseen=[stranger, own, merge],
    )
