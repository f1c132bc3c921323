"""An operator enters an engine whose key is a person's already: it is nobody's from then on."""

from tests.support.signed_desk import Expected, SignedDesk, entry, line_of


def attack(desk: SignedDesk) -> Expected:
    desk.by_hand("clara", entry("desk-n", engine=True, key=line_of("pat")))
    pat = desk.by_hand("pat", {"NOTES": b"1"})
    (tip,) = desk.group("pat", "1")
    return Expected(tip, {pat: ("unproven", "unknown_key"), tip: ("unproven", "unknown_key")})
