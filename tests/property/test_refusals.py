"""FT-08: however commands are refused, rows stay few, none is forgotten, people get one escalation."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prismfs.engine.turn.refusals import FILE
from prismfs.errors import ForbiddenError
from tests.support.project import MakeProject

WINDOW, ROWS = timedelta(hours=1), 5
TRIES = st.lists(
    st.tuples(
        st.sampled_from(("jade", "onyx")), st.sampled_from(("gate.approve", "incident.open")), st.integers(0, 40)
    ),
    min_size=1,
    max_size=40,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tries=TRIES)
def test_rows_stay_within_the_limit_and_tell_of_every_refusal(
    make_bench: MakeProject, tries: list[tuple[str, str, int]]
) -> None:
    bench = make_bench()
    given_ = Counter[tuple[str, str]]()
    for name, verb, minutes in tries:
        bench.clock.move(timedelta(minutes=minutes // 4))
        with pytest.raises(ForbiddenError):
            bench.give(verb, {"subject": "x"}, actor=name)
        given_[name, verb] += 1
    bench.wait(2 * WINDOW)
    bench.wait(2 * WINDOW)
    told = Counter[tuple[str, str]]()
    times: dict[tuple[str, str], list[datetime]] = {}
    for row in bench.rows("command.refused"):
        key = str(row.meta["by"]), str(row.meta["verb"])
        told[key] += ("message" in row.meta) + int(str(row.meta.get("more", 0)))
        times.setdefault(key, []).append(row.at)
    assert told == given_
    for at in times.values():
        assert all(sum(each <= one < each + WINDOW for one in at) <= ROWS for each in at)
    assert (bench.root / "run" / FILE).read_text() == "[]" if (bench.root / "run" / FILE).exists() else True
    assert len(bench.records("bead")) <= 1, "neither name is of the roster: one escalation for both"
    assert bench.problems() == ()
