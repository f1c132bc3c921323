"""A stranger changes an engine's entry, and an operator edits the same file on top: her signature launders nothing."""

from tests.support.signed_desk import Expected, SignedDesk, entry, line_of


def attack(desk: SignedDesk) -> Expected:
    theirs = entry("desk-b", engine=True, key=line_of("mallory"))
    desk.by_hand(None, theirs)
    edited = {path: data + b"# looked at\n" for path, data in theirs.items()}
    person = desk.by_hand("clara", edited)
    (tip,) = desk.group("mallory", "9")
    return Expected(
        tip,
        {person: ("person", "signed"), tip: ("unproven", "unknown_key")},
        faults=["built_on_unproven"],
    )
