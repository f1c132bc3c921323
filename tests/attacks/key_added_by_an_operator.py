"""No attack: an operator enrols an engine, which signs in the same push."""

from tests.support.signed_desk import Expected, SignedDesk, trusted


def attack(desk: SignedDesk) -> Expected:
    (base,) = desk.group("desk-a", "1")
    person = desk.by_hand("clara", trusted("desk-n"))
    ids = desk.group("desk-n", "2")
    return Expected(
        ids[-1],
        {base: ("engine", "covered"), person: ("person", "signed"), ids[-1]: ("engine", "covered")},
    )
