from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from prismfs.rules import RULES_VERSION
from tests.support.history import History
from tests.support.project import run_git

BUNDLE = Path(__file__).with_name("unreleased") / f"rules-{RULES_VERSION}.bundle"


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """A history that was committed as data."""
    root = tmp_path / "clone"
    run_git(tmp_path, "clone", "--quiet", "--branch", "main", str(BUNDLE), str(root))
    made = History(root)
    yield made
    made.git.close()
