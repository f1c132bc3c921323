"""The witness: what was seen of the records is remembered outside of the repository, signed by the engine (FT-07)."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from prismfs.engine.admin.recover import recover
from prismfs.errors import StoreError
from prismfs.proof.checkpoint import read_checkpoint
from prismfs.store.engine_key import engine_key
from prismfs.store.git.keys import key_folder
from tests.support.project import CLEAN, Project, run_git


def witness_of(project: Project) -> Path:
    """The file in which this project is remembered."""
    path = project.desk.repo.witness.path
    assert path is not None
    assert path.parent == key_folder(os.environ) / "PID-TEST01"
    return path


def add(project: Project, *titles: str) -> None:
    for title in titles:
        project.give("todo.add", {"document": {"kind": "todo", "from": "olga", "title": title}})


def roll_back(project: Project, commits: int) -> str:
    """Set every local reference back by so many commits, and take the objects and the reflogs along."""
    project.close()
    old = run_git(project.root, "rev-parse", f"refs/prismfs/PID-TEST01/records~{commits}")
    names = run_git(project.root, "for-each-ref", "--format=%(refname)").split()
    for name in names:
        run_git(project.root, "update-ref", name, old)
    run_git(project.root, "reset", "--quiet", "--hard", old)
    run_git(project.root, "reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all")
    run_git(project.root, "gc", "--quiet", "--prune=now")
    return old


def test_witness_is_a_checkpoint_that_the_engine_signed_and_nobody_else_reads(bench: Project) -> None:
    add(bench, "one")
    path = witness_of(bench)
    found = read_checkpoint(path.read_bytes())
    assert found is not None
    assert (found.claim.commit, found.claim.pid) == (bench.truth(), "PID-TEST01")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.glob(f"{path.name}.*")] == []


def test_witness_git_says_that_the_tag_is_good(bench: Project, tmp_path: Path) -> None:
    add(bench, "one")
    found = bench.desk.repo.witness.checkpoint()
    assert found is not None
    signers = tmp_path / "signers"
    signers.write_text(f'{found.claim.engine} namespaces="git" {found.key}\n')
    tag = subprocess.run(
        ["git", "-C", str(bench.root), "hash-object", "-t", "tag", "-w", "--stdin"],
        input=witness_of(bench).read_bytes(), env=CLEAN, capture_output=True, check=True,
    ).stdout.decode().strip()  # fmt: skip
    told = ("-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={signers}")
    done = subprocess.run(
        ["git", "-C", str(bench.root), *told, "verify-tag", tag], env=CLEAN, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_witness_without_a_key_the_commit_is_remembered_all_the_same(bench: Project) -> None:
    add(bench, "one")
    repo = bench.desk.repo
    repo.witness.sign(bench.truth(), None)
    assert witness_of(bench).read_bytes() == f"{bench.truth()}\n".encode()
    assert (repo.witness.head(), repo.witness.checkpoint()) == (bench.truth(), None)
    repo.witness.sign(bench.truth(), engine_key(repo.state, "PID-TEST01"))
    assert repo.witness.checkpoint() is not None


def test_ten_commits_set_back_with_all_references_and_objects_are_seen_and_let_go_by_recover(bench: Project) -> None:
    add(bench, *map(str, range(12)))
    seen = bench.truth()
    old = roll_back(bench, 10)
    bench.restart()
    assert bench.git("cat-file", "-e", seen, check=False) == ""
    for _ in range(2):
        with pytest.raises(StoreError) as refused:
            add(bench, "more")
        assert (refused.value.code, refused.value.exit_code) == ("records_rolled_back", 69)
        assert "not here any more" in refused.value.problem.message
    assert recover(bench.desk.repo, dry_run=True)[0].code == "records_rolled_back"
    step = recover(bench.desk.repo, dry_run=False)[0]
    assert (step.code, bench.truth()) == ("records_rolled_back", old)
    assert f"stay at {old[:12]}" in step.said
    add(bench, "more")
    assert bench.problems() == ()
