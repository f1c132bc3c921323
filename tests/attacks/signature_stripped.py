"""The signature is taken off a tip, and its trailers stay."""

import re

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    low, tip = desk.group("desk-a", "1", "2")
    bare = desk.put(re.sub(rb"gpgsig .*?\n(?! )", b"", desk.read(tip), flags=re.DOTALL))
    assert bare != tip
    return Expected(bare, {low: ("unproven", "unsigned"), bare: ("unproven", "unsigned")})
