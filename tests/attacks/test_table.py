"""The table of docs/trust.md is what comes out here: each attack at the hook, at a watcher without one, in `verify`."""

import importlib
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from prismfs.engine.trust.hook_run import run
from prismfs.engine.trust.proven import unproven
from prismfs.errors import StoreError
from prismfs.proof.checkpoint import Checkpoint, Claim
from prismfs.store.git.checkpoints import WRONG, standing_of
from prismfs.store.git.proofs import classify_branch, newest_proven
from tests.attacks.test_attacks import NAMES
from tests.support.signed_desk import BRANCH, Expected, SignedDesk, line_of, opened, root_anchor

DOCUMENT = Path(__file__).parents[2] / "docs" / "trust.md"
HEAD = "| attack | what | hook | watcher without hook | `verify` |"
TOY = {"no_event", "not_the_engines"}
"""The engines of these desks decide no event: that the hook names their merges for it says nothing of the attack."""


def row_of(name: str, folder: Path) -> str:
    """The row of one attack, as it comes out."""
    module = importlib.import_module(f"tests.attacks.{name}")
    attack: Callable[[SignedDesk], Expected] = module.attack
    with opened(folder / "desk") as desk:
        expected = attack(desk)
        looked_at = expected.desk or desk
        with closing(looked_at.git):
            answers = (at_hook(looked_at, desk.root, expected), watched(looked_at, desk.root, expected))
            said = (module.__doc__ or "").partition("\n")[0].rstrip(".").replace("|", "\\|")
            return f"| `{name}` | {said} | {' | '.join((*answers, verified(looked_at, desk.root, expected)))} |"


def at_hook(desk: SignedDesk, root: str, expected: Expected) -> str:
    try:
        found = run("pre-receive", desk.folder, (), [f"{root} {expected.head} {BRANCH}"])
    except StoreError as error:
        return f"`{error.code}`"
    codes = sorted({problem.code for problem in found} - TOY)
    return ", ".join(f"`{code}`" for code in codes) or "passes"


def watched(desk: SignedDesk, root: str, expected: Expected) -> str:
    if expected.head == root:
        return "nothing new"
    try:
        return "the engine's" if newest_proven(desk.git, root, expected.head) == expected.head else "a proposal"
    except StoreError as error:
        return f"`{error.code}`"


def verified(desk: SignedDesk, root: str, expected: Expected) -> str:
    """What is said where somebody has moved the records there by hand; a checkpoint is over what was seen."""
    found = classify_branch(desk.git, expected.head, expected.anchor or root_anchor(desk.git, root))
    codes = {problem.code for problem in unproven(found)} | ({found.undecidable} if found.undecidable else set())
    for seen in expected.unseen if found.undecidable is None else ():
        checkpoint = Checkpoint(Claim(seen, "PID-TEST01", "desk-a", 1), line_of("desk-a"))
        standing = standing_of(desk.git, checkpoint, expected.head)
        codes |= {f"checkpoint: {standing}"} if standing in WRONG else set()
    return ", ".join(f"`{code}`" for code in sorted(codes)) or "proven"


@pytest.mark.slow
def test_table_of_the_document_is_what_comes_out(tmp_path: Path) -> None:
    text = DOCUMENT.read_text()
    assert HEAD in text
    shown = [line for line in text.partition(HEAD)[2].splitlines()[2:] if line.startswith("| `")][: len(NAMES)]
    found = [row_of(name, tmp_path / name) for name in NAMES]
    assert shown == found, "\n" + "\n".join(found)


def test_who_can_do_what_names_tests_that_are_there() -> None:
    rows = DOCUMENT.read_text().partition("## Who can do what")[2].partition("\n## ")[0].splitlines()
    rows = [line for line in rows if line.startswith("| ")][1:]
    assert len(rows) >= 8
    for row in rows:
        named = re.findall(r"`([\w/]+\.py)`", row.split(" | ")[-1])
        assert named, row
        assert [name for name in named if not (Path(__file__).parents[1] / name).is_file()] == []
