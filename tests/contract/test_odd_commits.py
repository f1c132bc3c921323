"""Commits of people's that no git would write: any date is taken, a name of git's own is not."""

from __future__ import annotations

import subprocess

import pytest

from prismfs.store.git.formats.trees import read_tree, write_tree
from tests.support.project import Project, run_git

DATES = {
    "before 1970": "-5",
    "the first second": "0",
    "year 10000": "253402300800",
    "as large as git counts": "999999999999999999",
    "longer than any number": "9" * 5000,
}


@pytest.mark.parametrize("seconds", DATES.values(), ids=DATES)
def test_commit_of_any_date_is_taken(bench: Project, seconds: str) -> None:
    """The watcher and every command ended with an error of prismfs itself, until somebody took the commit away."""
    root = bench.root
    (root / "note.txt").write_text("a note\n")
    run_git(root, "add", "note.txt")
    tree, parent = run_git(root, "write-tree").strip(), run_git(root, "rev-parse", "HEAD").strip()
    who = f"Pat <pat@example.org> {seconds} +0000"
    data = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\na note\n"
    path = root.parent / "commit"
    path.write_text(data)
    made = run_git(root, "hash-object", "-t", "commit", "-w", "--literally", str(path)).strip()
    run_git(root, "reset", "--quiet", "--soft", made)
    bench.turn()
    bench.give("todo.add", {"document": {"kind": "todo", "from": "olga", "title": "goes on"}})
    bench.turn()
    assert bench.problems() == ()
    assert [todo.title for todo in bench.records("todo")] == ["goes on"]
    assert bench.git("show", f"{bench.truth()}:note.txt") == "a note"


@pytest.mark.parametrize("name", [".git", ".GIT", "git~1", ".."])
def test_entry_that_git_writes_into_no_work_tree_is_not_taken(bench: Project, name: str) -> None:
    """It was taken, and `git reset --hard` failed in every clone from then on."""
    root, path = bench.root, bench.root.parent / "object"
    path.write_text("x")
    blob = run_git(root, "hash-object", "-w", str(path)).strip()
    tree = subprocess.run(["git", "-C", str(root), "cat-file", "tree", "HEAD^{tree}"], capture_output=True, check=True)
    entries = read_tree(tree.stdout) | {name.encode(): (b"100644", bytes.fromhex(blob))}
    path.write_bytes(write_tree(entries))  # in order: another one is looked at no further
    odd = run_git(root, "hash-object", "-t", "tree", "-w", "--literally", str(path)).strip()
    run_git(root, "reset", "--quiet", "--soft", run_git(root, "commit-tree", odd, "-p", "HEAD", "-m", "odd").strip())
    bench.turn()
    assert bench.problems() == ()
    assert name not in run_git(root, "ls-tree", "--name-only", bench.truth()).splitlines()
    run_git(root, "reset", "--quiet", "--hard")
