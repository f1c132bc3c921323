"""A proposal that was taken over and has been taken back since is taken over again by an engine's key."""

from tests.support.signed_desk import Expected, SignedDesk, entry, line_of, trusted


def attack(desk: SignedDesk) -> Expected:
    (fork,) = desk.group("desk-a", "1")
    theirs = entry("desk-b", engine=True, key=line_of("mallory"))
    proposal = desk.by_hand("clara", theirs)
    desk.back(fork)
    first = desk.take("desk-a", proposal)
    desk.by_hand("clara", trusted("desk-b"))
    desk.group("desk-a", "2")
    again = desk.take("desk-a", proposal, theirs)
    (tip,) = desk.group("mallory", "9")
    return Expected(
        tip,
        {first: ("engine", "covered"), again: ("engine", "covered"), tip: ("unproven", "unknown_key")},
        faults=["engine_changed_protected", "protected_left_changed"],
    )
