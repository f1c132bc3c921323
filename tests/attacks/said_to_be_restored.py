"""A tip says that it has put a stranger's file back, and has not."""

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    desk.group("desk-a", "1")
    stranger = desk.by_hand(None, {"records/1": b"evil", "records/x": b"evil"})
    ids = desk.group("desk-a", "2", judged={stranger: "restored"}, files={"records/1": b"1"})
    return Expected(ids[-1], {ids[0]: ("engine", "covered")}, faults=["not_restored"])
