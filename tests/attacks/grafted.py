"""A grafts file gives a stranger's commit another parent, so that git shows another history than the objects hold."""

from tests.support.signed_desk import Expected, SignedDesk, trusted


def attack(desk: SignedDesk) -> Expected:
    (tip,) = desk.group("desk-a", "1")
    stranger = desk.by_hand(None, trusted("mallory"))
    above = desk.by_hand("clara", {"NOTES": b"1"})
    (desk.git.git_dir / "info" / "grafts").write_text(f"{above} {tip}\n")
    assert desk.git.resolve(f"{above}^1") == tip
    return Expected(above, {stranger: ("unproven", "unsigned"), above: ("person", "signed")})
