"""What a git that was killed has left: the engine's own is cleared by the next writer, a person's is told of."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from prismfs.daemon.hints import Hints
from prismfs.engine.admin.recover import recover
from prismfs.errors import StoreError
from tests.support.founded import copy_in_place_of
from tests.support.project import TODO, Project
from tests.support.waiting import until
from tests.support.watched import Watched
from tests.support.writes import Writes, writes

OWN = "refs/prismfs/PID-TEST01"
# A writer that dies as soon as it has the lock, before it can look at what the last one has left.
DYING = """
import os, signal, sys
from pathlib import Path
from prismfs.store.lock import Lock
Lock(Path(sys.argv[1])).acquire()
os.kill(os.getpid(), signal.SIGKILL)
"""


def old(path: Path) -> Path:
    """Make the file one that stands there for longer than git ever takes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (1, 1))
    return path


def check_decides(bench: Project) -> None:
    bench.drop(TODO)
    bench.turn()
    bench.desk.repo.bring_window()
    assert len(bench.records("todo")) == 1
    bench.check_whole()


def test_lock_of_a_writer_killed_twice_is_cleared(bench: Project) -> None:
    """The second one wrote its own time over that of the first, and the lock was too old to be the writer's."""
    with bench.desk.repo.writer():
        pass
    writer = bench.root / ".git" / "prismfs" / "PID-TEST01" / "writer.lock"
    writer.write_text("4711")
    os.utime(writer, (1000, 1000))
    lock = bench.root / ".git" / "index.lock"
    lock.touch()
    os.utime(lock, (2000, 2000))
    done = subprocess.run([sys.executable, "-c", DYING, str(writer)], check=False)
    assert done.returncode == -signal.SIGKILL
    check_decides(bench)
    assert not lock.exists()


@pytest.mark.parametrize("name", [f"{OWN}/records.lock", f"{OWN}/scratch.lock", "refs/heads/main.lock"])
def test_lock_of_an_engines_git_that_was_killed_is_cleared_by_the_next_writer(name: str, bench: Project) -> None:
    """As the kernel does when memory runs out: prismfs itself goes on."""
    lock = bench.root / ".git" / name
    with pytest.raises(StoreError), bench.desk.repo.writer():  # noqa: PT012
        lock.touch(exist_ok=False)
        bench.desk.repo.git.run("rev-parse", "--verify", "nothing-of-this-name")
    check_decides(bench)
    assert not lock.exists()


def test_index_that_a_killed_carry_was_making_does_not_stop_the_next(bench: Project) -> None:
    """git's lock on it stood for ever, and the branch was carried no more."""
    old(bench.root / ".git" / "prismfs-index.lock")
    check_decides(bench)


@pytest.mark.parametrize("name", ["prismfs-index.lock", "objects/info/commit-graphs/commit-graph-chain.lock"])
def test_lock_of_the_engines_upkeep_is_one_that_recover_takes_away(name: str, bench: Project) -> None:
    lock = old(bench.root / ".git" / name)
    assert [step.code for step in recover(bench.desk.repo, dry_run=False)] == ["lock_left"]
    assert not lock.exists()


def test_hints_folder_of_the_branch_that_git_has_taken_away_does_not_stop_the_watcher(tmp_path: Path) -> None:
    """`git pack-refs` leaves none where all branches below it are packed: each start ended with an error."""
    (tmp_path / "inbox").mkdir()
    hints = Hints()
    try:
        hints.start([tmp_path / "inbox"], [tmp_path / "refs" / "heads" / "desk"])
        assert not hints.polling
    finally:
        hints.stop()


@pytest.fixture(scope="module")
def commands() -> Iterator[Writes]:
    with writes() as found:
        yield found


@pytest.mark.parametrize("name", ["carried", "carrying", "worktree", "window", "engine.at"])
def test_file_of_the_engines_state_that_holds_anything_does_not_stop_the_watcher(
    name: str, bench: Project, commands: Writes, tmp_path: Path
) -> None:
    bench.turn()
    bench.close()
    root = copy_in_place_of(bench.root, tmp_path / "copy")
    (root / ".git" / "prismfs" / "PID-TEST01" / name).write_bytes(b"\xff\xfe\0half")
    ended = commands.run("-C", root, "watch", "--once-idle")
    assert ended.code == 0, ended.said
    copy = Project(root)
    check_decides(copy)
    copy.close()


def test_watcher_says_once_that_the_branch_waits_for_a_git_that_was_killed(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "desk")
    try:
        child = watched.start()
        lock = old(watched.root / ".git" / "index.lock")
        watched.drop(watched.journal("one"), "one.json")
        until(lambda: "lock_left" in watched.printed(child), "the lock to be told of")
        watched.drop(watched.journal("two"), "two.json")
        until(lambda: watched.taken("two"), "the second drop")
        assert watched.printed(child).count("lock_left") == 1
        done = subprocess.run([sys.executable, "-m", "prismfs", "-C", str(watched.root), "recover"], check=False)
        assert (done.returncode, lock.exists()) == (0, False)
        until(lambda: watched.git("status", "--porcelain") == "", "the branch to follow")
        assert watched.stop(child) == 0
    finally:
        watched.end()
