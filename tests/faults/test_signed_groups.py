"""A signed group killed between any two steps: the branch never points at a commit of an engine without a proof."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from prismfs.errors import ConflictError
from prismfs.store.git.plumbing import NO_OBJECT
from prismfs.store.git.signing import sign_group
from tests.faults.signed_groups import POINTS, events
from tests.support.signed_desk import BRANCH, SCRATCH, SignedDesk, key_of, opened

ROOT = Path(__file__).parents[2]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[SignedDesk]:
    """A repository with a signed group on its branch."""
    with opened(tmp_path / "desk") as made:
        made.group("desk-b", "first")
        yield made


def write_group(desk: SignedDesk, point: str = "") -> int:
    script = Path(__file__).with_name("signed_groups.py")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, str(script), str(desk.folder), point], env=environment, check=False)
    return done.returncode


def check_whole(desk: SignedDesk, groups: int) -> None:
    """Every commit of the branch is the engine's, and so many groups are there."""
    found = desk.classify()
    assert {proof.status for proof in found.proofs.values()} == {"engine"}
    assert (found.faults, len(found.tips)) == ((), groups)
    assert desk.git.run("fsck", "--strict", "--full", "--no-dangling") == b""


@pytest.mark.parametrize("point", POINTS)
def test_group_killed_at_a_point_leaves_a_proven_branch_and_is_written_again(desk: SignedDesk, point: str) -> None:
    assert write_group(desk, point) == -signal.SIGKILL
    done = point == "after-reference"
    check_whole(desk, 2 if done else 1)
    assert (desk.git.resolve(SCRATCH) is None) == (point in ("before-objects", "after-reference"))
    assert write_group(desk) == 0
    check_whole(desk, 3 if done else 2)
    assert desk.git.resolve(SCRATCH) is None


def test_group_over_a_branch_that_moved_moves_nothing(desk: SignedDesk) -> None:
    base = desk.head()
    ids = desk.git.write_commits(events(), parent=base, scratch=SCRATCH)
    made = sign_group(desk.git, ids, base=base, signer=key_of("desk-a"))
    desk.by_hand(None, {"NOTES": b"1"})
    stranger = desk.head()
    (last,) = desk.imported([("another", {"x": b"y"})], base)  # takes the scratch reference as well
    with pytest.raises(ConflictError):
        desk.git.move({BRANCH: (base, made[-1]), SCRATCH: (last, NO_OBJECT)})
    assert desk.head() == stranger
    assert desk.git.resolve(SCRATCH) == last
