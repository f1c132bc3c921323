"""A person's signed commit states that it covers others; only an engine's key can say so."""

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    stranger = desk.by_hand(None, {"records/y": b"1"})
    person = desk.by_hand("clara", {"records/p": b"1"}, lines=[f"Prismfs-Covers: {desk.root} 2"])
    return Expected(person, {stranger: ("unproven", "unsigned"), person: ("person", "signed")})
