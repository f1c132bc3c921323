"""An engine's key puts an accomplice into the roster; neither of them signs anything that counts from then on."""

from tests.support.signed_desk import Expected, SignedDesk, trusted


def attack(desk: SignedDesk) -> Expected:
    grab = desk.group("desk-a", files=trusted("mallory"))[-1]
    theirs = desk.group("mallory", "2")[-1]
    again = desk.group("desk-a", "3")[-1]
    return Expected(
        again,
        {grab: ("engine", "covered"), theirs: ("unproven", "unknown_key"), again: ("unproven", "key_stopped")},
        faults=["engine_changed_protected", "protected_left_changed"],
    )
