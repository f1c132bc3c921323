"""Lock files of living commands of git are never taken for those of the dead (FG-08)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from prismfs.errors import ConflictError
from tests.support.dying import die_holding
from tests.support.project import TODO, Project


def test_lock_file_that_the_next_command_takes_during_the_look_stays(
    bench: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_holding(bench.root, "index.lock")
    lock = bench.root / ".git" / "index.lock"

    def is_held(path: Path, _place: object) -> bool:
        if path == lock:
            lock.unlink()
            lock.write_text("of the next command")
        return False

    monkeypatch.setattr("prismfs.store.lock._is_held", is_held)
    with bench.desk.repo.writer():
        assert lock.read_text() == "of the next command"


def test_writer_whom_a_person_was_in_the_way_does_not_count_as_killed(bench: Project) -> None:
    lock = bench.root / ".git" / "index.lock"
    lock.touch()
    os.utime(lock, (2**32, 2**32))  # as if it was made while the writer wrote
    bench.drop(TODO)
    bench.turn()
    with pytest.raises(ConflictError, match="index"), bench.desk.repo.writer():
        bench.desk.repo.bring_window()
    with bench.desk.repo.writer():
        assert lock.exists()
