"""An operator takes an engine out of the roster; what it signed before stays, what it signs above is nobody's."""

from prismfs.kinds.core.settings import persona
from tests.support.signed_desk import Expected, SignedDesk, entry


def attack(desk: SignedDesk) -> Expected:
    (below,) = desk.group("desk-a", "1")
    desk.by_hand("clara", entry("desk-a", engine=True, since=below))
    ids = desk.group("desk-b", "2")
    (above,) = desk.group("desk-a", "3")
    assert persona.KIND.owns("roster/desk-a.yaml")
    return Expected(
        above,
        {below: ("engine", "covered"), ids[-1]: ("engine", "covered"), above: ("unproven", "key_compromised")},
    )
