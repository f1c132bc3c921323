"""An older tip is made the head: all of it is proven, so only a checkpoint outside shows it."""

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    (old,) = desk.group("desk-a", "1")
    (seen,) = desk.group("desk-a", "2")
    desk.back(old)
    assert desk.git.status("merge-base", "--is-ancestor", seen, desk.head()) == 1
    return Expected(old, {old: ("engine", "covered")}, unseen=[seen])
