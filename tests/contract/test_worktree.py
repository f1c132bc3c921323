"""Files brought on disk: however many folders they are in, few are open at a time."""

from __future__ import annotations

import os
from pathlib import Path

from prismfs.store.git import worktree
from tests.support.project import Project


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_folders_of_a_storm_are_not_all_open_at_a_time(tmp_path: Path) -> None:
    """A limit of 1,024 open files is usual: a thousand reports, or a clone of many, once stopped the branch there."""
    files = {f"signals/2026-03/01/{number % 7:02}/{number:03x}/{number}.yaml": b"x: 1\n" for number in range(700)}
    before, most = open_files(), 0

    def count() -> None:
        nonlocal most
        most = max(most, open_files())

    worktree.write_files(tmp_path, tmp_path / "scratch", files.items(), count)
    assert most - before < 100
    assert open_files() == before
    assert {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.glob("signals/**/*.yaml")} == files


def test_files_that_go_take_their_folders_along_however_many_there_are(bench: Project) -> None:
    git, first = bench.desk.repo.git, bench.head()
    files = {f"notes/{number % 5}/{number:03}/x.txt": b"x\n" for number in range(200)}
    bench.commit_by_hand(files)
    gone = git.changes(bench.head(), first)
    before = open_files()
    assert worktree.restore(git, bench.desk.repo.state, gone, lambda: None, (), {}) == ()
    assert open_files() == before
    assert not (bench.root / "notes").exists()
