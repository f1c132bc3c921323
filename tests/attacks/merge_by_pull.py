"""`git pull --no-rebase` of another clone's line: the merge is nobody's, and its second side a line of its own."""

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    desk.group("desk-a", "1")
    fork = desk.head()
    desk.group("desk-a", "2")
    side = desk.group("desk-b", "3", "4", base=fork, move=False)
    merge = desk.merge(side[-1])
    here = desk.classify(merge)
    there = desk.classify(side[-1], here.anchors[fork])
    assert [(proof.status, proof.reason) for proof in there.proofs.values()] == [("engine", "covered")] * 2
    return Expected(merge, {merge: ("unproven", "unsigned")}, unseen=side)
