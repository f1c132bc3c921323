"""An engine's key takes over a proposal that changes the roster and that no operator signed."""

from tests.support.signed_desk import Expected, SignedDesk, trusted


def attack(desk: SignedDesk) -> Expected:
    (fork,) = desk.group("desk-a", "1")
    proposal = desk.by_hand("pat", trusted("mallory"))
    desk.back(fork)
    merge = desk.take("desk-a", proposal)
    theirs = desk.group("mallory", "9")[-1]
    return Expected(
        theirs,
        {merge: ("engine", "covered"), theirs: ("unproven", "unknown_key")},
        faults=["engine_changed_protected", "protected_left_changed"],
    )
