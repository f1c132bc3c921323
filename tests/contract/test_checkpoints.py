"""How records stand to a checkpoint, on real repositories: only keys of engines of the roster count (FT-07)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from prismfs.proof.checkpoint import Checkpoint, Claim, checkpoint_of, read_checkpoint
from prismfs.proof.sshsig import signed_bytes
from prismfs.store.git.checkpoints import Standing, standing_of
from tests.support.signed_desk import OPERATOR, SignedDesk, entry, key_of, opened


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[SignedDesk]:
    with opened(tmp_path / "desk") as made:
        yield made


def checkpoint(commit: str, name: str = "desk-a") -> Checkpoint:
    claim, key = Claim(commit, "PID-TEST01", name, 1_772_359_200), key_of(name)
    found = read_checkpoint(checkpoint_of(claim, key.public, key.sign(signed_bytes(claim.payload))))
    assert found is not None
    return found


def standing(desk: SignedDesk, commit: str, records: str, name: str = "desk-a") -> Standing:
    return standing_of(desk.git, checkpoint(commit, name), records)


def test_held_is_whatever_lies_below_the_records_or_at_their_end(desk: SignedDesk) -> None:
    (old,) = desk.group("desk-a", "1")
    (new,) = desk.group("desk-b", "2")
    for commit in (desk.root, old, new):
        assert standing(desk, commit, new) == "held"


def test_behind_are_records_that_were_set_back(desk: SignedDesk) -> None:
    (old,) = desk.group("desk-a", "1")
    (new,) = desk.group("desk-b", "2")
    assert standing(desk, new, old) == "behind"


@pytest.mark.parametrize(("other", "expected"), [("desk-a", "equivocation"), ("desk-b", "forked")])
def test_two_lines_are_told_and_that_one_engine_signed_both(desk: SignedDesk, other: str, expected: str) -> None:
    (base,) = desk.group("desk-b", "1")
    (one,) = desk.group("desk-a", "2")
    desk.back(base)
    (two,) = desk.group(other, "3")
    (two,) = desk.group(other, "4")
    assert standing(desk, one, two) == expected
    assert standing(desk, two, one, other) == expected


def test_not_here_is_no_verdict(desk: SignedDesk) -> None:
    (head,) = desk.group("desk-a", "1")
    assert standing(desk, "1" * 40, head) == "not_here"
    blob = str(desk.git.resolve(f"{head}:prismfs.yaml"))
    assert standing(desk, blob, head) == "not_here"


@pytest.mark.parametrize("name", ["stranger", OPERATOR])
def test_no_key_of_an_engine_proves_nothing_wherever_the_commit_is(desk: SignedDesk, name: str) -> None:
    (old,) = desk.group("desk-a", "1")
    (new,) = desk.group("desk-a", "2")
    for commit in (old, new, "1" * 40):
        assert standing(desk, commit, old, name) == "checkpoint_unproven"


def test_a_line_that_brings_its_own_key_proves_nothing(desk: SignedDesk) -> None:
    """The roster of a commit that no engine has signed the way to is anybody's."""
    (head,) = desk.group("desk-a", "1")
    desk.by_hand("stranger", entry("desk-x", engine=True))
    (forged,) = desk.group("desk-x", "2")
    assert standing(desk, forged, head, "desk-x") == "checkpoint_unproven"
    assert standing(desk, forged, head) == "checkpoint_unproven"


def test_an_engine_that_the_records_enrol_later_is_believed_there(desk: SignedDesk) -> None:
    """Records that were set back below the enrolment do not know the key; the way up from them does."""
    (old,) = desk.group("desk-a", "1")
    desk.by_hand(OPERATOR, entry("desk-c", engine=True))
    desk.group("desk-a", "2")
    (new,) = desk.group("desk-c", "3")
    assert standing(desk, new, new, "desk-c") == "held"
    assert standing(desk, new, old, "desk-c") in ("behind", "checkpoint_unproven")


def test_a_compromised_key_proves_nothing_any_more(desk: SignedDesk) -> None:
    (old,) = desk.group("desk-a", "1")
    (seen,) = desk.group("desk-a", "2")
    desk.by_hand(OPERATOR, entry("desk-a", engine=True, since=old))
    assert standing(desk, seen, desk.head()) == "key_compromised"
