"""A reference `refs/replace/` puts a signed tip in the place of a stranger's commit, and the other way round."""

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    (tip,) = desk.group("desk-a", "1")
    stranger = desk.by_hand(None, {"records/9": b"evil"})
    desk.git.run("update-ref", f"refs/replace/{stranger}", tip)
    assert desk.git_says_good(stranger)
    desk.git.run("update-ref", f"refs/replace/{tip}", desk.root)
    return Expected(stranger, {tip: ("engine", "covered"), stranger: ("unproven", "unsigned")})
