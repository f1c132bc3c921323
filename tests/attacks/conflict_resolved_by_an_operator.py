"""No attack: both sides of an operator's signed merge write one roster entry, and she writes a third into the merge."""

from tests.support.signed_desk import Expected, SignedDesk, entry, line_of, trusted

KEY = line_of("nobody")


def attack(desk: SignedDesk) -> Expected:
    (fork,) = desk.group("desk-a", "1")
    other = desk.by_hand("clara", entry("desk-n"))
    desk.back(fork)
    own = desk.by_hand("clara", trusted("desk-b", "desk-n"), base=fork)
    tree = desk.git.run("rev-parse", f"{desk.imported([('x', entry('desk-n', key=KEY))], own)[0]}^{{tree}}")
    merge = desk.merge(other, tree=tree.decode().strip(), name="clara")
    desk.back(fork)
    taken = desk.take("desk-a", merge)
    (tip,) = desk.group("desk-a", "2")
    found = desk.classify(tip)
    assert found.taken[merge].status == "person"
    assert found.mark.commit == taken
    return Expected(tip, {taken: ("engine", "covered"), tip: ("engine", "covered")}, unseen=[own, other, merge])
