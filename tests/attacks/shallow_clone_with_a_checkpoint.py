"""No attack: a clone without the older commits, and an anchor from elsewhere at its edge."""

from tests.attacks.shallow_clone import shallow
from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    desk.group("desk-a", "1")
    (edge,) = desk.group("desk-a", "2")
    desk.group("desk-a", "3")
    (tip,) = desk.group("desk-b", "4")
    anchor = desk.classify().anchors[edge]
    return Expected(tip, {tip: ("engine", "covered")}, desk=shallow(desk), anchor=anchor)
