"""A project beside code (FG-05, FG-06): the code is not touched, and gestures there take nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from prismfs.cli import run
from prismfs.engine.admin.beside import FOLDER, add_work_tree, attach
from prismfs.engine.admin.init_project import init_project
from prismfs.errors import ConflictError, RefusedError
from prismfs.kinds.core.settings.project import Project as Settings
from tests.support.clone import share_engine
from tests.support.project import START, Project, run_git

PID = "PID-SHOP01"
TODO = "kind: todo\nfrom: jade\ntitle: {}\n"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A repository of code with a remote of its own."""
    root = tmp_path / "code"
    run_git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    run_git(tmp_path, "clone", "--quiet", str(tmp_path / "origin.git"), "code")
    (root / "main.py").write_text("print()\n")
    run_git(root, "add", ".")
    run_git(root, "commit", "--quiet", "-m", "code")
    run_git(root, "push", "--quiet", "-u", "origin", "HEAD:main")
    return root


def beside(code: Path, pid: str = PID, folder: str = FOLDER) -> Project:
    add_work_tree(code, code / folder, pid)
    init_project(code / folder, project=Settings(pid=pid, tenant="local", operators=("olga",)), now=START)
    return Project(code / folder)


@pytest.fixture
def desk(code: Path) -> Iterator[Project]:
    found = beside(code)
    found.drop(TODO.format("first"))
    found.turn()
    yield found
    found.close()


def titles(project: Project) -> list[str]:
    return sorted(todo.title for todo in project.records("todo"))


def test_code_is_not_touched_and_does_not_see_the_project(code: Path, desk: Project) -> None:
    head = run_git(code, "rev-parse", "HEAD")
    assert run_git(code, "status", "--porcelain", "--ignored") == "!! .prismfs/"
    assert run_git(code, "ls-tree", "-r", "--name-only", "HEAD") == "main.py"
    assert run_git(code, "rev-parse", "main") == head
    assert run_git(code, "rev-parse", f"prismfs/{PID}") == desk.truth()
    assert run_git(desk.root, "status", "--porcelain") == ""
    assert titles(desk) == ["first"]
    assert desk.problems() == ()
    assert run(["-C", str(code), "status"]) == 0


def move(code: Path) -> Path:
    return code.rename(code.with_name("moved"))


def copy(code: Path) -> Path:
    shutil.copytree(code, code.with_name("copy"), symlinks=True)
    return code.with_name("copy")


def gesture(*words: str) -> Callable[[Path], Path]:
    def make(code: Path) -> Path:
        run_git(code, *words, check=False)
        return code

    return make


def gone(code: Path) -> Path:
    shutil.rmtree(code / FOLDER)
    return code


def unlinked(code: Path) -> Path:
    (code / FOLDER / ".git").unlink()
    return code


GESTURES = {
    "stash all": gesture("stash", "--all"),
    "clean": gesture("clean", "-fdx"),
    "clean twice forced": gesture("clean", "-ffdx"),
    "add all": gesture("add", "-A"),
    "remove of the work tree": gesture("worktree", "remove", "--force", ".prismfs"),
    "prune": gesture("worktree", "prune", "--expire=now"),
    "gc": gesture("gc", "--quiet", "--prune=now"),
    "branch taken away": gesture("branch", "-D", f"prismfs/{PID}"),
    "another branch": gesture("switch", "--quiet", "-c", "feature"),
    "moved": move,
    "copied": copy,
    "folder gone": gone,
    "link gone": unlinked,
}


@pytest.mark.parametrize("name", GESTURES)
def test_gesture_in_the_code_takes_nothing_and_attach_mends_the_rest(name: str, code: Path, desk: Project) -> None:
    desk.close()
    before = run_git(code, "for-each-ref", "--format=%(objectname)", f"refs/prismfs/{PID}/records")
    there = GESTURES[name](code)
    assert attach(there, there / FOLDER, None) == PID
    if name == "copied":
        share_engine(code, there)
    with closing(Project(there / FOLDER)) as again:
        again.drop(TODO.format("second"))
        again.turn()
        assert titles(again) == ["first", "second"]
        assert run_git(there, "merge-base", "--is-ancestor", before, f"refs/prismfs/{PID}/records") == ""
        assert run_git(again.root, "status", "--porcelain") == ""
        assert again.problems() == ()
    if name == "copied":
        assert run_git(code, "rev-parse", f"refs/prismfs/{PID}/records") == before, "the copy stands alone"


@pytest.mark.parametrize("depth", [[], ["--single-branch"], ["--depth=1", "--no-local"]])
def test_clone_of_the_code_is_attached_by_one_command(
    code: Path, desk: Project, tmp_path: Path, depth: list[str]
) -> None:
    run_git(code, "push", "--quiet", "origin", f"{desk.truth()}:refs/heads/prismfs/{PID}")
    run_git(tmp_path, "clone", "--quiet", *depth, f"file://{tmp_path / 'origin.git'}", "other")
    other = tmp_path / "other"
    assert attach(other, other / FOLDER, None) == PID
    share_engine(code, other)
    with closing(Project(other / FOLDER)) as there:
        there.drop(TODO.format("there"))
        there.turn()
        assert titles(there) == ["first", "there"]
        assert run_git(other, "status", "--porcelain") == ""
        assert there.problems() == ()


def test_two_projects_in_one_repository_know_nothing_of_one_another(code: Path, desk: Project) -> None:
    with closing(beside(code, "PID-DOCS01", "docs/.prismfs")) as other:
        other.drop(TODO.format("of docs"))
        for project in (desk, other):
            project.turn()
        assert (titles(desk), titles(other)) == (["first"], ["of docs"])
        assert (desk.problems(), other.problems()) == ((), ())
    assert run_git(code, "status", "--porcelain") == ""
    with pytest.raises(RefusedError) as several:
        attach(code, code / FOLDER, None)
    assert several.value.code == "several_projects"


def test_folder_with_something_else_in_it_is_left_alone(code: Path) -> None:
    (code / FOLDER).mkdir()
    (code / FOLDER / "mine").write_text("mine\n")
    with pytest.raises(ConflictError) as taken:
        add_work_tree(code, code / FOLDER, PID)
    assert taken.value.code == "folder_taken"


def test_code_without_a_project_says_so(code: Path) -> None:
    with pytest.raises(RefusedError) as none:
        attach(code, code / FOLDER, None)
    assert none.value.code == "no_project_branch"
