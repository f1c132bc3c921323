from __future__ import annotations

import pytest

from tests.support.memory import MakeRules, MemoryProject


@pytest.fixture
def make_rules() -> MakeRules:
    """Give a maker of projects in memory, with routing fields of the test's choice."""
    return MemoryProject
