"""What of a person's commit is refused, each with its code: the rest of it is taken, and the branch goes back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from pydantic import JsonValue

from prismfs.errors import StoreError
from prismfs.store.repo import ProjectRepo
from tests.support.project import CLEAN, Project, run_git

ARTICLE = b"kind: kb\nversion: 1\nname: exports\ntitle: Exports\nsource: manual 3.2\nbody: Run it again.\n"


def refused(bench: Project) -> JsonValue:
    """Return what the last commit of others was refused, path to code."""
    bench.turn()
    assert bench.head() == bench.truth()
    assert bench.problems() == ()
    return bench.rows("commit.observed")[-1].meta["refused"]


def shell(root: Path, script: str) -> None:
    subprocess.run(["sh", "-ec", script], cwd=root, check=True, capture_output=True, env=CLEAN)


def test_files_that_are_not_of_the_history_are_refused(bench: Project) -> None:
    for name in ("inbox", "quarantine", "run"):
        (bench.root / name).mkdir(exist_ok=True)
        (bench.root / name / "kept.txt").write_text("kept\n")
    bench.git("add", "--force", "inbox/kept.txt", "quarantine/kept.txt", "run/kept.txt")
    (bench.root / "NOTES").write_text("mine\n")
    bench.git("add", "NOTES")
    bench.git("commit", "--quiet", "-m", "all of it")
    assert refused(bench) == dict.fromkeys(
        ("inbox/kept.txt", "quarantine/kept.txt", "run/kept.txt"), "not_of_the_history"
    )
    assert bench.git("show", "main:NOTES") == "mine"


@pytest.mark.parametrize(
    ("script", "path"),
    [
        ("ln -s /etc todos; git add todos", "todos"),
        ("git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),signals", "signals"),
        ("chmod +x settings/policy.yaml; git add settings/policy.yaml", "settings/policy.yaml"),
        ("rm roster/sage.yaml; ln -s vera.yaml roster/sage.yaml; git add roster/sage.yaml", "roster/sage.yaml"),
    ],
    ids=["a link for a folder", "a repository for a folder", "a program", "a link for a record"],
)
def test_what_is_no_plain_file_where_records_belong_is_refused(script: str, path: str, bench: Project) -> None:
    shell(bench.root, script)
    bench.git("commit", "--quiet", "-m", "no plain file")
    assert refused(bench) == {path: "bad_mode"}
    assert bench.git("status", "--porcelain") == ""


def test_file_that_was_changed_meanwhile_stays_as_it_was_changed(bench: Project) -> None:
    """Two commits on the same file, one after the other has been taken: neither is merged into the other."""
    bench.commit_by_hand({"NOTES": b"one\n", "kb/exports.yaml": ARTICLE})
    bench.turn()
    base = bench.head()
    bench.commit_by_hand({"NOTES": b"two\n", "kb/exports.yaml": ARTICLE.replace(b"again", b"twice")})
    bench.turn()
    bench.git("switch", "--quiet", "-c", "side", base)
    bench.commit_by_hand({"NOTES": b"three\n", "kb/exports.yaml": ARTICLE.replace(b"again", b"later")})
    bench.git("switch", "--quiet", "main")
    bench.git("merge", "--quiet", "--strategy=ours", "--no-edit", "side")
    bench.turn()
    found = [row.meta["refused"] for row in bench.rows("commit.observed")]
    assert {"NOTES": "changed_meanwhile", "kb/exports.yaml": "changed_meanwhile"} in found
    assert bench.git("show", "main:NOTES") == "two"
    assert bench.problems() == ()


def test_commit_of_more_files_than_one_event_names_is_refused_as_a_whole(bench: Project) -> None:
    shell(bench.root, "mkdir many; for i in $(seq 2001); do echo $i >many/$i; done; git add many")
    bench.git("commit", "--quiet", "-m", "many")
    assert refused(bench) == {"*": "too_many_files"}
    assert bench.git("ls-tree", "--name-only", "main", "many") == ""


def test_branch_without_a_project_is_none(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "--quiet", "--initial-branch=main")
    with pytest.raises(StoreError) as empty:
        ProjectRepo(tmp_path)
    assert empty.value.code == "no_commits"
    run_git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "one")
    with pytest.raises(StoreError) as none:
        ProjectRepo(tmp_path)
    assert none.value.code == "not_a_project"
    assert "git switch" in (none.value.problem.hint or "")


def test_clone_that_is_no_project_yet_wants_a_branch(bench: Project, tmp_path: Path) -> None:
    """As a submodule is checked out: the commit alone, and no branch."""
    run_git(tmp_path, "init", "--quiet", "super")
    outer = tmp_path / "super"
    run_git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(bench.root), "desk")
    run_git(outer / "desk", "switch", "--quiet", "--detach")
    with pytest.raises(StoreError) as none:
        ProjectRepo(outer / "desk")
    assert (none.value.code, none.value.problem.hint) == ("no_branch", "git switch main")
    run_git(outer / "desk", "switch", "--quiet", "main")
    with ProjectRepo(outer / "desk") as repo, repo.writer():
        assert repo.snapshot().commit == bench.truth()
    run_git(outer, "commit", "--quiet", "-m", "desk")
    run_git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--force", "--checkout")
    with ProjectRepo(outer / "desk") as repo:
        assert repo.snapshot().commit == bench.truth()
    assert run_git(outer, "status", "--porcelain") == ""
