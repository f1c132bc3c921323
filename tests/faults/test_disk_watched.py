"""A disk that fills up or has no inodes left under a watcher: it says so, loses nothing and goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.waiting import until
from tests.support.watched import Watched


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small file system of its own; the watcher's output and its keys lie elsewhere."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=12m,nr_inodes=4000", "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("mounting a small file system takes root and the right to mount")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def watched(disk: Path) -> Iterator[Watched]:
    found = Watched(disk / "desk")
    found.logs = disk.parent
    yield found
    found.end()


def fill(folder: Path, *, free: int) -> None:
    room = os.statvfs(folder)
    with (folder / "ballast").open("wb") as file, suppress(OSError):
        os.posix_fallocate(file.fileno(), 0, max(1, room.f_bavail * room.f_frsize - free))


def no_inodes(folder: Path) -> None:
    (folder / "many").mkdir()
    with suppress(OSError):
        for number in range(4000):
            (folder / "many" / str(number)).touch()


FAILURES: dict[str, tuple[Callable[[Path], None], Callable[[Path], None]]] = {
    "full": (lambda disk: fill(disk, free=0), lambda disk: (disk / "ballast").unlink()),
    "nearly full": (lambda disk: fill(disk, free=8 * 1024), lambda disk: (disk / "ballast").unlink()),
    "no inodes": (no_inodes, lambda disk: shutil.rmtree(disk / "many")),
}


@pytest.mark.parametrize("name", FAILURES)
def test_watcher_survives_a_disk_that_fails_and_goes_on_once_it_does_not(
    name: str, disk: Path, watched: Watched
) -> None:
    fail, mend = FAILURES[name]
    child = watched.start()
    watched.drop(watched.journal("before"), "before.json")
    until(lambda: watched.taken("before"), "the first drop")
    until(lambda: watched.git("status", "--porcelain") == "", "the branch to follow: what that frees would be room")
    # Held back by its name, so that it is there whatever the disk says to a new file.
    waiting = disk / "desk" / "inbox" / ".after.json"
    waiting.write_text(json.dumps(watched.journal("after") | {"body": "x" * 3000}))
    fail(disk)
    waiting.rename(waiting.with_name("after.json"))
    until(lambda: "disk_full" in watched.printed(child), "the failure to be told of")
    assert child.poll() is None, watched.errors(child)
    mend(disk)
    until(lambda: not any((disk / "desk" / "inbox").iterdir()), "the drop to be taken")
    until(lambda: watched.git("status", "--porcelain") == "", "the branch to follow")
    assert watched.stop(child) == 0, watched.errors(child)
    subjects = sorted(entry["subject"] for entry in watched.records("journal"))
    assert subjects == ["after", "before"]
    assert watched.verified()
    assert watched.git("fsck", "--strict", "--full", "--no-dangling") == ""


def test_watcher_whose_output_lies_on_the_full_disk_goes_on(disk: Path, watched: Watched) -> None:
    """It ended with the first line that it could not print."""
    watched.logs = disk
    child = watched.start()
    fill(disk, free=0)
    for number in range(3):
        with suppress(OSError):
            watched.drop(watched.journal(str(number)), f"{number}.json")
    with pytest.raises(AssertionError):
        until(lambda: child.poll() is not None, "its end", 4)
    (disk / "ballast").unlink()
    watched.drop(watched.journal("after"), "after.json")
    until(lambda: watched.taken("after"), "the drop")
    assert watched.stop(child) == 0


@pytest.fixture
def image(tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """Give what mounts one ext4, mended before, which an error makes read-only under whoever writes there."""
    folder, file = tmp_path / "ext4", tmp_path / "ext4.img"
    folder.mkdir()
    with file.open("wb") as made:
        made.truncate(64 << 20)
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None or shutil.which("mount") is None:
        pytest.skip("making and mounting an ext4 takes root and e2fsprogs")
    subprocess.run(["mkfs.ext4", "-q", "-F", str(file)], check=True)

    def mount() -> Path:
        if os.path.ismount(folder):
            subprocess.run(["umount", str(folder)], check=True)
        mended = subprocess.run(["e2fsck", "-fy", str(file)], capture_output=True, check=False).returncode
        assert mended in (0, 1)
        if subprocess.run(["mount", "-o", "loop", str(file), str(folder)], check=False).returncode:
            pytest.skip("no loop device can be mounted here")
        return folder

    yield mount
    if os.path.ismount(folder):
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.slow
def test_disk_that_becomes_read_only_under_a_watcher_is_told_and_loses_nothing(
    image: Callable[[], Path], tmp_path: Path
) -> None:
    """As a kernel does that meets an error; nobody can remount what a watcher writes to (mount(2), EBUSY)."""
    disk = image()
    watched = Watched(disk / "desk")
    watched.logs = tmp_path
    try:
        child = watched.start()
        watched.drop(watched.journal("before"), "before.json")
        until(lambda: watched.taken("before"), "the first drop")
        child.send_signal(signal.SIGSTOP)
        watched.drop(watched.journal("after"), "after.json")
        subprocess.run(["sync", "--file-system", str(disk)], check=True)
        subprocess.run(["mount", "-o", "remount,abort", str(disk)], check=True)
        child.send_signal(signal.SIGCONT)
        until(lambda: watched.printed(child).count("read_only") > 1, "the failure to be told of, and again")
        assert child.poll() is None, watched.errors(child)
        watched.stop(child)
        image()
        child = watched.start()
        until(lambda: watched.taken("after"), "the drop")
        assert watched.stop(child) == 0
        assert sorted(entry["subject"] for entry in watched.records("journal")) == ["after", "before"]
        assert watched.verified()
        assert watched.git("fsck", "--strict", "--full", "--no-dangling") == ""
    finally:
        watched.end()
