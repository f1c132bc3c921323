"""Killed between any two steps, publishing is completed by the next call: nothing is lost and nothing is sent twice."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prismfs.engine.tenant.publish import CRASH_POINTS as OWN
from prismfs.store.repo import CRASH_POINTS
from tests.support.clone import Clone
from tests.support.crash import crash_points
from tests.support.founded import copy_in_place_of
from tests.support.memory import planned
from tests.support.project import run_git

ABANDONED = "refs/prismfs/PID-TEST01/abandoned"
WITNESS = "refs/prismfs/PID-TEST01/witness/"
POINTS = (*OWN, *CRASH_POINTS)
LATER = {"before-push": (2,), "after-push": (2,), "between-files": (3, 5), "after-fetch": (1,)}


def publish(root: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(Path(__file__).with_name("publishing.py")), str(root), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def apart(pair: tuple[Clone, Clone]) -> tuple[Clone, Clone]:
    """Amber has published; basalt has decided meanwhile, delivered, observed, and lost an acknowledgement."""
    amber, basalt = pair
    bead = planned(amber.escalate("disk is full", "disk")).subject
    amber.commit_by_hand({"notes.txt": b"one\n", "gone.txt": b"gone\n"})
    amber.turn()
    amber.publish()
    with amber.desk.repo.writer():
        amber.desk.repo.bring_window()
    basalt.git("pull", "--quiet", "--ff-only")
    amber.give("escalate.ack", {"id": bead})
    (amber.root / "gone.txt").unlink()
    amber.git("commit", "--quiet", "-am", "away with it")
    amber.commit_by_hand({"notes.txt": b"two\n"})
    amber.publish()
    basalt.give("escalate.ack", {"id": bead}, actor="mayor")
    basalt.escalate("fans are loud")
    basalt.desk.repo.close()
    return amber, basalt


@pytest.fixture
def expected(apart: tuple[Clone, Clone], tmp_path: Path) -> str:
    """The commit that publishing comes to when nothing is killed: found out on a copy of both repositories."""
    shutil.copytree(tmp_path / "shared.git", tmp_path / "twin.git")
    copy_in_place_of(apart[1].root, tmp_path / "twin")
    run_git(tmp_path / "twin", "remote", "set-url", "origin", str(tmp_path / "twin.git"))
    done = publish(tmp_path / "twin")
    assert done.returncode == 0, done.stderr
    passed = json.loads(done.stdout)
    assert set(passed) == set(POINTS)
    assert all(passed[point] >= max(passings) for point, passings in LATER.items())
    head: str = run_git(tmp_path / "twin", "rev-parse", "main")
    return head


def kill_and_complete(apart: tuple[Clone, Clone], expected: str, point: str, passing: int) -> None:
    amber, basalt = apart
    before = basalt.head()
    killed = publish(basalt.root, point, passing)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert basalt.git("fsck", "--strict", "--full", "--no-dangling") == ""
    again = publish(basalt.root)
    assert again.returncode == 0, again.stderr
    assert basalt.head() == expected
    shared = basalt.root.with_name("shared.git")
    assert run_git(shared, "for-each-ref", "--format=%(object)", WITNESS) == expected
    # The acknowledgement came too late; who gave it, and when, can still be looked up.
    assert before in basalt.git("for-each-ref", "--format=%(objectname)", ABANDONED).split()
    amber.git("pull", "--quiet", "--ff-only")
    assert amber.head() == expected
    for clone in (amber, basalt):
        clone.check()
    assert not (basalt.root / "gone.txt").exists()
    assert (basalt.root / "notes.txt").read_bytes() == b"two\n"
    assert {message.status for message in basalt.records("outbox")} == {"sent"}
    assert list((basalt.root / ".git").glob("fast_import_crash_*")) == []


@pytest.mark.parametrize("point", crash_points(POINTS, "after-push"))
def test_publish_killed_at_a_crash_point_is_completed_by_the_next(
    apart: tuple[Clone, Clone], expected: str, point: str
) -> None:
    kill_and_complete(apart, expected, point, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("point", "passing"), [(point, passing) for point in LATER for passing in LATER[point]])
def test_publish_killed_at_a_later_passing_is_completed_by_the_next(
    apart: tuple[Clone, Clone], expected: str, point: str, passing: int
) -> None:
    kill_and_complete(apart, expected, point, passing)


@pytest.mark.parametrize("point", ["after-reference", "between-files"])
def test_publish_killed_after_the_swap_is_completed_by_any_writer(
    apart: tuple[Clone, Clone], expected: str, point: str
) -> None:
    """The watcher need not know that anything was published."""
    _, basalt = apart
    assert publish(basalt.root, point, 1).returncode == -signal.SIGKILL
    basalt.restart()
    with basalt.desk.repo.writer():
        basalt.desk.repo.bring_window()
    assert basalt.head() == expected
    basalt.check()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_publish_killed_at_any_instant_is_completed_by_the_next(
    apart: tuple[Clone, Clone], expected: str, tmp_path: Path
) -> None:
    """The crash points are chosen by us; the kernel chooses others."""
    _, basalt = apart
    script = [sys.executable, str(Path(__file__).with_name("publishing.py")), str(basalt.root)]
    lock = basalt.root / ".git" / "prismfs" / "PID-TEST01" / "publish.lock"
    killed = 0
    for step in range(40):
        child = subprocess.Popen(script, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while child.poll() is None and not (lock.exists() and lock.stat().st_size) and time.monotonic() < deadline:
            pass
        begun = time.monotonic()
        while child.poll() is None and time.monotonic() - begun < step * 0.01:
            pass
        child.kill()
        killed += child.wait() == -signal.SIGKILL
        lock.write_bytes(b"")
    assert killed > 3
    assert publish(basalt.root).returncode == 0
    assert basalt.head() == expected
    basalt.check()


def test_publish_killed_while_its_checkpoint_leaves_puts_one_there(apart: tuple[Clone, Clone], expected: str) -> None:
    """The remote has taken it, and this clone has not noted that: the next one is the same, and a fetch brings it."""
    _, basalt = apart
    assert publish(basalt.root, "before-checkpoint", 1).returncode == -signal.SIGKILL
    shared, kept = basalt.root.with_name("shared.git"), "refs/prismfs/PID-TEST01/witnessed/"
    assert run_git(shared, "for-each-ref", "--format=%(object)", WITNESS) != expected
    assert publish(basalt.root, "after-checkpoint", 1).returncode == -signal.SIGKILL
    there = run_git(shared, "for-each-ref", "--format=%(objectname)", WITNESS)
    (note,) = run_git(basalt.root, "for-each-ref", "--format=%(refname)", kept).splitlines()
    run_git(basalt.root, "update-ref", "-d", note)
    basalt.restart()
    assert basalt.publish().unwitnessed is None
    assert run_git(shared, "for-each-ref", "--format=%(objectname)", WITNESS) == there
    assert run_git(basalt.root, "rev-parse", note) == there
    assert run_git(shared, "for-each-ref", "--format=%(object)", WITNESS) == expected
    basalt.check()


def test_publish_desk_that_stays_open_goes_on_after_another_process_published(
    apart: tuple[Clone, Clone], expected: str
) -> None:
    """A watcher serves the clone while somebody pushes it."""
    _, basalt = apart
    basalt.restart()
    assert publish(basalt.root).returncode == 0
    assert basalt.head() == expected
    assert basalt.turn() == []
    basalt.escalate("clock is wrong")
    assert basalt.git("merge-base", "--is-ancestor", expected, "HEAD") == ""
    basalt.check()


def test_publish_locks_that_a_stopped_machine_left_are_cleared(apart: tuple[Clone, Clone], expected: str) -> None:
    _, basalt = apart
    before = basalt.head()
    git_dir = basalt.root / ".git"
    (git_dir / "prismfs" / "PID-TEST01" / "publish.lock").write_text("1")
    (git_dir / "prismfs" / "PID-TEST01" / "writer.lock").write_text("1")
    own = git_dir / "refs" / "prismfs" / "PID-TEST01"
    for name in ("fetched.lock", f"abandoned/{before}.lock", "remote/origin/main.lock"):
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).touch()
    done = publish(basalt.root)
    assert done.returncode == 0, done.stderr
    assert basalt.head() == expected
