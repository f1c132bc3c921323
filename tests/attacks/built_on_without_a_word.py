"""An engine goes on above an unsigned commit: that makes nobody's commit its own."""

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    stranger = desk.by_hand(None, {"records/9": b"evil"})
    (tip,) = desk.group("desk-a", "1")
    return Expected(tip, {stranger: ("unproven", "unsigned"), tip: ("engine", "covered")})
