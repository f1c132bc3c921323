"""The signature of a tip on a commit with another tree."""

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    (first,) = desk.group("desk-a", "1")
    (tip,) = desk.group("desk-a", "2")
    data = desk.read(tip)
    other = desk.put(data.replace(data[5:45], desk.read(first)[5:45], 1))
    assert other != tip
    return Expected(other, {other: ("unproven", "forged_signature")})
