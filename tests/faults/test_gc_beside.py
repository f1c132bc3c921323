"""`git gc --prune=now` beside a desk that writes: what has no reference yet is not lost, or is made again."""

from __future__ import annotations

import os
import random
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from prismfs.engine.turn.desk import Desk
from prismfs.errors import ConflictError
from prismfs.store.git import upkeep
from prismfs.store.git.plumbing import NewCommit
from prismfs.store.git.repository import Git
from prismfs.store.lock import clear_dead_locks
from tests.support.project import CLEAN, Project
from tests.support.waiting import until

TODO = "kind: todo\nfrom: jade\ntitle: number {}\n"
COMMANDS = ("gc --quiet --prune=now", "prune --expire=now", "repack -adq", "reflog expire --expire=now --all")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("point", ["before-reference", "after-reference"])
def test_group_that_has_no_reference_yet_is_not_pruned(command: str, point: str, bench: Project) -> None:
    """The signed tip was a loose object before: the reference moved to a commit that gc had just taken away."""
    bench.close()

    def beside(name: str) -> None:
        if name == point:
            bench.git(*command.split(" "))

    with Desk(bench.root, crash_point=beside) as desk, closing(bench):
        bench.desk = desk
        for number in range(2):
            bench.drop(TODO.format(number))
            bench.turn()
        bench.git("gc", "--quiet", "--prune=now")
        assert len(bench.records("todo")) == 2
        assert list((bench.root / ".git" / "objects" / "pack").glob("*.keep")) == []
        bench.check_whole()


def has_begun(packs: Path) -> bool:
    return any(packs.glob("tmp_pack_*"))


def test_import_whose_pack_is_taken_away_is_a_conflict_and_can_be_made_again(bench: Project) -> None:
    """git leaves a `.keep` then, at which the very same import failed for ever."""
    git, base = bench.desk.repo.git, bench.truth()

    def commits(*, prune: bool) -> Iterator[NewCommit]:
        for number in range(3):
            large = random.Random(number).randbytes(1 << 20)  # so that git writes some of it
            yield NewCommit("x", "a <a@b>", "a <a@b>", 1, files=(("NOTES", large),))
            if prune and number == 1:
                packs = bench.root / ".git" / "objects" / "pack"
                until(partial(has_begun, packs), "the pack to be begun")
                bench.git("prune", "--expire=now")
                assert not has_begun(packs)

    with pytest.raises(ConflictError) as pruned:
        git.write_commits(commits(prune=True), parent=base, scratch="refs/prismfs/trial")
    assert pruned.value.code == "objects_pruned"
    assert list((bench.root / ".git" / "objects" / "pack").glob("*.keep")) == []
    assert list(bench.desk.repo.place.engine_git.glob("fast_import_crash_*")) == []
    assert len(git.write_commits(commits(prune=False), parent=base, scratch="refs/prismfs/trial")) == 3


def test_keep_files_of_imports_that_were_killed_go_and_those_of_people_stay(bench: Project) -> None:
    packs = bench.root / ".git" / "objects" / "pack"
    for number in range(3):
        bench.drop(TODO.format(number))
        bench.turn()
    old, young, theirs, dead = (packs / f"pack-{name * 40}.keep" for name in "abcd")
    for keep, text in ((old, "fast-import"), (young, "prismfs\n"), (theirs, ""), (dead, "prismfs\n")):
        keep.write_text(text)
    for keep in (old, theirs):
        os.utime(keep, (1, 1))
    os.utime(dead, (5, 5))
    upkeep.keep_up(bench.desk.repo.git)
    assert not old.exists()
    assert young.exists()
    assert theirs.exists()
    clear_dead_locks(bench.desk.repo.place, since=10)
    assert not young.exists(), "it is younger than the writer that was killed"


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS[:3])
def test_gc_again_and_again_beside_a_busy_desk_loses_nothing(command: str, bench: Project) -> None:
    stop = threading.Event()

    def run_on(root: Path) -> None:
        while not stop.wait(0.2):
            subprocess.run(["git", "-C", str(root), *command.split(" ")], env=CLEAN, check=False, capture_output=True)

    beside = threading.Thread(target=run_on, args=(bench.root,))
    beside.start()
    try:
        for number in range(40):
            bench.drop(TODO.format(number))
            bench.turn()
    finally:
        stop.set()
        beside.join()
    assert len(bench.records("todo")) == 40
    bench.check_whole()


def test_git_reads_what_is_kept(bench: Project) -> None:
    """A pack that is made by hand is one that git takes for good."""
    bench.drop(TODO.format("one"))
    bench.turn()
    with Git(bench.root, bench.root / ".git") as git:
        names = [path.with_suffix(".idx") for path in (bench.root / ".git" / "objects" / "pack").glob("*.pack")]
        for name in names:
            git.run("verify-pack", str(name))
    assert len(names) >= 2
