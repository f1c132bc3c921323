"""The tables made anew of real desks are those that the slow way makes, row by row."""

from __future__ import annotations

import io
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from prismfs.records.formats import yaml_quick
from prismfs.store import listing, projection
from prismfs.store.git.repository import Git
from prismfs.store.projection import Projection
from tests.replay.test_histories import BUNDLES, branches
from tests.support.project import Project

TABLES = "SELECT * FROM record ORDER BY path", "SELECT * FROM article ORDER BY name"
INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY name"


def content(connection: sqlite3.Connection) -> list[object]:
    return [connection.execute(query).fetchall() for query in TABLES]


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda bundle: bundle.stem)
def test_tables_made_anew_are_those_of_a_slow_reader_brought_along(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "clone", "--quiet", "--mirror", str(bundle), str(tmp_path)], check=True)
    with Git(tmp_path, tmp_path) as git:
        seen, indexes = 0, listing.connect(None).execute(INDEXES).fetchall()
        for branch in branches(bundle):
            tip = f"refs/heads/{branch}"
            commits = git.run("rev-list", "--reverse", "--first-parent", tip).decode().split()
            quick, slow = Projection(None), Projection(None)
            quick.bring_to(commits[-1], git)
            with monkeypatch.context() as patched:
                patched.setattr(yaml_quick, "read_quick", lambda text: None)
                for commit in [*commits[::25], commits[-1]]:
                    slow.bring_to(commit, git)
            assert content(quick.connection) == content(slow.connection), branch
            assert quick.connection.execute(INDEXES).fetchall() == indexes
            seen += quick.connection.execute("SELECT count(*) FROM record").fetchone()[0]
            quick.close()
            slow.close()
        assert seen > 1000


def test_indexes_are_dropped_only_until_the_tables_are_full(tmp_path: Path) -> None:
    connection = listing.connect(tmp_path / "projection.sqlite")
    whole = connection.execute(INDEXES).fetchall()
    with listing.transaction(connection, keep=False):
        listing.clear(connection)
    assert connection.execute(INDEXES).fetchall() == whole
    connection.close()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()], ids=["terminal", "pipe"])
def test_how_far_it_is_is_told_to_a_terminal_alone(
    stream: io.StringIO, bench: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "_BATCH", 1)
    monkeypatch.setattr(sys, "stderr", stream)
    anew = Projection(None)
    anew.bring_to(bench.truth(), bench.desk.repo.git)
    anew.close()
    told = stream.getvalue()
    assert ("reading the records anew: 16 files" in told) == stream.isatty()
    assert told.endswith("\r") == stream.isatty()
