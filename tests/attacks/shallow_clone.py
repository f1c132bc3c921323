"""No attack: a clone without the older commits cannot say anything, and does not call it forged."""

import subprocess

from tests.support.project import CLEAN
from tests.support.signed_desk import Expected, SignedDesk


def attack(desk: SignedDesk) -> Expected:
    for stem in "123":
        desk.group("desk-a", stem)
    other = shallow(desk)
    return Expected(desk.head(), faults=["shallow"], undecidable="shallow", desk=other)


def shallow(desk: SignedDesk) -> SignedDesk:
    """A clone of the newest two commits."""
    folder = desk.folder.with_name("shallow")
    address = f"file://{desk.folder}"
    command = ["git", "clone", "-q", "--depth", "2", "--branch", "main", address, str(folder)]
    subprocess.run(command, env=CLEAN, check=True, capture_output=True)
    made = SignedDesk(folder, make=False)
    made.root = desk.root
    return made
