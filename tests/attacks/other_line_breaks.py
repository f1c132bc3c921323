"""The same signature with other line breaks: git calls it good, and anybody can make a second id of a tip that way."""

import re

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    (tip,) = desk.group("desk-a", "1")
    data = desk.read(tip)
    begin, *code, end = re.search(rb"gpgsig (.*?)\n(?! )", data, re.DOTALL)[1].split(b"\n ")
    wide = data.replace(b"\n ".join([begin, *code, end]), b"\n ".join([begin, b"".join(code), end]))
    other = desk.put(wide)
    assert other != tip
    assert desk.git_says_good(other)
    return Expected(other, {other: ("unproven", "odd_signature")})
