"""Random weeks of a project: whatever agents, operators and restarts do, these things hold."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from prismfs.errors import ForbiddenError, RefusedError
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy
from tests.support.project import MakeProject, Project

LANES = ("info", "incident", "enhancement", "recommendation", "unclassified", "delivered")
SEVERITIES = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
ACTORS = ("olga", "Clara", "mayor", "jade")


class Weeks(RuleBasedStateMachine):
    """Agents drop, people give commands, time passes, the watcher starts anew."""

    make_bench: Any = None
    signals: dict[str, str] = {}  # noqa: RUF012 - set once by the test, hypothesis makes the instances
    made: list[Any] = []  # noqa: RUF012

    @initialize()
    def found(self) -> None:
        self.bench = type(self).make_bench()
        self.open_beads: set[str] = set()
        self.raised: dict[str, int] = {}
        self.settled: dict[tuple[str, int, int], int] = {}
        self.before: dict[str, bytes] = {}

    @rule(lanes=st.lists(st.sampled_from(LANES), min_size=1, max_size=3))
    def drop_signals(self, lanes: list[str]) -> None:
        for lane in lanes:
            self.bench.drop(type(self).signals[lane])
        self.bench.turn()

    @rule(severity=st.sampled_from(SEVERITIES), signature=st.sampled_from(("disk", "net", None)))
    def drop_escalation(self, severity: str, signature: str | None) -> None:
        more = "" if signature is None else f"signature: {signature}\n"
        self.bench.drop(f"kind: escalation\nfrom: jade\nseverity: {severity}\ntitle: it is full\n{more}")
        self.bench.turn()

    @rule(number=st.integers(0, 30), actor=st.sampled_from(ACTORS), kind=st.sampled_from(("incident", "bead", "mail")))
    def drop_ack(self, number: int, actor: str, kind: str) -> None:
        held = self.bench.records(kind)
        if held:
            self.bench.drop(f"kind: ack\nfrom: {actor}\nid: {held[number % len(held)].id}\n")
            self.bench.turn()

    @rule(
        number=st.integers(0, 30),
        actor=st.sampled_from(ACTORS),
        verb=st.sampled_from(("incident.ack", "incident.resolve", "escalate.ack", "escalate.close", "classify")),
    )
    def give_command(self, number: int, actor: str, verb: str) -> None:
        held = self.bench.records({"incident": "incident", "escalate": "bead"}.get(verb.partition(".")[0], "signal"))
        if held:
            document = {"id": held[number % len(held)].id, "reason": "because", "note": "seen", "lane": "incident"}
            try:
                self.bench.give(verb, document, actor=actor)
            except (RefusedError, ForbiddenError):
                return

    @rule(close=st.booleans(), number=st.integers(0, 3))
    def answer_escalation(self, close: bool, number: int) -> None:
        waiting = [bead for bead in self.bench.records("bead") if bead.status == "open"]
        if waiting:
            document = {"id": waiting[number % len(waiting)].id, "reason": "done"}
            self.bench.give("escalate.close" if close else "escalate.ack", document)

    @rule(minutes=st.sampled_from((0, 1, 59, 240, 241, 1441, 6000)))
    def let_time_pass(self, minutes: int) -> None:
        self.bench.wait(timedelta(minutes=minutes))

    @rule()
    def restart(self) -> None:
        self.bench.restart()
        assert self.bench.turn() == []

    @invariant()
    def the_past_stays(self) -> None:
        """R-004-10: no record is removed, no audit row changed."""
        files = self.bench.files()
        assert self.before.keys() <= files.keys()
        assert all(files[path] == data for path, data in self.before.items() if path.startswith("audit/"))
        self.before = files

    @invariant()
    def escalations_hold(self) -> None:
        """R-004-10, R-004-22, R-004-25: none vanishes, none is raised too soon or once it was answered."""
        beads: dict[str, Escalation] = {bead.id: bead for bead in self.bench.records("bead")}
        assert self.open_beads <= beads.keys()
        self.open_beads |= beads.keys()
        for name, bead in beads.items():
            life = (name, bead.reopened, bead.lapsed)  # what comes back is waited for anew
            if life in self.settled:
                assert bead.status in ("acknowledged", "closed")
                assert bead.reescalation_count == self.settled[life]
            elif bead.status != "open":
                self.settled[life] = bead.reescalation_count
            assert bead.due_at is None or bead.status != "closed"

    @invariant()
    def each_message_is_one(self) -> None:
        """R-004-28: one outbox record for each bead, level and action, whatever was repeated."""
        counts = Counter((message.about, message.level, message.action) for message in self.bench.records("outbox"))
        assert not [key for key, count in counts.items() if count > 1]

    @invariant()
    def history_verifies(self) -> None:
        assert self.bench.problems() == ()

    def teardown(self) -> None:
        if not hasattr(self, "bench"):
            return
        check_raises(self.bench)
        self.bench.desk.repo.bring_window()
        assert self.bench.git("status", "--porcelain") == ""
        assert self.bench.git("fsck", "--strict", "--full", "--no-dangling") == ""
        assert not list((self.bench.root / "inbox").iterdir())


def check_raises(bench: Project) -> None:
    """R-004-22: from creation to the first raise, and between two, more than one threshold passes."""
    threshold = EscalationPolicy().stale_threshold
    last: dict[str, datetime] = {}
    for row in bench.records("audit"):
        if row.action in ("escalation.created", "escalation.reopened", "escalation.raised"):
            assert row.action != "escalation.raised" or row.at - last[row.entity_id] > threshold
            last[row.entity_id] = row.at


def run_weeks(make_bench: MakeProject, signals: dict[str, str], *, examples: int, steps: int) -> None:
    machine = type("Machine", (Weeks,), {"make_bench": staticmethod(make_bench), "signals": signals})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_history_of_random_weeks_keeps_its_promises(make_bench: MakeProject, signals: dict[str, str]) -> None:
    run_weeks(make_bench, signals, examples=4, steps=12)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_history_of_many_random_weeks_keeps_its_promises(make_bench: MakeProject, signals: dict[str, str]) -> None:
    run_weeks(make_bench, signals, examples=60, steps=30)
