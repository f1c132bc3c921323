"""A tip answers an unsigned commit, but only after it has decided something else on top of it."""

from prismfs.proof.statements import Covers
from tests.support.signed_desk import Expected, SignedDesk, judged_line, key_of, signed


def attack(desk: SignedDesk) -> Expected:
    stranger = desk.by_hand(None, {"records/9": b"evil"})
    commits = [
        ("event 1\n\nPrismfs-Cause: drop:1", {"records/1": b"1"}),
        (f"judged\n\n{judged_line(stranger, 'accepted')}", {"records/2": b"2"}),
    ]
    _, last = desk.imported(commits, stranger)
    tip = desk.put(signed(desk.read(last), key_of("desk-a"), Covers(stranger, 2).line))
    return Expected(tip, {tip: ("engine", "covered")}, faults=["unjudged"])
