"""An unsigned commit that the next tip answers before anything else, and takes back."""

from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    desk.group("desk-a", "1")
    stranger = desk.by_hand(None, {"records/1": b"evil"})
    ids = desk.group("desk-a", "2", judged={stranger: "restored"}, files={"records/1": b"1"})
    return Expected(
        ids[-1],
        {stranger: ("unproven", "unsigned"), ids[0]: ("engine", "covered"), ids[-1]: ("engine", "covered")},
        judged={stranger: "restored"},
    )
