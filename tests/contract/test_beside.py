"""A project beside code (FG-05, FG-06): the code is not touched, and gestures there take nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from prismfs.cli import run
from prismfs.engine.admin.beside import FOLDER, add_work_tree, attach
from prismfs.engine.admin.engine_keys import own_key
from prismfs.engine.admin.init_project import init_project
from prismfs.engine.tenant.publish import publish
from prismfs.engine.turn.desk import Desk
from prismfs.errors import ConflictError, RefusedError, StoreError
from prismfs.kinds.core.settings.project import Project as Settings
from tests.support.clone import share_engine
from tests.support.command_line import Answer, CommandLine
from tests.support.gestures import BESIDE, table
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
    "stash --all": gesture("stash", "--all"),
    "clean -fdx": gesture("clean", "-fdx"),
    "add -A": gesture("add", "-A"),
    "worktree prune": gesture("worktree", "prune", "--expire=now"),
    "gc --prune=now": gesture("gc", "--quiet", "--prune=now"),
    "branch -D of the project's branch": gesture("branch", "-D", f"prismfs/{PID}"),
    "switch to another branch": gesture("switch", "--quiet", "-c", "feature"),
    "mv of the repository": move,
    "clean -ffdx": gesture("clean", "-ffdx"),
    "worktree remove --force": gesture("worktree", "remove", "-f", "-f", FOLDER),
    "rm -rf of the folder": gone,
    "the folder's .git gone": unlinked,
    "cp -r of the repository": copy,
}


@pytest.mark.parametrize("name", GESTURES)
def test_gesture_in_the_code_takes_nothing_and_attach_mends_the_rest(name: str, code: Path, desk: Project) -> None:
    desk.close()
    before = run_git(code, "for-each-ref", "--format=%(objectname)", f"refs/prismfs/{PID}/records")
    there = GESTURES[name](code)
    if BESIDE[name][1] == "prismfs attach":
        assert attach(there, there / FOLDER, None) == PID
    with closing(Project(there / FOLDER)) as again:
        if BESIDE[name][1] == "prismfs keys new":
            an_engine_of_its_own(again, code)
            return
        again.drop(TODO.format("second"))
        again.turn()
        assert titles(again) == ["first", "second"]
        assert run_git(there, "merge-base", "--is-ancestor", before, f"refs/prismfs/{PID}/records") == ""
        assert run_git(again.root, "status", "--porcelain") == ""
        assert again.problems() == ()
    assert run_git(there, "ls-files") == "main.py"


def test_table_of_gestures_in_the_code_is_that_of_the_documents() -> None:
    rows = table((name, *said) for name, said in BESIDE.items())
    assert rows in (Path(__file__).parents[2] / "docs" / "gestures.md").read_text()
    assert set(GESTURES) | set(CUT) | {"clone --single-branch", "clone --depth"} == set(BESIDE)


def an_engine_of_its_own(copied: Project, code: Path) -> None:
    """A copy does not write into the first repository, and does not sign in the name of its engine."""
    first = run_git(code, "for-each-ref")
    copied.drop(TODO.format("of the copy"))
    with pytest.raises(StoreError) as none:
        copied.turn()
    assert (none.value.code, none.value.problem.hint) == ("engine_key_missing", "prismfs keys new")
    made = own_key(copied.desk, agent=None, dry_run=False)
    assert made.made
    with Desk(code / FOLDER) as of_the_first:
        assert made.name != own_key(of_the_first, agent=None, dry_run=False).name
    with pytest.raises(StoreError) as unknown:
        copied.turn()
    assert unknown.value.code == "engine_not_enrolled"
    assert run_git(code, "for-each-ref") == first
    assert list((code / FOLDER / "inbox").iterdir()) == []


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


def state_of(code: Path) -> dict[str, object]:
    """Return all that is the code's: files with their bytes and modes, references, index, configuration, hooks."""
    out = {FOLDER, ".git"}
    files = [path for top in code.iterdir() if top.name not in out for path in (top, *top.rglob("*"))]
    git = code / ".git"
    return {
        "files": {str(path): (path.lstat().st_mode, path.is_file() and path.read_bytes()) for path in files},
        "refs": [line for line in run_git(code, "for-each-ref").splitlines() if "prismfs" not in line],
        "own": [(git / name).read_bytes() for name in ("HEAD", "index", "config")],
        "hooks": sorted(path.name for path in (git / "hooks").iterdir()),
        "status": run_git(code, "status", "--porcelain"),
        "log": run_git(code, "log", "--format=%H", "main"),
    }  # fmt: skip


def cli(*arguments: object) -> Answer:
    return CommandLine(Path()).bare(*map(str, arguments))


def test_init_says_what_it_will_write_and_touches_nothing_of_the_code(code: Path) -> None:
    (code / "packages" / "shop").mkdir(parents=True)
    (code / "packages" / "shop" / "shop.py").write_text("print()\n")
    before = state_of(code)
    planned = cli("--json", "init", code / "packages" / "shop", "--pid", PID, "--beside", "--dry-run")
    writes = planned.document["data"]["plan"]["writes"]
    assert state_of(code) == before
    assert not (code / FOLDER).exists()
    assert not (code / ".git" / "prismfs").exists()
    made = cli("init", code / "packages" / "shop", "--pid", PID, "--beside")
    assert made.code == 0, made.err
    assert [line for line in writes if f"writes {line}" not in made.err] == []
    assert state_of(code) == before
    new = {path.relative_to(code / ".git").parts[:2] for path in (code / ".git").rglob("*")} - {("objects",)}
    for place in (("worktrees", f"prismfs-{PID}"), ("prismfs", PID)):
        assert place in new
    assert cli("-C", code / "packages" / "shop", "status").code == 0, "found from a folder of the monorepo"


def test_folder_of_a_second_project_is_named(code: Path, desk: Project) -> None:
    """It took over the first one's folder before."""
    taken = cli("--json", "init", code, "--pid", "PID-DOCS01", "--beside")
    assert (taken.code, taken.document["error"]["code"]) == (5, "folder_taken")
    assert PID in taken.document["error"]["message"]
    assert cli("init", code, "--pid", "PID-DOCS01", "--beside", "--at", "docs/.prismfs").code == 0
    assert cli("attach", code, "--pid", "PID-DOCS01", "--at", "docs/.prismfs").code == 0
    assert cli("init", code / "x", "--pid", "PID-DOCS02", "--at", "docs/.prismfs").code == 2
    desk.drop(TODO.format("second"))
    desk.turn()
    assert titles(desk) == ["first", "second"]
    assert run_git(code, "status", "--porcelain") == ""


def test_moved_code_keeps_its_project_from_another_work_tree(code: Path, desk: Project, tmp_path: Path) -> None:
    """Two folders were the project's work tree, each of which the engine brought along."""
    desk.close()
    moved, other = code.rename(tmp_path / "moved"), tmp_path / "feature"
    run_git(moved, "worktree", "add", "--quiet", "-b", "feature", str(other))
    with pytest.raises(ConflictError) as elsewhere:
        attach(other, other / FOLDER, None)
    assert elsewhere.value.code == "attached_elsewhere"
    assert f"prismfs -C {moved / FOLDER}" in (elsewhere.value.problem.hint or "")
    assert not (other / FOLDER).exists()
    assert attach(moved, moved / FOLDER, None) == PID


def test_linked_work_tree_of_the_code_is_told_where_the_project_is(code: Path, desk: Project, tmp_path: Path) -> None:
    run_git(code, "worktree", "add", "--quiet", "-b", "feature", str(tmp_path / "feature"))
    other = tmp_path / "feature"
    with pytest.raises(ConflictError) as elsewhere:
        attach(other, other / FOLDER, None)
    assert elsewhere.value.code == "attached_elsewhere"
    assert f"prismfs -C {code / FOLDER}" in (elsewhere.value.problem.hint or "")
    assert not (other / FOLDER).exists()
    assert run_git(other, "status", "--porcelain") == ""
    desk.close()
    shutil.rmtree(code / FOLDER)
    assert attach(other, other / FOLDER, None) == PID
    with closing(Project(other / FOLDER)) as moved:
        moved.drop(TODO.format("second"))
        moved.turn()
        assert titles(moved) == ["first", "second"]
        assert moved.problems() == ()
    assert run_git(other, "status", "--porcelain") == ""


def test_work_tree_that_was_moved_is_where_it_is(code: Path, desk: Project) -> None:
    desk.close()
    run_git(code, "worktree", "move", "-f", "-f", FOLDER, "records")
    with pytest.raises(ConflictError):
        attach(code, code / FOLDER, None)
    assert attach(code, code / "records", None) == PID
    with closing(Project(code / "records")) as moved:
        moved.drop(TODO.format("second"))
        moved.turn()
        assert titles(moved) == ["first", "second"]
    assert run_git(code, "status", "--porcelain") == ""


def test_bare_repository_has_a_project_beside_it(tmp_path: Path, code: Path) -> None:
    bare = tmp_path / "origin.git"
    refs = run_git(bare, "for-each-ref")
    with closing(beside(bare)) as project:
        project.drop(TODO.format("first"))
        project.turn()
        assert titles(project) == ["first"]
        assert project.problems() == ()
        assert run_git(project.root, "status", "--porcelain") == ""
    assert [line for line in run_git(bare, "for-each-ref").splitlines() if "prismfs" not in line] == refs.splitlines()
    (bare / FOLDER / ".git").unlink()
    assert attach(bare, bare / FOLDER, None) == PID


def test_code_that_is_a_submodule_and_has_one_has_a_project_beside_it(code: Path, tmp_path: Path) -> None:
    allow = ("-c", "protocol.file.allow=always")
    run_git(tmp_path, "init", "--quiet", "--bare", "lib.git")
    run_git(tmp_path, "clone", "--quiet", str(tmp_path / "lib.git"), "lib")
    run_git(tmp_path / "lib", "commit", "--quiet", "--allow-empty", "-m", "lib")
    run_git(tmp_path / "lib", "push", "--quiet", "origin", "HEAD")
    run_git(code, *allow, "submodule", "--quiet", "add", str(tmp_path / "lib.git"), "lib")
    run_git(code, "commit", "--quiet", "-m", "lib")
    run_git(code, "push", "--quiet", "origin", "HEAD:main")
    run_git(tmp_path, "init", "--quiet", "super")
    outer = tmp_path / "super"
    run_git(outer, *allow, "submodule", "--quiet", "add", str(tmp_path / "origin.git"), "shop")
    run_git(outer, "commit", "--quiet", "-m", "shop")
    inner = outer / "shop"
    with closing(beside(inner)) as project:
        for gesture in (
            (outer, *allow, "submodule", "--quiet", "update", "--init", "--recursive", "--force"),
            (outer, "submodule", "--quiet", "foreach", "git clean -fdxq"),
            (inner, "submodule", "--quiet", "deinit", "--all"),
        ):
            run_git(gesture[0], *gesture[1:])
            project.drop(TODO.format(str(gesture[-1]).strip("-")))
            project.turn()
        assert len(titles(project)) == 3
        assert project.problems() == ()
        assert run_git(project.root, "status", "--porcelain") == ""
    assert run_git(outer, "status", "--porcelain") == ""
    assert run_git(inner, "status", "--porcelain") == ""


def test_code_whose_branch_is_protected_and_its_project_is_shared(code: Path, desk: Project, tmp_path: Path) -> None:
    hook = tmp_path / "origin.git" / "hooks" / "update"
    hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/main ]\n')
    hook.chmod(0o755)
    assert publish(desk.desk, desk.clock.now(), "origin").sent
    assert run_git(tmp_path / "origin.git", "rev-parse", f"prismfs/{PID}") == desk.truth()
    (code / "main.py").write_text("print(2)\n")
    run_git(code, "commit", "--quiet", "-am", "two")
    run_git(code, "push", "--quiet", "origin", "HEAD:main", check=False)
    assert run_git(tmp_path / "origin.git", "rev-parse", "main") != run_git(code, "rev-parse", "main")


@pytest.fixture
def shared(code: Path, desk: Project, tmp_path: Path) -> Path:
    """The repository that the code is cloned from, with a project whose records have changed."""
    for number in range(3):
        desk.clock.move(timedelta(minutes=1))
        desk.commit_by_hand({"NOTES": f"{number}\n".encode()})
        desk.turn()
    publish(desk.desk, desk.clock.now(), "origin")
    run_git(tmp_path / "origin.git", "config", "uploadpack.allowFilter", "true")
    return tmp_path / "origin.git"


CUT = {
    "clone --filter=blob:none, tree:0": (
        ("clone --quiet --filter=blob:none {url} other",),
        ("clone --quiet --filter=tree:0 {url} other",),
        ("clone --quiet --filter=blob:none --no-checkout {url} other",),
    ),
    "clone --depth": (("clone --quiet --depth=1 --no-single-branch {url} other",),),
    "clone --shallow-since": (
        ("clone --quiet --shallow-since=2026-03-01T10:02:30Z --no-single-branch {url} other",),
    ),
    "fetch --depth in a full clone, gc": (
        (
            "clone --quiet {url} other", "-C other fetch --quiet --depth=1",
            "-C other reflog expire --expire=now --all", "-C other gc --quiet --prune=now",
        ),
    ),
    "checkout of CI at depth 1": (
        (
            "init --quiet other", "-C other remote add origin {url}", "-C other fetch --quiet --depth=1 --no-tags"
            " origin +refs/heads/main:refs/remotes/origin/main", "-C other checkout --quiet --detach origin/main",
            "-C other config --unset-all remote.origin.fetch",
        ),
    ),
    "sparse checkout of the code": (
        ("clone --quiet --sparse {url} other", "-C other sparse-checkout set --cone docs"),
        ("clone --quiet {url} other", "-C other sparse-checkout set --no-cone /main.py"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("lines", [lines for ways in CUT.values() for lines in ways], ids="; ".join)
def test_clone_that_leaves_things_out_is_made_whole_by_attach(
    lines: tuple[str, ...], shared: Path, tmp_path: Path
) -> None:
    for line in lines:
        run_git(tmp_path, *line.format(url=shared.as_uri()).split(" "))
    other = tmp_path / "other"
    for _ in range(2):  # the second changes nothing
        assert attach(other, other / FOLDER, None) == PID
        before = [run_git(other, "for-each-ref"), (other / ".git" / "config").read_bytes()]
        before.append((other / ".git" / "info" / "exclude").read_bytes())
    assert attach(other, other / FOLDER, None) == PID
    after = [run_git(other, "for-each-ref"), (other / ".git" / "config").read_bytes()]
    assert [*after, (other / ".git" / "info" / "exclude").read_bytes()] == before
    share_engine(tmp_path / "code", other)
    with closing(Project(other / FOLDER)) as there:
        assert (there.root / "inbox").is_dir()
        there.drop(TODO.format("there"))
        there.turn()
        assert titles(there) == ["first", "there"]
        assert there.problems() == ()
        for path, data in there.files().items():
            assert (there.root / path).read_bytes() == data
        assert publish(there.desk, there.clock.now(), "origin").sent
    assert FOLDER not in run_git(other, "status", "--porcelain")


def test_what_a_persons_fetch_in_a_partial_clone_leaves_out_is_brought(
    desk: Project, shared: Path, tmp_path: Path
) -> None:
    run_git(tmp_path, "clone", "--quiet", "--filter=blob:none", shared.as_uri(), "other")
    other = tmp_path / "other"
    attach(other, other / FOLDER, None)
    share_engine(tmp_path / "code", other)
    desk.drop(TODO.format("second"))
    desk.turn()
    publish(desk.desk, desk.clock.now(), "origin")
    run_git(other, "fetch", "--quiet")
    with closing(Project(other / FOLDER)) as there:
        publish(there.desk, there.clock.now(), "origin")
        there.turn()
        assert titles(there) == ["first", "second"]
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
