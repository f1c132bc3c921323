"""A stranger adds an engine, and an operator changes another entry on top: hers counts, the stranger's does not."""

from tests.support.signed_desk import Expected, SignedDesk, entry, trusted


def attack(desk: SignedDesk) -> Expected:
    desk.by_hand(None, trusted("mallory"))
    person = desk.by_hand("clara", entry("quinn"))
    theirs = desk.group("mallory", "9")[-1]
    hers = desk.by_hand("quinn", {"NOTES": b"1"})
    return Expected(
        hers,
        {person: ("person", "signed"), theirs: ("unproven", "unknown_key"), hers: ("person", "signed")},
    )
