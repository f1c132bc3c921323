"""What the records hold beside their own line gives nobody a key: a refused proposal, an engine that was revoked."""

from __future__ import annotations

from pathlib import Path

import pytest

from prismfs.kinds.core.settings.persona import KIND, engine_entry
from prismfs.proof.checkpoint import Checkpoint, Claim
from prismfs.proof.statements import Covers  # fmt: skip
from prismfs.store.git.checkpoints import standing_of
from prismfs.store.git.proofs import newest_proven
from tests.support.signed_desk import (
    ENGINES,
    SignedDesk,
    commit_of,  # fmt: skip
    entry,
    key_of,
    line_of,
    opened,
    signed,
    trusted,
)


def refused(desk: SignedDesk, proposal: str) -> str:
    """The engine answers a proposal of which it takes nothing: a merge with the files from before."""
    desk.back(base := str(desk.git.resolve(f"{proposal}^")))
    tree = str(desk.git.resolve(f"{base}^{{tree}}"))
    return desk.put(signed(commit_of(tree, (base, proposal)), key_of(ENGINES[0]), Covers(base, 1).line))


def test_engine_of_a_refused_proposal_signs_nothing(tmp_path: Path) -> None:
    """Two commits without any key took the desk over: the roster of the first was believed once it was refused."""
    with opened(tmp_path / "desk") as desk:
        desk.group(ENGINES[0], "1")
        proposal = desk.by_hand(None, trusted("mallory"))
        truth = refused(desk, proposal)
        (theirs,) = desk.group("mallory", "2", base=proposal, move=False)
        assert newest_proven(desk.git, truth, theirs) is None
        for commit in (proposal, theirs):
            made = Checkpoint(Claim(commit, "PID-TEST01", "mallory", 1), line_of("mallory"))
            assert standing_of(desk.git, made, truth) == "checkpoint_unproven"
        desk.back(truth)
        (tip,) = desk.group(ENGINES[1], "3")
        assert newest_proven(desk.git, truth, tip) == tip


@pytest.mark.parametrize("compromised", [True, False])
def test_engine_that_was_revoked_goes_on_nowhere_below(tmp_path: Path, *, compromised: bool) -> None:
    """From below its revocation it went on, let an accomplice in, and published decisions were decided again on top."""
    with opened(tmp_path / "desk") as desk:
        (base,) = desk.group(ENGINES[0], "1")
        gone = engine_entry(ENGINES[1], line_of(ENGINES[1])).changed(keys=())
        files = {KIND.place_of(gone): KIND.write(gone)}
        if compromised:
            files = entry(ENGINES[1], engine=True, since=base)
        proposal = desk.by_hand("clara", files)
        desk.back(base)
        truth = desk.take(ENGINES[0], proposal)
        (side,) = desk.group(ENGINES[1], "2", base=base, move=False)
        (above,) = desk.group(ENGINES[0], "3", base=side, move=False)
        assert newest_proven(desk.git, truth, above) is None
        assert newest_proven(desk.git, base, side) == side
        (own,) = desk.group(ENGINES[0], "4", base=base, move=False)
        assert newest_proven(desk.git, truth, own) == own


def test_checkpoint_of_a_line_that_was_merged_by_hand_is_held(tmp_path: Path) -> None:
    with opened(tmp_path / "desk") as desk:
        (base,) = desk.group(ENGINES[0], "1")
        (side,) = desk.group(ENGINES[1], "2", base=base, move=False)
        truth = desk.take(ENGINES[0], side)
        made = Checkpoint(Claim(side, "PID-TEST01", ENGINES[1], 1), line_of(ENGINES[1]))
        assert standing_of(desk.git, made, truth) == "held"
