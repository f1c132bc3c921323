"""Whatever attempts come to, whenever processes are lost: at most three, none early, none twice, and an end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from prismfs.engine.turn.deliver import Capacity
from prismfs.engine.turn.react import react
from prismfs.kinds.response.job import Job
from prismfs.records.api import Receipt
from tests.support.project import MakeProject

FAILED = "kind: job_failure\nfrom: jade\njob: nightly\nerror: 'ConnectionError: no'\n"
DELAYS = (timedelta(), timedelta(seconds=5), timedelta(seconds=25))
STEP = timedelta(seconds=1)
ENDS = ("succeeded", "failed", "failed", "failed", "final", "timed_out", "lost", "temporary", "raised")


class Scripted:
    """A courier whose jobs end as a script says; it counts what was begun, and when."""

    def __init__(self, script: list[str]) -> None:
        self.script = script
        self.begun: list[tuple[Any, Any]] = []
        self.ended: list[Any] = []

    def capacity(self) -> Capacity:
        return Capacity(messages=8, jobs=1)

    def send(self, desk: Any, messages: Any) -> None:
        for message in messages:
            if message.channel != "job":
                self.ended.append((message, Receipt("sent")))
                continue
            self.begun.append((message.id, message.level))
            end = self.script.pop(0)
            if end in ("temporary", "raised"):
                self.ended.append((message, Receipt("temporary" if end == "temporary" else "unknown", "it broke")))
            elif end != "lost":
                code = {"succeeded": 0, "failed": 1, "final": 127}.get(end)
                outcome = "failed" if end == "final" else end
                told: dict[str, JsonValue] = {"outcome": outcome, "code": code, "output": "no", "keep": 300}
                self.ended.append((message, Receipt("sent", document=told)))

    def collect(self, desk: Any) -> list[Any]:
        return list(self.ended)

    def release(self, desk: Any, carried: Any) -> None:
        del self.ended[: len(carried)]


@pytest.mark.slow
@settings(
    max_examples=20,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # an example takes most of a second: shrinking takes too long
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    ends=st.lists(st.sampled_from(ENDS), min_size=3, max_size=3),
    pauses=st.lists(st.sampled_from((1, 1, 4, 5, 6, 26, 60, 700)), min_size=12, max_size=12),
    restarts=st.sets(st.integers(0, 11)),
    resolved_at=st.one_of(st.none(), st.integers(0, 11)),
)
def test_attempts_whatever_happens_are_at_most_three_and_come_to_an_end(
    make_bench: MakeProject, ends: list[str], pauses: list[int], restarts: set[int], resolved_at: int | None
) -> None:
    """R-002-13, R-002-18."""
    bench = make_bench()
    rules = yaml.safe_load((bench.root / "settings/retry.yaml").read_text()) | {
        "timeout": "10s",
        "jobs": {"nightly": {"command": ["false"]}},
    }
    bench.commit_by_hand({"settings/retry.yaml": yaml.safe_dump(rules).encode()})
    courier = Scripted([*ends])
    bench.drop(FAILED)
    for step, pause in enumerate([*pauses, *[60] * 8]):  # at the end there is time for every lease and delay
        react(bench.desk, bench.moment(), courier)
        if step == resolved_at and bench.records("incident")[0].is_open:
            (incident,) = bench.records("incident")
            bench.give("incident.resolve", {"id": incident.id, "note": "done"})
        if step in restarts:
            courier.ended.clear()  # what it had not told is told no more
            bench.restart()
        bench.clock.move(pause * STEP)
    react(bench.desk, bench.moment(), courier)

    (job,) = bench.records("job")
    assert isinstance(job, Job)
    assert len(courier.begun) == len(set(courier.begun)) <= 3, "one was made twice, or a fourth"
    begun = [attempt for attempt in job.attempts[1:] if attempt.begun_at is not None]
    assert [level for _, level in courier.begun] == [attempt.number for attempt in begun]
    for before, after, delay in zip(job.attempts, job.attempts[1:], DELAYS, strict=False):
        assert before.ended_at is not None
        assert after.due_at == before.ended_at + delay
        assert after.begun_at is None or after.begun_at >= after.due_at
    assert job.status in ("succeeded", "failed"), "it never came to an end"
    rows = [row for row in bench.records("audit") if row.entity_type == "incident"]
    assert [row.meta["attempt"] for row in rows if row.action == "incident.retry"] == [one.number for one in begun]
    (incident,) = bench.records("incident")
    assert incident.status in ("auto_resolved", "resolved", "triage")
    assert (incident.status == "auto_resolved") == (incident.auto_resolved and incident.escalations == 0)
    hops = [row.meta["escalation_target"] for row in rows if row.action == "incident.escalated"]
    assert hops.count("support") == (1 if incident.status == "triage" else min(1, incident.escalations))
    assert bench.problems() == ()
