"""No attack: an operator's signed proposal, forked from an older commit, is taken over by an engine's merge."""

from tests.support.signed_desk import Expected, SignedDesk, trusted


def attack(desk: SignedDesk) -> Expected:
    (fork,) = desk.group("desk-a", "1")
    proposal = desk.by_hand("clara", trusted("desk-n"))
    desk.back(fork)
    desk.group("desk-a", "2")
    merge = desk.take("desk-a", proposal)
    (tip,) = desk.group("desk-n", "3")
    found = desk.classify(tip)
    assert found.taken[proposal].status == "person"
    assert found.mark.commit == merge
    return Expected(tip, {merge: ("engine", "covered"), tip: ("engine", "covered")}, unseen=[proposal])
