"""Another first commit, all of whose history is signed by its own keys."""

from tests.support.signed_desk import Expected, SignedDesk, settings, trusted


def attack(desk: SignedDesk) -> Expected:
    (root,) = desk.imported([("desk: begun", settings() | trusted("mallory"))], None)
    desk.back(root)
    (tip,) = desk.group("mallory", "1")
    return Expected(tip, faults=["other_root"], undecidable="other_root", unseen=[tip])
