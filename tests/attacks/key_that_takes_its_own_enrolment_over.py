"""No attack: where no engine can sign any more, an operator enrols one by hand, and that one takes her commit over."""

from tests.support.signed_desk import Expected, SignedDesk, trusted


def attack(desk: SignedDesk) -> Expected:
    (base,) = desk.group("desk-a", "1")
    proposal = desk.by_hand("clara", trusted("desk-n"))
    desk.back(base)
    merge = desk.take("desk-n", proposal)
    (tip,) = desk.group("desk-n", "2")
    assert desk.classify(tip).taken[proposal].status == "person"
    return Expected(tip, {merge: ("engine", "covered"), tip: ("engine", "covered")}, unseen=[proposal])
