"""Any order of commands and any waits: the times of an incident stay in order, its worst stays its worst."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prismfs.engine.turn.due import due_event
from prismfs.kinds import kind_of
from prismfs.kinds.core.audit import INCIDENT_META, Audit
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Event, Plan, Record
from prismfs.rules import decide
from prismfs.rules.response.facts import check_times
from prismfs.store.defaults import default_files
from prismfs.store.memory import MemoryView

MODEST = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
START = datetime(2026, 3, 1, 10, tzinfo=UTC)
TARGETS = [timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=24)]

WAITS = st.one_of(
    st.sampled_from([timedelta(0), timedelta(milliseconds=1), *TARGETS, timedelta(hours=2)]),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2)),
)
LABELS = st.sampled_from(("P0", "P1", "P2", "P3"))
COMMANDS = st.one_of(
    st.tuples(st.just("open"), st.fixed_dictionaries({"dedup_key": st.sampled_from("abc"), "severity": LABELS})),
    st.tuples(st.just("ack"), st.just({})),
    st.tuples(st.just("triage"), st.fixed_dictionaries({"severity": LABELS, "reason": st.just("looked")})),
    st.tuples(st.just("mitigate"), st.fixed_dictionaries({"begin": st.booleans()})),
    st.tuples(st.just("resolve"), st.just({"note": "mended"})),
    st.tuples(st.just("reopen"), st.just({"reason": "again"})),
    st.tuples(st.just("close"), st.fixed_dictionaries({"false_positive": st.booleans(), "reason": st.just("over")})),
    st.tuples(st.just("merge"), st.fixed_dictionaries({"into": st.integers(0, 5)})),
    st.tuples(st.just("turn"), st.just({})),
)
STORIES = st.lists(st.tuples(WAITS, COMMANDS, st.integers(0, 5)), min_size=1, max_size=12)


class Story:
    """A view in memory, and what is done to its incidents."""

    def __init__(self) -> None:
        project = Project(pid="PID-TEST01", tenant="acme", operators=("olga",))
        self.view = MemoryView({**default_files(), "prismfs.yaml": kind_of(project).write(project)})
        self.now = START
        self.commands = 0

    def incidents(self) -> list[Incident]:
        return sorted((each for each in self.view.records() if isinstance(each, Incident)), key=lambda each: each.id)

    def take(self, event: Event) -> None:
        decision = decide(self.view, event, self.now)
        if isinstance(decision, Plan):
            self.view.add(decision)

    def give(self, verb: str, document: dict[str, Any], which: int) -> None:
        known = self.incidents()
        if verb == "open":
            document = {"subject": "it fails", **document}
        elif not known:
            return
        else:
            document = {"id": known[which % len(known)].id, **document}
            if verb == "merge":
                document["into"] = known[document["into"] % len(known)].id
        self.commands += 1
        fields = {"type": "command", "kind": f"incident.{verb}", "cause": f"command:{self.commands}", "at": self.now}
        self.take(Event.model_validate(fields | {"actor": "olga", "document": document}))

    def turn(self) -> None:
        for _ in range(100):
            due: Sequence[Record] = self.view.due_before(self.now, 100)
            if not due:
                return
            for record in due:
                self.take(due_event(record))
        raise AssertionError("a turn that never ends")


@MODEST
@given(STORIES)
def test_whatever_happens_to_incidents_their_records_hold_together(
    story: list[tuple[timedelta, tuple[str, dict[str, Any]], int]],
) -> None:
    """R-002-44, C-96: times in order, the worst kept, a target missed once, a due time that is the earliest timer."""
    told = Story()
    worst: dict[str, int] = {}
    for wait, (verb, document), which in story:
        told.now += wait
        if verb == "turn":
            told.turn()
        else:
            told.give(verb, document, which)
        for incident in told.incidents():
            check_times(incident)
            assert incident.sev_max.rank <= incident.severity.rank
            assert incident.sev_max.rank <= worst.get(incident.id, 3)
            worst[incident.id] = incident.sev_max.rank
            timers = [at for _, at in incident.timers if at is not None]
            assert incident.due_at == min(timers, default=None)
            assert len(set(incident.missed)) == len(incident.missed)
            if incident.status in ("closed", "duplicate", "false_positive"):
                assert incident.due_at is None
                assert incident.closed_at is not None
    told.now += timedelta(days=40)
    told.turn()
    rows = [row for row in told.view.records() if isinstance(row, Audit) and row.entity_type == "incident"]
    assert all(row.level in ("warn", "error") and set(INCIDENT_META) <= row.meta.keys() for row in rows)
    overdue = [(row.entity_id, row.meta["target"]) for row in rows if row.action == "incident.overdue"]
    assert len(overdue) == len(set(overdue))
    assert all(
        incident.responded_at or "respond" in incident.missed for incident in told.incidents() if incident.is_open
    )
