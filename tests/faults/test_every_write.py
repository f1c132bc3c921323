"""A disk that fails at any one write of a watcher: nothing is lost or done twice, and a clean turn ends the rest."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.drops import EVERYTHING
from tests.support.founded import copy_in_place_of
from tests.support.project import Project
from tests.support.waiting import until
from tests.support.writes import Writes, writes

DROPS = ("b-incident.yaml", "h-medium.yaml", "k-not-yaml.yaml", "m-todo.yaml")
STRIDE = int(os.environ.get("PRISMFS_WRITES_STRIDE", "13"))
"""Of so many writes one fails; 1 walks over all of them (minutes)."""


@pytest.fixture(scope="module")
def commands() -> Iterator[Writes]:
    with writes() as found:
        yield found


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A project with a few files in its inbox, and something that a person has staged."""
    project = Project.new(tmp_path / "template")
    (project.root / "staged.txt").write_text("mine\n")
    project.git("add", "staged.txt")
    project.close()
    for name in DROPS:
        (project.root / "inbox" / name).write_text(EVERYTHING[name])
    return project.root


def settled(template: Path, to: Path) -> Path:
    root = copy_in_place_of(template, to)
    newest = max(path.stat().st_ctime for path in (root / "inbox").iterdir())
    until(lambda: time.time() - newest > 0.35, "the files to be still")
    return root


def check_nothing_lost(root: Path, about: str) -> None:
    with closing(Project(root)) as project:
        kinds = ("todo", "incident", "signal")
        assert [len(project.records(kind)) for kind in kinds] == [1, 1, 1], about
        assert len([one for one in project.records("bead") if one.title == "disk is full"]) == 1, about
        causes = project.git("log", "--format=%(trailers:key=Prismfs-Cause,valueonly,separator=)").splitlines()
        assert len(set(causes)) == len(causes) > len(DROPS), about
        kept = sorted(path.name for path in (root / "quarantine").glob("[!.]*"))
        assert [name.partition("-k-")[2] for name in kept] == ["not-yaml.yaml", "not-yaml.yaml.reason.yaml"], about
        assert list((root / "inbox").iterdir()) == [], about
        assert project.problems() == (), about
        assert project.git("status", "--porcelain") == "A  staged.txt", about
        assert project.head() == project.truth(), about


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_write_that_fails_loses_nothing_and_is_made_up_for(
    error: str, template: Path, commands: Writes, tmp_path: Path
) -> None:
    root = settled(template, tmp_path / "counted")
    counted = commands.run("-C", root, "watch", "--once-idle", how="counted")
    check_nothing_lost(root, "nothing fails")
    for number in range(1, int(counted.said.splitlines()[-1]) + 1, STRIDE):
        root = settled(template, tmp_path / f"{error}-{number}")
        failed = commands.run("-C", root, "watch", "--once-idle", how=error, at=number)
        about = f"write {number} failed with {error}: {failed.said}"
        assert failed.code in (0, 69), about
        assert commands.run("-C", root, "watch", "--once-idle").code == 0, about
        check_nothing_lost(root, about)
