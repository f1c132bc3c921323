"""What a report may cost, in counts that are the same on every machine: work that is done twice is seen here."""

from __future__ import annotations

import cProfile
import pstats

import pytest

from benchmarks.costs import counts_of
from benchmarks.desks import signal_text
from tests.support.project import Project

REPORTS = 20
BUDGET = {
    "programs started": 0.45,
    "SQL statements": 29.0,
    "validations of a model": 41.0,
    "documents made of a model": 12.6,
    "encodings of a document": 13.7,
    "objects read of git": 2.2,
    "files opened": 64.0,
}
"""A report's share, a fifth above what was measured in a turn of `REPORTS`; a bar that is met by far is lowered."""


@pytest.fixture
def counted(bench: Project) -> dict[str, int]:
    for number in range(REPORTS):
        bench.drop(signal_text(number))
    profiler = cProfile.Profile()
    with profiler:
        bench.turn()
    assert len(bench.rows("signal.received")) >= REPORTS
    return counts_of(pstats.Stats(profiler))


def test_a_report_costs_no_more_than_its_budget(counted: dict[str, int]) -> None:
    assert {name: count / REPORTS for name, count in counted.items() if count > BUDGET[name] * REPORTS} == {}


def test_what_is_counted_is_there_to_count(counted: dict[str, int]) -> None:
    """A count of nothing means that the profiler calls it something else by now."""
    assert [name for name, count in counted.items() if not count] == []
