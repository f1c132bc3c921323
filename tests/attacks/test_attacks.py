"""Every attack of this folder, each on a real repository: what is seen of it is what its module says.

A module is one attack: its docstring tells it, and `attack` makes it and returns what is to be seen. Whatever an attack
does, nobody is called the engine or a person who did not sign, and no protected file counts that no operator signed.
"""

import importlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from prismfs.store.git.proofs import protected_files
from tests.support.signed_desk import Expected, SignedDesk, opened

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith(("test_", "__")))


@pytest.mark.parametrize("name", NAMES)
def test_attack_is_seen_for_what_it_is(name: str, tmp_path: Path) -> None:
    module = importlib.import_module(f"tests.attacks.{name}")
    assert module.__doc__
    attack: Callable[[SignedDesk], Expected] = module.attack
    with opened(tmp_path / "desk") as desk:
        expected = attack(desk)
        with closing((expected.desk or desk).git) as git:
            found = (expected.desk or desk).check(expected)
            # The mark's commit can be read, unless something that no operator signed still stands.
            here = git.read(found.mark.commit) is not None
            if here and not expected.undecidable and protected_files(git, expected.head) == found.mark.files:
                assert protected_files(git, found.mark.commit) == found.mark.files


def test_attacks_are_found() -> None:
    assert len(NAMES) >= 40
