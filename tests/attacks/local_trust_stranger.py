"""With `trust: local` the engine vouches for who asked it; what nobody asked it for still does not count."""

from tests.support.signed_desk import Expected, SignedDesk, opened, settings, trusted


def attack(desk: SignedDesk) -> Expected:
    with opened(desk.folder.with_name("local"), trust="local") as local:
        asked = local.group("desk-a", files=trusted("desk-n"))[-1]
        (tip,) = local.group("desk-n", "1")
        local.by_hand(None, trusted("mallory"))
        refused = local.group("desk-a", "2")[-1]
        (theirs,) = local.group("mallory", "3")
        assert settings("local")
        local.check(
            Expected(
                theirs,
                {
                    asked: ("engine", "covered"),
                    tip: ("engine", "covered"),
                    refused: ("engine", "covered"),
                    theirs: ("unproven", "unknown_key"),
                },
                faults=["protected_left_changed"],
            )
        )
    return Expected(desk.head())
