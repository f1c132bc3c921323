"""An engine that this user had accepted, and an operator has revoked, enrols itself once more."""

from prismfs.kinds.core.settings import persona
from prismfs.kinds.core.settings.persona import engine_entry
from tests.support.signed_desk import ACCEPTED, Expected, SignedDesk, accepted, line_of, trusted


def attack(desk: SignedDesk) -> Expected:
    accepted(desk)
    desk.group(ACCEPTED, files=trusted(ACCEPTED))
    (path,) = trusted(ACCEPTED)
    gone = engine_entry(ACCEPTED, line_of(ACCEPTED)).changed(keys=())
    desk.by_hand("clara", {path: persona.KIND.write(gone)})
    (tip,) = desk.group(ACCEPTED, files=trusted(ACCEPTED))
    return Expected(tip, {tip: ("unproven", "unknown_key")})
