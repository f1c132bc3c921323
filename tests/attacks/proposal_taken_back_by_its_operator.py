"""An engine's key takes over a change that the operator herself has taken back further up on the same side."""

from tests.support.signed_desk import Expected, SignedDesk, entry, trusted


def attack(desk: SignedDesk) -> Expected:
    (fork,) = desk.group("desk-a", "1")
    changed = desk.by_hand("clara", trusted("desk-n"))
    back = desk.by_hand("clara", entry("desk-n"))
    desk.back(fork)
    merge = desk.take("desk-a", back, trusted("desk-n"))
    tip = desk.group("desk-n", "2")[-1]
    assert changed != back
    return Expected(
        tip,
        {merge: ("engine", "covered"), tip: ("unproven", "unknown_key")},
        faults=["engine_changed_protected", "protected_left_changed"],
    )
