"""An unsigned commit with the engine's name and trailers, as if it were a tip."""

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    desk.group("desk-a", "1")
    message = f"event 9\n\nPrismfs-Cause: drop:9\nPrismfs-Covers: {desk.head()} 1"
    forged = desk.by_hand(None, {"records/9": b"evil"}, message=message)
    return Expected(forged, {forged: ("unproven", "unsigned")})
