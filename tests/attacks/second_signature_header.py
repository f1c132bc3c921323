"""A header `gpgsig-sha256` beside a true signature: git leaves it out of what was signed, and calls it good."""

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    (tip,) = desk.group("desk-a", "1")
    other = desk.put(desk.read(tip).replace(b"gpgsig ", b"gpgsig-sha256 smuggled\ngpgsig ", 1))
    assert desk.git_says_good(other)
    return Expected(other, {other: ("unproven", "odd_header")})
