"""Somebody of the roster who is no operator changes the roster under her own good signature."""

from tests.support.signed_desk import Expected, SignedDesk, trusted


def attack(desk: SignedDesk) -> Expected:
    person = desk.by_hand("pat", trusted("mallory"))
    (tip,) = desk.group("mallory", "9")
    return Expected(
        tip, {person: ("person", "signed"), tip: ("unproven", "unknown_key")}, faults=["not_entitled"]
    )  # fmt: skip
