"""Lock files that a killed writer left are cleared; those of the living stay."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from prismfs.errors import ConflictError
from prismfs.intake.inbox import SETTLE
from prismfs.store.git import worktree
from tests.support.dying import die_holding
from tests.support.project import TODO, Project
from tests.support.waiting import until

OWN = "refs/prismfs/PID-TEST01"
LOCKS = ("index.lock", "refs/heads/main.lock", f"{OWN}/records.lock", f"{OWN}/scratch.lock")


def drop_settled(bench: Project) -> str:
    """Drop a file and wait until it is still for long enough that the system's clock lets it in."""
    name: str = bench.drop(TODO)
    path = bench.root / "inbox" / name
    until(lambda: time.time() - path.stat().st_ctime > SETTLE + 0.1, "the file to be still")
    return name


def prismfs(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "prismfs", "-C", str(root), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | environment, timeout=60
    )


@pytest.mark.parametrize("name", LOCKS)
def test_lock_file_of_a_killed_writer_is_cleared(name: str, bench: Project) -> None:
    die_holding(bench.root, name)
    lock = bench.root / ".git" / name
    assert lock.exists()
    bench.drop(TODO)
    bench.turn()
    bench.desk.repo.bring_window()
    assert not lock.exists()
    assert len(bench.records("todo")) == 1
    assert bench.git("status", "--porcelain") == ""


def test_lock_files_of_a_killed_writer_are_cleared_all_at_once(bench: Project) -> None:
    die_holding(bench.root, *LOCKS)
    bench.restart()
    bench.drop(TODO)
    bench.turn()
    assert not [name for name in LOCKS if (bench.root / ".git" / name).exists()]


def test_lock_file_open_in_a_living_process_stays(bench: Project) -> None:
    die_holding(bench.root)
    lock = bench.root / ".git" / "index.lock"
    with lock.open("xb"):
        bench.drop(TODO)
        bench.turn()
        assert lock.exists()
        assert len(bench.records("todo")) == 1


def test_lock_file_older_than_the_killed_writer_stays(bench: Project) -> None:
    """It was there before, so that it is somebody else's, dead or alive."""
    lock = bench.root / ".git" / "index.lock"
    lock.touch()
    os.utime(lock, (1, 1))
    die_holding(bench.root)
    bench.drop(TODO)
    bench.turn()
    assert lock.exists()


def test_lock_file_without_a_killed_writer_stays(bench: Project) -> None:
    lock = bench.root / ".git" / "index.lock"
    lock.touch()
    bench.drop(TODO)
    bench.turn()
    assert lock.exists()
    assert len(bench.records("todo")) == 1


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Path]:
    """A program that stands for the editor of a person who thinks: it ends when its file `go` is there."""
    script = tmp_path / "editor"
    script.write_text(
        f'#!/bin/sh\necho "by hand" > "$1"\n: > {tmp_path}/begun\n'
        f"while ! [ -e {tmp_path}/go ]; do read -t 1 x < {tmp_path}/never 2> /dev/null || :; done\n"
    )
    script.chmod(0o755)
    yield script
    (tmp_path / "go").touch()


def test_index_lock_of_a_person_in_the_editor_stays(bench: Project, editor: Path, tmp_path: Path) -> None:
    """`git commit -a` keeps the index locked, with the file closed, while its editor is open."""
    die_holding(bench.root)
    (bench.root / ".gitignore").write_text("/inbox/\n/quarantine/\n/run/\n/mine/\n")
    person = begin_commit(bench.root, editor, "-a")
    lock = bench.root / ".git" / "index.lock"
    assert lock.exists()
    with bench.desk.repo.writer():
        pass
    assert lock.exists()
    (tmp_path / "go").touch()
    assert person.wait(timeout=20) == 0
    assert bench.git("log", "-1", "--format=%s") == "by hand"
    bench.turn()
    assert [row.action for row in bench.records("audit")] == ["commit.observed"]


@pytest.mark.parametrize("below", [".", "settings"])
def test_branch_waits_for_a_person_in_the_editor_who_holds_no_lock(
    bench: Project, editor: Path, tmp_path: Path, below: str
) -> None:
    """FG-08: `git commit` of what is staged lets go of the index before its editor opens, and moves the branch last."""
    (bench.root / "notes.txt").write_text("mine\n")
    bench.git("add", "notes.txt")
    head = bench.head()
    person = begin_commit(bench.root / below, editor)
    assert not (bench.root / ".git" / "index.lock").exists()
    bench.drop(TODO)
    bench.turn()
    assert len(bench.records("todo")) == 1
    assert bench.head() == head
    (tmp_path / "go").touch()
    assert person.wait(timeout=20) == 0
    bench.turn()
    assert bench.git("show", "HEAD:notes.txt") == "mine"
    bench.check_whole()


def test_branch_waits_for_a_person_who_begins_while_it_is_carried(
    bench: Project, editor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FG-08: the carry has looked before it began, and looks again when the branch is locked."""
    (bench.root / "notes.txt").write_text("mine\n")
    bench.git("add", "notes.txt")
    head = bench.head()
    begun = meanwhile(monkeypatch, "restore", lambda: begin_commit(bench.root, editor))
    bench.drop(TODO)
    bench.turn()
    assert bench.head() == head
    (tmp_path / "go").touch()
    assert begun[0].wait(timeout=20) == 0
    bench.turn()
    assert bench.head() == bench.truth()
    assert bench.git("show", "HEAD:notes.txt") == "mine"
    bench.check_whole()


def test_what_a_person_stages_while_the_branch_is_carried_stays_staged(
    bench: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bench.root / "notes.txt").write_text("mine\n")
    head = bench.head()
    meanwhile(monkeypatch, "bring_index", lambda: bench.git("add", "notes.txt"))
    bench.drop(TODO)
    bench.turn()
    assert bench.head() == head
    with bench.desk.repo.writer():
        bench.desk.repo.bring_window()
    assert bench.head() == bench.truth()
    assert bench.git("diff", "--cached", "--name-only") == "notes.txt"


def meanwhile(monkeypatch: pytest.MonkeyPatch, step: str, act: Callable[[], Any]) -> list[Any]:
    """Let a person do something once, behind a step of the next carry; its answer is put into what is returned."""
    real, answers = getattr(worktree, step), []

    def with_a_person(*arguments: Any) -> Any:
        done = real(*arguments)
        monkeypatch.undo()
        answers.append(act())
        return done

    monkeypatch.setattr(worktree, step, with_a_person)
    return answers


def begin_commit(root: Path, editor: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Let a person begin a commit, and return once the editor is open."""
    identity = {f"GIT_{role}_{what}": "Pat" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    person = subprocess.Popen(
        ["git", "-C", str(root), "commit", "--quiet", *arguments],
        env=os.environ | identity | {"GIT_EDITOR": str(editor)},
    )
    until((editor.parent / "begun").exists, "the editor to be open")
    return person


def test_reference_locked_by_another_is_a_conflict_that_loses_nothing(bench: Project) -> None:
    lock = bench.root / ".git" / OWN / "records.lock"
    name = drop_settled(bench)
    lock.touch()
    done = prismfs(bench.root, "react")
    assert done.returncode == 5, done.stderr
    assert "reference_locked" in done.stderr
    assert (bench.root / "inbox" / name).exists()
    lock.unlink()
    bench.turn()
    assert len(bench.records("todo")) == 1


def test_writer_lock_held_by_another_is_a_conflict_naming_who_writes(bench: Project) -> None:
    with writing(bench.root, 4711), pytest.raises(ConflictError) as caught, bench.desk.repo.writer(wait=0.02):
        pass
    assert (caught.value.code, caught.value.exit_code) == ("locked", 5)
    assert "process 4711" in caught.value.problem.message
    with bench.desk.repo.writer(wait=0.02):
        pass


@pytest.mark.slow
def test_writer_lock_held_by_another_process_loses_nothing(bench: Project) -> None:
    """Exit 5 after ten seconds; what waits still waits."""
    name = drop_settled(bench)
    with writing(bench.root, 4711):
        done = prismfs(bench.root, "react", "--json")
    assert done.returncode == 5
    assert '"locked"' in done.stdout
    assert (bench.root / "inbox" / name).exists()
    bench.turn()
    assert len(bench.records("todo")) == 1


@contextmanager
def writing(root: Path, process_id: int) -> Iterator[None]:
    """Hold a project's lock as another process does while it writes."""
    with (root / ".git" / "prismfs" / "PID-TEST01" / "writer.lock").open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write(str(process_id).encode())
        held.flush()
        yield
        held.truncate(0)


def test_index_locked_by_another_is_brought_along_later(bench: Project) -> None:
    lock = bench.root / ".git" / "index.lock"
    drop_settled(bench)
    lock.touch()
    done = prismfs(bench.root, "react")
    assert done.returncode == 0, done.stderr
    assert len(bench.records("todo")) == 1
    assert "index" in prismfs(bench.root, "doctor").stdout
    lock.unlink()
    assert prismfs(bench.root, "react").returncode == 0
    assert bench.git("status", "--porcelain") == ""


def test_command_given_while_the_index_is_held_is_done_and_says_so(bench: Project) -> None:
    """It is committed: whoever tried again would do it twice."""
    lock = bench.root / ".git" / "index.lock"
    lock.touch()
    done = prismfs(bench.root, "todo", "add", "look at the index")
    assert (done.returncode, len(bench.records("todo"))) == (0, 1), done.stderr
    lock.unlink()
    assert prismfs(bench.root, "react").returncode == 0
    assert bench.git("status", "--porcelain") == ""
