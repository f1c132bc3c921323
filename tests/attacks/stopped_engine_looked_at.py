"""No attack: an engine that changed protected files signs again once an operator has changed its entry."""

from tests.support.signed_desk import Expected, SignedDesk, entry, line_of


def attack(desk: SignedDesk) -> Expected:
    desk.group("desk-a", files=entry("pat", key=line_of("mallory")))
    stopped = desk.group("desk-a", "1")[-1]
    looked = {path: data + b"# looked at\n" for path, data in entry("desk-a", engine=True).items()}
    desk.by_hand("clara", looked)
    ids = desk.group("desk-a", "2", files=entry("pat"))
    return Expected(
        ids[-1],
        {stopped: ("unproven", "key_stopped"), ids[-1]: ("engine", "covered")},
        faults=["engine_changed_protected", "protected_left_changed"],
    )
