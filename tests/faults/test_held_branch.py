"""The branch is moved under git's own lock, by a look and a rename, and with few programs started (FG-01, FG-08)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prismfs.errors import ConflictError
from prismfs.store import window
from prismfs.store.git import worktree
from prismfs.store.git.held import Held
from tests.support.programs import count_starts
from tests.support.project import TODO, Project

STARTS = 9
"""Programs that a person's commit may cost until the branch holds what was made of it."""


def decided(bench: Project) -> None:
    """Let the records go one commit ahead of the branch."""
    index = bench.root / ".git/index.lock"
    index.touch()  # so that the branch stays behind
    bench.drop(TODO)
    bench.turn()
    index.unlink()
    assert bench.head() != bench.truth()


def bring(bench: Project) -> None:
    with bench.desk.repo.writer():
        bench.desk.repo.bring_window()


def lock_of(bench: Project) -> Path:
    return bench.root / ".git/refs/heads/main.lock"


def test_branch_that_is_packed_is_moved_and_its_reflog_says_so(bench: Project) -> None:
    before = bench.head()
    decided(bench)
    bench.git("pack-refs", "--all", "--prune")
    bring(bench)
    assert bench.head() == bench.truth()
    assert bench.git("reflog", "-1", "--format=%H %gs", "main") == f"{bench.head()} prismfs: to the records"
    assert bench.git("rev-parse", "main@{1}") == before
    bench.check_whole()


def test_person_who_has_committed_meanwhile_keeps_the_commit(bench: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    decided(bench)
    bring_index = worktree.bring_index

    def committed_first(*arguments: Any) -> None:
        bench.git("commit", "-q", "--allow-empty", "-m", "by hand")
        bring_index(*arguments)

    monkeypatch.setattr(worktree, "bring_index", committed_first)
    with pytest.raises(ConflictError) as told:
        bring(bench)
    assert told.value.code == "branch_moved"
    assert bench.git("log", "-1", "--format=%s", "main") == "by hand"
    assert not lock_of(bench).exists()


def test_git_cannot_move_the_branch_once_the_last_look_is_taken(
    bench: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(bench)
    told = []

    def looks(_root: Path) -> bool:
        if lock_of(bench).exists():
            with pytest.raises(AssertionError, match="cannot lock ref"):
                bench.git("update-ref", "refs/heads/main", bench.truth())
            told.append(lock_of(bench))
        return False

    monkeypatch.setattr(window, "git_runs", looks)
    bring(bench)
    assert told == [lock_of(bench)]
    bench.check_whole()


def test_branch_that_git_holds_is_left_to_the_next_time(bench: Project) -> None:
    decided(bench)
    before = bench.head()
    lock_of(bench).write_text("of another git")
    with pytest.raises(ConflictError) as told:
        bring(bench)
    assert told.value.code == "window_busy"
    assert (bench.head(), lock_of(bench).read_text()) == (before, "of another git")


def test_lock_that_another_git_takes_right_after_the_rename_stays(tmp_path: Path) -> None:
    lock = tmp_path / "main.lock"
    with Held(tmp_path / "main", b"new\n") as held:
        held.replace()
        lock.write_text("of another git")
    assert ((tmp_path / "main").read_text(), lock.read_text()) == ("new\n", "of another git")


def test_commit_of_a_person_starts_few_programs_until_the_branch_holds_it(
    bench: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.drop(TODO)
    bench.turn()
    bench.commit_by_hand({"NOTES": b"a line\n"})
    started = count_starts(monkeypatch)
    bench.turn()
    assert bench.head() == bench.truth()
    assert 0 < len(started) <= STARTS, started
