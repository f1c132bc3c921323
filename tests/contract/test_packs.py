"""A pack and its index are what git itself would have written, byte for byte."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from prismfs.errors import StoreError
from prismfs.proof.commit_object import oid_of
from prismfs.store.git.formats.packs import Pack
from prismfs.store.git.signing import sign_group
from tests.support.signed_desk import SignedDesk, key_of, opened


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[SignedDesk]:
    with opened(tmp_path / "desk") as made:
        yield made


BODIES = [b"", b"x", b"x" * 15, b"x" * 16, b"y" * 5000, bytes(range(256)) * 300]


# pytest hands the name of a test to the programs that it starts: the bytes themselves would be too long for one.
@pytest.mark.parametrize("body", BODIES, ids=[str(len(body)) for body in BODIES])
def test_index_is_the_one_that_git_makes_of_the_pack(body: bytes, tmp_path: Path) -> None:
    commit = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\n" + body
    subprocess.run(["git", "init", "-q", str(tmp_path / "bare"), "--bare"], check=True)
    pack = Pack()
    names = [pack.add("commit", commit).hex(), *(pack.add("blob", body[:size]).hex() for size in (0, 1, 1, 20))]
    assert names[0] == oid_of(commit)
    made = subprocess.run(
        ["git", "--git-dir", str(tmp_path / "bare"), "index-pack", "--stdin", "--keep=prismfs"],
        input=pack.pack(), capture_output=True, check=True,
    )  # fmt: skip
    stem = tmp_path / "bare/objects/pack" / f"pack-{made.stdout.decode().split()[-1]}"
    git_wrote = {suffix: stem.with_suffix(suffix).read_bytes() for suffix in (".pack", ".idx", ".keep")}
    assert git_wrote == {".pack": pack.pack(), ".idx": pack.index(), ".keep": b"prismfs\n"}
    for suffix in git_wrote:
        stem.with_suffix(suffix).unlink()
    for _ in range(2):  # the same again does no harm
        assert pack.write(tmp_path / "bare") == stem.with_suffix(".keep")
    assert {suffix: stem.with_suffix(suffix).read_bytes() for suffix in git_wrote} == git_wrote
    assert not list(stem.parent.glob(".prismfs-*"))
    subprocess.run(["git", "verify-pack", str(stem.with_suffix(".idx"))], check=True)


def test_pack_that_cannot_be_written_is_refused(desk: SignedDesk) -> None:
    """A folder stands where the file is made first, which is in the way as a full disk is."""
    base = desk.head()
    ids = desk.imported([("event", {"records/1": b"x"})], base)
    made = sign_group(desk.git, ids, base=base, signer=key_of("desk-a"))
    (desk.git.kept[0].parent / f".prismfs-{os.getpid()}").mkdir()
    with pytest.raises(StoreError, match="objects/pack"):
        sign_group(desk.git, ids, base=base, signer=key_of("desk-a"))
    assert desk.git.resolve(made[-1]) is not None
