"""A full disk, a read-only one, no git: the documented error, and nothing lost."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from prismfs.engine.turn.desk import Desk
from prismfs.errors import StoreError
from tests.support.project import Project
from tests.support.waiting import until

TODO = "kind: todo\nfrom: jade\ntitle: look at it\nbody: |\n" + "  all of this and more\n" * 40


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Give a function that mounts a file system of a few bytes of its own and returns its folder."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = []

    def make(*options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
        if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
            pytest.skip("mounting a small file system takes root and the right to mount")
        mounted.append(folder)
        return folder

    yield make
    for one in mounted:
        subprocess.run(["umount", "--lazy", str(one)], check=True)


def prismfs(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "prismfs", "-C", str(root), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | environment, timeout=60
    )


def drop_settled(bench: Project, count: int) -> None:
    for _ in range(count):
        bench.drop(TODO)
    newest = max(path.stat().st_ctime for path in (bench.root / "inbox").iterdir())
    until(lambda: time.time() - newest >= 0.5, "the files to be still")


ProjectAt = Callable[[Path], Project]


@pytest.fixture
def project_at() -> Iterator[ProjectAt]:
    """Give a maker of projects at a place of the test's choice, such as a disk of its own."""
    made: list[Project] = []

    def make(root: Path) -> Project:
        made.append(Project.new(root))
        return made[-1]

    yield make
    for project in made:
        project.close()


def fill(folder: Path, *, free: int) -> Path:
    """Take all but `free` bytes of the file system."""
    ballast = folder / "ballast"
    room = os.statvfs(folder)
    with ballast.open("wb") as file, suppress(OSError):
        os.posix_fallocate(file.fileno(), 0, max(1, room.f_bavail * room.f_frsize - free))
    return ballast


def check_nothing_lost(bench: Project, count: int) -> None:
    bench.restart()
    bench.turn()
    bench.desk.repo.bring_window()
    assert len(bench.records("todo")) == count
    assert [row.number for row in bench.records("audit")] == list(range(1, count + 1))
    assert list((bench.root / "inbox").iterdir()) == []
    bench.check_whole()


def kibibytes(*, fast: tuple[int, ...], slow: tuple[int, ...]) -> list[Any]:
    return [*fast, *(pytest.param(free, marks=pytest.mark.slow) for free in slow)]


@pytest.mark.parametrize("free", kibibytes(fast=(0, 16, 64, 128, 240), slow=(4, 8, 24, 32, 40, 48, 96, 160, 200)))
def test_react_disk_full_says_so_and_completes_once_there_is_room(
    free: int, mount: Callable[..., Path], project_at: ProjectAt, tmp_path: Path
) -> None:
    """Whatever the disk runs out at, a step later or earlier: exit 69, and nothing lost (free is in KiB)."""
    disk = mount("size=8m")
    bench = project_at(disk / "desk")
    drop_settled(bench, 12)
    bench.close()
    ballast = fill(disk, free=free * 1024)
    done = prismfs(bench.root, "react", TMPDIR=str(tmp_path))
    if done.returncode:
        assert done.returncode == 69, done.stderr
        assert "[disk_full]" in done.stderr or "[disk_failed]" in done.stderr
    ballast.unlink()
    check_nothing_lost(bench, 12)


def test_react_disk_without_inodes_says_so_and_completes_once_there_are(
    mount: Callable[..., Path], project_at: ProjectAt, tmp_path: Path
) -> None:
    disk = mount("size=32m", "nr_inodes=3000")
    bench = project_at(disk / "desk")
    drop_settled(bench, 3)
    bench.close()
    (disk / "many").mkdir()
    with suppress(OSError):
        for number in range(4000):
            (disk / "many" / str(number)).touch()
    done = prismfs(bench.root, "react", TMPDIR=str(tmp_path))
    assert done.returncode == 69, done.stderr
    assert "[disk_full]" in done.stderr or "[disk_failed]" in done.stderr
    shutil.rmtree(disk / "many")
    check_nothing_lost(bench, 3)


def test_write_files_disk_full_in_the_middle_of_a_file_leaves_no_half_file(tmp_path: Path) -> None:
    """The first part of a small file was once taken for the whole of it: a full disk says so only by the count."""
    script = (
        "import sys; from pathlib import Path; from prismfs.store.git.worktree import write_files\n"
        "write_files(Path(sys.argv[1]), Path(sys.argv[1]) / 'scratch', [('a/b.yaml', b'x' * 5000)], lambda: None)\n"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    command = [sys.executable, "-B", "-c", script, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit)
    assert done.returncode == 1
    assert "StoreError" in done.stderr
    assert not (tmp_path / "a" / "b.yaml").exists()


def test_react_read_only_repository_is_refused_and_reading_still_works(
    mount: Callable[..., Path], project_at: ProjectAt, tmp_path: Path
) -> None:
    disk = mount("size=16m")
    bench = project_at(disk / "desk")
    drop_settled(bench, 2)
    bench.close()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for command in (["react"], ["escalate", "it burns"], ["watch", "--once-idle"]):
        done = prismfs(bench.root, *command, TMPDIR=str(tmp_path))
        assert done.returncode == 69, done.stderr
        assert "read_only" in done.stderr
    for command in (["status"], ["list", "todo"], ["verify"], ["log"]):
        done = prismfs(bench.root, *command, TMPDIR=str(tmp_path))
        assert done.returncode == 0, done.stderr
    with Desk(bench.root) as desk, pytest.raises(StoreError) as caught, desk.repo.writer():
        pass
    assert caught.value.code == "read_only"
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    check_nothing_lost(bench, 2)


def test_react_without_git_is_refused_and_loses_nothing(bench: Project, tmp_path: Path) -> None:
    drop_settled(bench, 1)
    for command in (
        ["react"],
        ["verify"],
        ["escalate", "it burns"],
        ["init", str(tmp_path / "other"), "--pid", "PID-OTHER"],
    ):
        done = prismfs(bench.root, *command, "--json", PATH=str(tmp_path))
        assert done.returncode == 69, done.stdout + done.stderr
        assert '"git_missing"' in done.stdout
    check_nothing_lost(bench, 1)
