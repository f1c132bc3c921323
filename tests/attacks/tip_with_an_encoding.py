"""An engine's key signs a tip with a header by which people's programs show the message in other letters."""

from prismfs.proof.statements import Covers
from tests.support.signed_desk import Expected, SignedDesk, key_of, signed


def attack(desk: SignedDesk) -> Expected:
    (base,) = desk.group("desk-a", "1")
    (oid,) = desk.imported([("event 2\n\nPrismfs-Cause: x", {"records/2": b"2"})], base)
    encoded = desk.read(oid).replace(b"\n\n", b"\nencoding utf-7\n\n", 1)
    tip = desk.put(signed(encoded, key_of("desk-a"), Covers(base, 1).line))
    return Expected(tip, {tip: ("unproven", "odd_header")})
