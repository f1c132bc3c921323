"""An unsigned commit puts the attacker's engine into the roster, and that engine signs on top."""

from tests.support.signed_desk import Expected, SignedDesk, trusted


def attack(desk: SignedDesk) -> Expected:
    stranger = desk.by_hand(None, trusted("mallory"))
    (tip,) = desk.group("mallory", "9")
    return Expected(tip, {stranger: ("unproven", "unsigned"), tip: ("unproven", "unknown_key")})
