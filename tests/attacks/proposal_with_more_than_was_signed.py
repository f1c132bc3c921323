"""An engine's key takes over an operator's proposal and puts an accomplice into the same merge."""

from tests.support.signed_desk import Expected, SignedDesk, trusted


def attack(desk: SignedDesk) -> Expected:
    (fork,) = desk.group("desk-a", "1")
    proposal = desk.by_hand("clara", trusted("desk-n"))
    desk.back(fork)
    merge = desk.take("desk-a", proposal, trusted("mallory"))
    theirs = desk.group("mallory", "9")[-1]
    return Expected(
        theirs,
        {merge: ("engine", "covered"), theirs: ("unproven", "unknown_key")},
        faults=["engine_changed_protected", "protected_left_changed"],
    )
