"""From when on a step counts as late: more than a minute after it was due."""

from __future__ import annotations

from datetime import timedelta

import pytest

from prismfs.kinds.core.audit import Audit
from tests.support.memory import MemoryProject


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (timedelta(milliseconds=1), None),
        (timedelta(seconds=59), None),
        (timedelta(minutes=1), None),
        (timedelta(minutes=1, milliseconds=1), 60),
        (timedelta(seconds=61), 61),
        (timedelta(hours=4), 14400),
    ],
)
def test_raise_is_late_from_one_minute_on(after: timedelta, said: int | None) -> None:
    rules = MemoryProject()
    bead = rules.escalate(severity="LOW")
    rules.now = bead.due_at + after
    rules.run_due()
    (row,) = (row for row in rules.all(Audit) if row.action == "escalation.raised")
    assert row.meta.get("late_seconds") == said
