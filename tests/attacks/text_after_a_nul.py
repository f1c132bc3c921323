"""A person's signed commit whose message git cuts off at a NUL byte, so that she sees less than she signs."""

from tests.support.signed_desk import Expected, SignedDesk, key_of, signed


def attack(desk: SignedDesk) -> Expected:
    (oid,) = desk.imported([("tidy", {"records/1": b"1"})], desk.head())
    odd = desk.put(signed(desk.read(oid) + b"\0and more\n", key_of("clara")))
    return Expected(odd, {odd: ("unproven", "odd_header")})
