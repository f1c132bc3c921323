"""Somebody without a key of an engine puts a project of theirs onto the home's list of members."""

from prismfs.kinds.core.settings import members
from prismfs.kinds.core.settings.members import Members
from prismfs.store.git.proofs import files_signed_since
from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    (tip,) = desk.group("desk-a", "1")
    listed = {members.KIND.folder: members.KIND.write(Members(members={"PID-EVIL01": "0" * 40}))}
    bad = desk.by_hand(None, listed)
    assert members.KIND.folder not in (files_signed_since(desk.git, desk.root, tip) or {})
    assert files_signed_since(desk.git, desk.root, bad) is None, "a home that holds it is none"
    return Expected(bad, {tip: ("engine", "covered"), bad: ("unproven", "unsigned")})
