"""A watcher that is stopped leaves the project so that a person can go on with git at once."""

from __future__ import annotations

from datetime import timedelta

from prismfs.daemon.loop import Watcher
from tests.support.project import Project


def test_stop_in_a_turn_that_took_long_leaves_the_index_as_the_branch_is(
    bench: Project, signals: dict[str, str]
) -> None:
    """Once it ended before the index was brought along, and a commit by hand undid the records of the turn."""
    watcher = Watcher([bench.desk], clock=bench.clock, report=lambda _desk, _turn: stop())

    def stop() -> None:
        bench.clock.move(timedelta(minutes=2))  # so that the next turn is due when this one ends
        watcher.stop()

    bench.drop(signals["incident"])
    watcher.run()
    assert len(bench.records("incident")) == 1
    assert bench.git("status", "--porcelain") == ""
