"""Commits that somebody made by hand, or of which something is lost: none becomes a part of the records (FG-08)."""

from __future__ import annotations

import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from prismfs.cli import run
from prismfs.engine.admin.doctor import examine
from prismfs.engine.tenant.publish import publish
from prismfs.engine.trust.hooks import check_push
from prismfs.errors import Problem, RefusedError, StoreError
from prismfs.store.git.formats.trees import read_tree, write_tree
from prismfs.store.git.plumbing import NO_OBJECT
from tests.support.project import CLEAN, Project, run_git

TODO = "kind: todo\nfrom: jade\ntitle: {}\n"
LOST = bytes.fromhex("de" * 20)
Tree = Callable[[bytes, bytes, bytes], bytes]
"""The bytes of a tree: from those of the branch's, and the ids of a file and of a folder that are there."""


def _reversed(tree: bytes) -> bytes:
    return b"".join(b"%s %s\0%s" % (mode, name, oid) for name, (mode, oid) in reversed(read_tree(tree).items()))


def _with(name: bytes, mode: bytes, oid: bytes) -> Callable[[bytes], bytes]:
    return lambda tree: write_tree(read_tree(tree) | {name: (mode, oid)})


TREES: dict[str, Tree] = {
    "doubled names": lambda tree, file, _: tree + b"100644 zz\0%s100644 zz\0%s" % (file, file),
    "a file and a folder of one name": lambda tree, file, folder: tree + b"100644 zz\0%s40000 zz\0%s" % (file, folder),
    "doubled settings": lambda tree, file, _: b"100644 prismfs.yaml\0%s%s" % (file, tree),
    "unsorted names": lambda tree, _, __: _reversed(tree),
    "no name": lambda tree, file, _: b"100644 \0%s%s" % (file, tree),
    "a path for a name": lambda tree, file, _: tree + b"100644 zz/a\0%s" % file,
    "cut off": lambda tree, _, __: tree[:-3],
    "no tree": lambda _, __, ___: b"\0\0\0nonsense",
    "mode of nothing": lambda tree, file, _: tree + b"999999 zz\0%s" % file,
    "no id": lambda tree, _, __: tree + b"100644 zz\0%s" % bytes(20),
    "missing file": lambda tree, _, __: _with(b"zz", b"100644", LOST)(tree),
    "missing record": lambda tree, _, __: _with(b"kb", b"40000", LOST)(tree),
    "missing folder": lambda tree, _, __: _with(b"zz", b"40000", LOST)(tree),
    "a file for a folder": lambda tree, file, _: _with(b"zz", b"40000", file)(tree),
    "a folder for a file": lambda tree, _, folder: _with(b"zz", b"100644", folder)(tree),
}


def put(root: Path, kind: str, data: bytes) -> str:
    command = ["git", "hash-object", "-t", kind, "-w", "--literally", "--stdin"]
    return subprocess.run(command, cwd=root, env=CLEAN, input=data, capture_output=True, check=True).stdout.decode()[
        :40
    ]


def broken(root: Path, how: str, *, below: str = "HEAD") -> str:
    """Put a commit with such a tree on `below`, and the branch on it, as a fetch and a fast-forward do."""
    raw = subprocess.run(["git", "cat-file", "tree", f"{below}^{{tree}}"], cwd=root, capture_output=True, check=True)
    file = bytes.fromhex(put(root, "blob", b"x\n"))
    folder = bytes.fromhex(put(root, "tree", b"100644 a\0" + file))
    tree = put(root, "tree", TREES[how](raw.stdout, file, folder))
    return on_branch(root, commit_of(root, tree, below))


def commit_of(root: Path, tree: str, below: str) -> str:
    who = "eve <e@x> 1772400000 +0000"
    parent = run_git(root, "rev-parse", below)
    return put(root, "commit", f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\nbroken\n".encode())


def on_branch(root: Path, commit: str) -> str:
    (root / ".git/refs/heads/main").write_text(f"{commit}\n")
    return commit


def check_is_told_and_ended(project: Project, commit: str) -> None:
    """The desk goes on and names the commit; the command that it names brings the branch back."""
    project.drop(TODO.format("after"))
    project.turn()
    assert [todo.title for todo in project.records("todo")] == ["after"]
    assert project.problems() == ()
    (told,) = [one for one in named_by_doctor(project) if one.code == "broken_commit"]
    assert commit[:12] in told.message
    for verb in (("status",), ("verify",), ("recover",), ("react",), ("journal", "add", "more")):
        assert run(["-C", str(project.root), *verb]) == 0, verb
    held = project.git("rev-list", "--objects", project.desk.repo.place.truth)
    assert commit not in held
    assert told.hint is not None
    subprocess.run(["sh", "-ec", told.hint], cwd=project.root, env=CLEAN, check=True, capture_output=True)
    project.turn()
    assert project.head() == project.truth()
    assert "broken_commit" not in {one.code for one in named_by_doctor(project)}
    assert project.git("status", "--porcelain") == ""


def named_by_doctor(project: Project) -> list[Problem]:
    return [one.problem for one in examine(project.root, project.clock.now()) if one.problem is not None]


@pytest.mark.parametrize("how", TREES)
def test_commit_that_git_would_not_make_is_not_taken_and_told(bench: Project, how: str) -> None:
    bench.turn()
    check_is_told_and_ended(bench, broken(bench.root, how))


@pytest.mark.parametrize("kind", ["blob", "tree", "commit"])
def test_commit_of_which_the_bytes_are_spoilt_is_not_taken_and_told(bench: Project, kind: str) -> None:
    bench.turn()
    file = put(bench.root, "blob", b"to be spoilt\n")
    tree = put(bench.root, "tree", _with(b"zz", b"100644", bytes.fromhex(file))(b""))
    commit = on_branch(bench.root, commit_of(bench.root, tree, "HEAD"))
    spoilt = {"blob": file, "tree": tree, "commit": commit}[kind]
    path = bench.root / ".git/objects" / spoilt[:2] / spoilt[2:]
    path.chmod(0o644)
    path.write_bytes(zlib.compress(kind.encode() + b" 12\0half"))
    check_is_told_and_ended(bench, commit)


def test_what_lies_below_a_broken_commit_is_taken_and_what_stands_on_it_is_not(bench: Project) -> None:
    bench.turn()
    bench.commit_by_hand({"BELOW": b"good\n"})
    commit = broken(bench.root, "doubled names")
    above = on_branch(bench.root, commit_of(bench.root, bench.git("rev-parse", f"{commit}~1^{{tree}}"), commit))
    bench.turn()
    assert "BELOW" in bench.files() or bench.git("cat-file", "-e", f"{bench.truth()}:BELOW") == ""
    assert bench.head() == above
    check_is_told_and_ended(bench, commit)


@pytest.mark.slow
def test_folders_that_hold_one_another_again_and_again_end_the_look(bench: Project) -> None:
    """Ten folders, each with a hundred names for the next one: 10^20 files that no disk holds."""
    bench.turn()
    oid, mode = bytes.fromhex(put(bench.root, "blob", b"x\n")), b"100644"
    for _ in range(10):
        tree = write_tree({b"%02d" % number: (mode, oid) for number in range(100)})
        oid, mode = bytes.fromhex(put(bench.root, "tree", tree)), b"40000"
    commit = on_branch(bench.root, commit_of(bench.root, oid.hex(), "HEAD"))
    check_is_told_and_ended(bench, commit)


def test_push_takes_nothing_over_that_is_broken_there_and_the_hook_lets_none_in(bench: Project, tmp_path: Path) -> None:
    bench.turn()
    shared, other = tmp_path / "shared.git", tmp_path / "other"
    run_git(tmp_path, "clone", "--quiet", "--bare", str(bench.root), str(shared))
    run_git(tmp_path, "clone", "--quiet", str(shared), str(other))
    before = run_git(other, "rev-parse", "HEAD")
    commit = broken(other, "doubled names")
    run_git(other, "push", "--quiet", "origin", "main")
    with pytest.raises(StoreError, match="duplicateEntries"):  # the engine's own fetch looks at what comes
        publish(bench.desk, bench.clock.now(), str(shared))
    bench.git("fetch", "--quiet", str(shared), "main:theirs")  # a person's does not
    with pytest.raises(RefusedError) as refused:
        publish(bench.desk, bench.clock.now(), str(shared))
    assert (refused.value.code, refused.value.problem.path) == ("broken_commit", commit)
    found = check_push(shared, [f"{before} {commit} refs/heads/main"])
    assert [problem.code for problem in found] == ["broken_commit"]
    assert check_push(shared, [f"{NO_OBJECT} {commit} refs/heads/new"]) == []
