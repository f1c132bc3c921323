"""Packs are consolidated beside the turns: nobody waits for an answer until git is done."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from prismfs.store.git import upkeep
from tests.support.waiting import until
from tests.support.watched import Watched

GIT = """#!/bin/sh
case " $* " in
*" repack "*)
    : > "{here}/begun"
    while [ ! -e "{here}/go" ]; do sleep 0.01; done
    [ -e "{here}/fail" ] && exit 1
    ;;
esac
exec "{git}" "$@"
"""


@pytest.fixture
def slow_repack(watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with packs to consolidate, and a git that waits with that until the file `go` is there."""
    for number in range(upkeep.MOST_PACKS + 1):
        blob = f"blob\ndata {len(str(number))}\n{number}\n"
        quiet = ("-c", "fastimport.unpackLimit=0", "fast-import", "--quiet")
        subprocess.run(["git", *quiet], cwd=watched.root, input=blob.encode(), check=True, capture_output=True)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "git"
    program.write_text(GIT.format(here=tmp_path, git=shutil.which("git")))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return tmp_path


def packs(watched: Watched) -> int:
    return len(list((watched.root / ".git" / "objects" / "pack").glob("*.pack")))


def test_reports_are_taken_while_packs_are_consolidated(watched: Watched, slow_repack: Path) -> None:
    child = watched.start()
    until((slow_repack / "begun").exists, "git to consolidate")
    watched.drop(watched.journal("meanwhile"), "one.json")
    until(lambda: watched.taken("meanwhile"), "the report to be taken")
    assert packs(watched) > upkeep.MOST_PACKS
    (slow_repack / "go").touch()
    until(lambda: packs(watched) < upkeep.MOST_PACKS, "the packs to be few")
    assert watched.stop(child) == 0
    assert watched.git("fsck", "--strict", "--no-dangling") == ""
    assert watched.verified()


def test_watcher_that_ends_when_idle_consolidates_first(watched: Watched, slow_repack: Path) -> None:
    (slow_repack / "go").touch()
    watched.drop(watched.journal("one"), "one.json")
    child = watched.spawn("--once-idle")
    assert child.wait(60) == 0, watched.errors(child)
    assert packs(watched) < upkeep.MOST_PACKS
    assert watched.taken("one")


def test_git_that_fails_at_it_is_complained_of(watched: Watched, slow_repack: Path) -> None:
    (slow_repack / "go").touch()
    (slow_repack / "fail").touch()
    child = watched.start()
    watched.drop(watched.journal("all the same"), "one.json")
    until(lambda: watched.taken("all the same"), "the report to be taken")
    assert watched.stop(child) == 0
    assert "git repack" in watched.printed(child)
