"""A project on disk, and calling the command line on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prismfs.clock import SystemClock
from prismfs.engine.admin.init_project import init_project
from prismfs.kinds.core.settings.project import Project
from tests.support.command_line import CommandLine
from tests.support.drops import EXPORT_REPORT
from tests.support.founded import copy_in_place_of


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new project to copy: founding one takes longer than most tests."""
    root = tmp_path_factory.mktemp("founded") / "desk"
    init_project(root, project=Project(pid="PID-DESK01", tenant="local", operators=("olga",)), now=SystemClock().now())
    return root


@pytest.fixture
def place(tmp_path: Path, founded: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A new project with the operator olga."""
    monkeypatch.delenv("PRISMFS_DIR", raising=False)
    monkeypatch.delenv("PRISMFS_IDENTITY", raising=False)
    copy_in_place_of(founded, tmp_path / "desk")
    return CommandLine(tmp_path / "desk")


@pytest.fixture
def busy(place: CommandLine) -> CommandLine:
    """A project with an open incident and its escalation."""
    place.drop(EXPORT_REPORT)
    place.turn()
    return place


@pytest.fixture
def report() -> dict[str, Any]:
    """A report of a fault, as an agent drops it."""
    return dict(EXPORT_REPORT)
