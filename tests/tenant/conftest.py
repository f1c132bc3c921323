"""A tenant of several projects in one process: a home with its bridges, and the customers beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from prismfs.clock import FakeClock
from tests.support.project import START
from tests.support.town import CUSTOMERS, MakeTown, Town


@pytest.fixture
def make_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeTown]:
    """Give a maker of towns, for tests that need one for each generated example."""
    made: list[Town] = []

    def make(customers: tuple[str, ...] = CUSTOMERS, *, clock: FakeClock) -> Town:
        made.append(Town(tmp_path_factory.mktemp("town") / "acme", clock, customers))
        return made[-1]

    yield make
    for town in made:
        town.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path / "acme", FakeClock(START))
    yield made
    made.close()
