"""One bare repository and clones of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clone import Clone, MakeClone, share_engine
from tests.support.project import Project, run_git


@pytest.fixture
def make_clone(tmp_path: Path) -> Iterator[MakeClone]:
    """Give a maker of clones of one bare repository, `shared.git`, that holds a new project."""
    bench = Project.new(tmp_path / "desk")
    bench.close()
    run_git(tmp_path, "clone", "--quiet", "--bare", str(bench.root), str(tmp_path / "shared.git"))
    made: list[Clone] = []

    def make(name: str) -> Clone:
        run_git(tmp_path, "clone", "--quiet", str(tmp_path / "shared.git"), str(tmp_path / name))
        share_engine(bench.root, tmp_path / name)
        made.append(Clone(tmp_path / name))
        return made[-1]

    yield make
    for clone in made:
        clone.close()


@pytest.fixture
def pair(make_clone: MakeClone) -> tuple[Clone, Clone]:
    """Two clones that stand at the same commit."""
    return make_clone("amber"), make_clone("basalt")


@pytest.fixture
def shared(tmp_path: Path, pair: object) -> Path:
    """The bare repository that the pair shares."""
    return tmp_path / "shared.git"
