"""Projects with a real watcher in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.watched import Watched


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """A new project; whatever watches it ends with the test."""
    found = Watched(tmp_path / "desk")
    yield found
    found.end()


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[tuple[Watched, Watched]]:
    """Two projects of one tenant in one folder."""
    found = tuple(Watched(tmp_path / name, pid=f"PID-{name.upper()}1", tenant="acme") for name in ("docs", "code"))
    yield found[0], found[1]
    for one in found:
        one.end()


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A project whose one watcher runs through all tests of a file and must survive them."""
    found = Watched(tmp_path_factory.mktemp("steady") / "desk")
    found.start()
    yield found
    found.end()


@pytest.fixture(scope="session")
def as_root() -> bool:
    """Whether permissions mean nothing to this process."""
    return os.geteuid() == 0
