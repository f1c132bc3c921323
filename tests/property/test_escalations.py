"""Random lives of escalations, with kills at any step: what is promised of them holds after each commit.

The same machine runs over rules and memory alone, which is fast, and over a real project. What must be so is worked
out from the commits by a small model of its own, never asked of the code under test.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from prismfs.clock import FakeClock
from prismfs.engine.turn.deliver import begin_event, receipt_event
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.due import due_event
from prismfs.engine.turn.submit import command_event, raise_stale, submit
from prismfs.errors import PrismfsError
from prismfs.kinds import kind_of_path
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.silence import Silence
from prismfs.records.api import Event, Plan, Receipt, Record, Refused
from prismfs.rules import decide
from prismfs.rules.escalation.messages import OVER
from prismfs.store.defaults import default_files
from prismfs.store.memory import MemoryView
from tests.support.project import MakeProject, Project
from tests.support.rows import rows_of
from tests.support.store import MemoryStore

THRESHOLD = timedelta(hours=1)
MOST = 3
ACTIONS = {
    "low": ["log"],
    "medium": ["mail:mayor"],
    "high": ["mail:mayor", "command:pager"],
    "critical": ["mail:mayor", "command:pager", "command:siren"],
}
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW")
PLAIN, PATROL, CHATTY, HOST = "agent:jade", "patrol:disk", "plugin:chatty", "plugin:host"
SOURCES = (PLAIN, PATROL, CHATTY, HOST)
PLACES = ("sent", "temporary", "permanent")
ROUTES = [
    {
        "name": "patrols",
        "matchers": ['source=~"patrol:.*"'],
        "actions": ["log"],
        "group_by": ["source"],
        "group_wait": "1m",
        "group_interval": "5m",
        "repeat_interval": "2h",
        "send_resolved": True,
    },
    {"name": "chatty", "matchers": [f'source="{CHATTY}"'], "actions": ["command:pager", "log"]},
]
RULES = {
    "route": {"name": "default", "actions": ["severity"], "routes": ROUTES},
    "hops": [{"name": "old", "tier": "deacon", "after": "90m", "reason": "older than ninety minutes"}],
    "throttle": [{"action": "command:pager", "limits": ["2/10m"]}],
    "inhibit_rules": [
        {
            "name": "host",
            "source_matchers": [f'source="{HOST}"', 'severity="CRITICAL"'],
            "target_matchers": ['severity=~"LOW|MEDIUM"'],
        }
    ],
}


def expected_actions(source: str, rank: int) -> list[str]:
    """What the settings above mean, read by a person."""
    if source == PATROL:
        return ["log"]
    return ["command:pager", "log"] if source == CHATTY else ACTIONS[SEVERITIES[rank].lower()]


def setting_files(run: list[str], most: int = MOST) -> dict[str, bytes]:
    routing = yaml.safe_load(default_files()["settings/routing.yaml"]) | RULES
    routing["targets"] = {name: {"channel": "command", "run": list(run)} for name in ("pager", "siren")}
    escalation = {
        "type": "escalation",
        "version": 1,
        "routes": {name: ["bead", *actions] for name, actions in ACTIONS.items()},
        "stale_threshold": "1h",
        "max_reescalations": most,
    }
    return {
        "settings/routing.yaml": yaml.safe_dump(routing, sort_keys=False).encode(),
        "settings/escalation.json": json.dumps(escalation, indent=2).encode(),
    }


class Killed(BaseException):
    """The process is gone, as by SIGKILL: nothing may catch it."""


class World:
    """A project as a history of commits, and a process at it that can be killed."""

    clock: FakeClock
    place = "sent"
    """What the places outside answer: `sent`, `temporary` or `permanent`."""

    def __init__(self) -> None:
        self.deaf = 0

    def step(self) -> None:
        """Die here if it is this step's turn."""
        if self.deaf:
            self.deaf -= 1
            if not self.deaf:
                raise Killed


class MemoryWorld(World):
    """The rules over a store in memory: no file, no git, no process."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock(datetime.fromisoformat("2026-03-01T10:00:00Z"))
        unused = ("settings/triage.yaml", "kb/", "AGENTS.md")
        self._files = {path: data for path, data in default_files().items() if not path.startswith(unused)}
        self._files |= setting_files(["/bin/true"])
        self._files["prismfs.yaml"] = b"kind: project\nversion: 1\npid: PID-TEST01\ntenant: acme\noperators: [olga]\n"
        self.store = MemoryStore(self._files)
        self.inbox: list[dict[str, Any]] = []
        self.carried: Counter[str] = Counter()
        self._seen = 0
        self.reopen()

    def reopen(self) -> None:
        """A new process knows what was committed, as bytes, and nothing else."""
        self.view: MemoryView = self.store.view(self.store.snapshot())

    def close(self) -> None:
        pass

    def set_most(self, most: int) -> None:
        files = setting_files(["/bin/true"], most)
        self.store.put_files(files)
        self.reopen()

    def drop(self, form: dict[str, Any], number: int) -> None:
        document = {"document": form, "redactions": [], "name": "a.yaml", "sha256": f"{number:064}", "size": 1}
        self.inbox.append(document)

    def give(self, event: Event) -> None:
        decision = self.offer(event)
        if isinstance(decision, Refused):
            raise decision.raised()

    def stale(self) -> None:
        for record in self.view.due_before(self.clock.now(), 100, of=Escalation):
            self.offer(due_event(record))

    def turn(self) -> None:
        for document in list(self.inbox):
            self.offer(
                Event.model_validate(
                    {
                        "type": "drop",
                        "kind": document["document"]["kind"],
                        "cause": f"drop:{document['sha256']}",
                        "at": self.clock.now(),
                        "actor": document["document"]["from"],
                        "document": document,
                    }
                )
            )
            self.inbox.remove(document)
        for _ in range(50):
            if not self._work():
                return
        raise AssertionError("a turn that never ends")

    def _work(self) -> bool:
        now = self.clock.now()
        messages = self.view.due_before(now + timedelta(milliseconds=1), 500, of=Outbox)
        unheard = [message for message in messages if message.status == "sending" and message.due_at < now]
        due = [*self.view.due_before(now, 100), *unheard]
        for record in due:
            self.offer(due_event(record))
        waiting = [message for message in messages if message.status in ("pending", "unknown")]
        for message in waiting:
            self._deliver(message)
        return bool(due or waiting)

    def _deliver(self, message: Outbox) -> None:
        now = self.clock.now()
        if message.channel != "command":
            self.offer(receipt_event(message, Receipt("sent"), now))
            return
        self.offer(begin_event(message, now))
        begun = self.view.get(Outbox, message.id)
        if begun is None or begun.status != "sending":
            return
        self.carried[message.id] += 1
        self.step()
        self.offer(receipt_event(begun, Receipt(self.place), now))  # type: ignore[arg-type]

    def offer(self, event: Event) -> Any:
        self.step()
        decision = decide(self.view, event, self.clock.now())
        if isinstance(decision, Plan):
            self.store.apply([decision], base=self.store.snapshot())
            self.view.add(decision)
            self.step()
        return decision

    def commits(self) -> Iterator[list[Any]]:
        new = self.store.plans[self._seen :]
        self._seen += len(new)
        for plan in new:
            yield list(plan.puts)

    def records(self, model: type[Any]) -> list[Any]:
        return [record for record in self.view.records() if isinstance(record, model)]

    def verify(self) -> None:
        """What the store holds as bytes is what the view was told."""
        assert list(self.view.records()) == list(self.store.view(self.store.snapshot()).records())


class GitWorld(World):
    """A real project, desk and programs."""

    def __init__(self, bench: Project) -> None:
        super().__init__()
        self.bench = bench
        self.clock = bench.clock
        self._folder: Path = bench.root.parent
        script = self._folder / "pager.sh"
        script.write_text(f"cat >> {self._folder}/carried; echo >> {self._folder}/carried; exit $(cat {script}.code)\n")
        self._run = ["/bin/sh", str(script)]
        bench.commit_by_hand(setting_files(self._run))
        bench.turn()
        self._last = bench.head()
        self.reopen()

    def reopen(self) -> None:
        self.bench.close()
        self.bench.desk = Desk(self.bench.root, crash_point=lambda _: self.step())

    def close(self) -> None:
        self.bench.close()

    def set_most(self, most: int) -> None:
        files = setting_files(self._run, most)
        if any((self.bench.root / path).read_bytes() != data for path, data in files.items()):
            self.bench.desk.repo.bring_window()
            self.bench.commit_by_hand(files)

    def drop(self, form: dict[str, Any], number: int) -> None:
        self.bench.drop(json.dumps(form), f"drop-{number:05}.json")

    def give(self, event: Event) -> None:
        self._answer()
        submit(self.bench.desk, event, self.clock.now())

    def stale(self) -> None:
        self._answer()
        raise_stale(self.bench.desk, self.clock.now(), dry_run=False)

    def turn(self) -> None:
        self._answer()
        self.bench.turn()

    def _answer(self) -> None:
        code = {"sent": 0, "temporary": 75, "permanent": 1}[self.place]
        (self._folder / "pager.sh.code").write_text(str(code))

    @property
    def carried(self) -> Counter[str]:
        path = self._folder / "carried"
        lines = path.read_text().splitlines() if path.exists() else []
        return Counter(json.loads(line)["id"] for line in lines)

    def commits(self) -> Iterator[list[Any]]:
        git = self.bench.desk.repo.git
        names = self.bench.git("rev-list", "--reverse", f"{self._last}..refs/heads/main").split()
        for name in names:
            found = []
            for change in git.changes(self._last, name):
                kind = kind_of_path(change.path)
                assert change.new is not None, f"{change.path} was removed"
                if kind is not None:
                    found.append(kind.read(git.read(change.new), path=change.path))
            self._last = name
            yield found

    def records(self, model: type[Any]) -> list[Any]:
        names: dict[type[Record], str] = {Escalation: "bead", Outbox: "outbox", Silence: "silence"}
        return list(self.bench.records(names[model]))

    def verify(self) -> None:
        assert self.bench.problems() == ()


class Lives(RuleBasedStateMachine):
    """Agents and people do what they do, time passes, places fail, processes are killed."""

    make_world: Callable[[], Any]

    @initialize(
        place=st.sampled_from(PLACES),
        first=st.lists(st.tuples(st.sampled_from(SEVERITIES[1:]), st.sampled_from(SOURCES)), min_size=1, max_size=3),
    )
    def found(self, place: str, first: list[tuple[str, str]]) -> None:
        self.world = type(self).make_world()
        self.world.place = place
        self.number = 0
        self.most = MOST
        self.steady = True
        self.broken = False
        self.beads: dict[str, Escalation] = {}
        self.since: dict[str, datetime] = {}
        self.expected: set[tuple[str, int, str]] = set()
        self.states: dict[str, str] = {}
        self.causes: set[str] = set()
        for severity, source in first:
            self.create_one(severity, "disk" if source == CHATTY else None, source)
        self.read_commits()

    def do(self, step: Callable[[], None]) -> None:
        """Do a step; when the process is killed in it, another does the same again."""
        try:
            step()
        except Killed:
            self.world.reopen()
            self.world.turn()
            step()
        finally:
            self.world.deaf = 0

    def command(self, verb: str, document: dict[str, Any]) -> None:
        self.number += 1
        event = command_event(verb, document, actor="olga", token=f"{self.number:032}", at=self.world.clock.now())

        def give() -> None:
            with suppress(PrismfsError):
                self.world.give(event)

        self.do(give)

    @rule(
        severity=st.sampled_from(SEVERITIES),
        signature=st.sampled_from(("disk", "net", None)),
        source=st.sampled_from(SOURCES),
        dropped=st.booleans(),
        window=st.sampled_from((None, "1s", "5h")),
    )
    def create(self, severity: str, signature: str | None, source: str, dropped: bool, window: str | None) -> None:
        self.create_one(severity, signature, source, dropped=dropped, window=window)

    def create_one(
        self, severity: str, signature: str | None, source: str, *, dropped: bool = True, window: str | None = None
    ) -> None:
        self.number += 1
        # Without a signature their own words are one, so that they must differ in more than a number.
        word = "".join("klmnopqrst"[int(digit)] for digit in str(self.number))
        form = {"kind": "escalation", "from": "jade", "severity": severity, "title": f"{word} fails", "source": source}
        form |= {} if signature is None else {"signature": signature}
        form |= {} if window is None else {"dedup_window": window}
        if dropped:
            self.world.drop(form, self.number)
            self.do(self.world.turn)
        else:
            self.command("escalation", {"document": form | {"from": "olga"}})

    @rule(number=st.integers(0, 9), verb=st.sampled_from(("ack", "ack", "unack", "forward", "close", "comment")))
    def answer(self, number: int, verb: str) -> None:
        held = sorted(self.beads)
        if held:
            document = {"id": held[-1 - number % len(held)], "reason": "because", "text": "seen"}
            self.command(f"escalate.{verb}", document)

    @rule(number=st.integers(0, 9), minutes=st.sampled_from((1, 30, 59, 300)))
    def have_it_for_a_while(self, number: int, minutes: int) -> None:
        waiting = sorted(name for name, bead in self.beads.items() if bead.status == "open")
        if waiting:
            document = {"id": waiting[number % len(waiting)]}
            self.command("escalate.ack", document)
            self.world.clock.move(timedelta(minutes=minutes))
            self.do(self.world.turn)
            self.command("escalate.unack", document)

    @rule(source=st.sampled_from(SOURCES), minutes=st.sampled_from((1, 70, 500)))
    def silence(self, source: str, minutes: int) -> None:
        ends = (self.world.clock.now() + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.command("silence.add", {"matchers": [f'source="{source}"'], "reason": "work on it", "ends_at": ends})

    @rule(number=st.integers(0, 5))
    def end_silence(self, number: int) -> None:
        held = self.world.records(Silence)
        if held:
            self.command("silence.expire", {"id": held[number % len(held)].id})

    @rule(number=st.integers(0, 9))
    def retry(self, number: int) -> None:
        lost = [message for message in self.world.records(Outbox) if message.status in ("failed", "dead")]
        if lost:
            self.command("outbox.retry", {"id": lost[number % len(lost)].id})

    @rule(seconds=st.sampled_from((0, 0.001, 30, 120, 1800, 3600, 7200, 360_000)), place=st.sampled_from(PLACES))
    def let_time_pass(self, seconds: float, place: str) -> None:
        self.world.clock.move(timedelta(seconds=seconds))
        self.do(self.world.turn)
        self.check_nobody_waits()
        self.world.place = place

    @rule(number=st.integers(0, 9), after=st.sampled_from((-1, 0, 0, 1, 1, 60_001)), by_hand=st.booleans())
    def wait_for_the_threshold(self, number: int, after: int, by_hand: bool) -> None:
        """Go to the time at which one is stale, or some milliseconds before or after it."""
        waiting = sorted(name for name, bead in self.beads.items() if bead.status == "open")
        if not waiting:
            return
        there = self.since[waiting[number % len(waiting)]] + THRESHOLD + timedelta(milliseconds=after)
        self.world.clock.move(max(timedelta(), there - self.world.clock.now()))
        self.do(self.world.stale if by_hand else self.world.turn)
        self.check_nobody_waits()

    def check_nobody_waits(self) -> None:
        """R-004-21: what is stale was raised, unless a maximum was changed meanwhile."""
        self.read_commits()
        for name, bead in self.beads.items():
            if self.steady and bead.status == "open" and bead.reescalation_count < MOST:
                assert self.world.clock.now() <= self.since[name] + THRESHOLD, "nobody raised it"

    @rule(most=st.sampled_from((0, 1, MOST)))
    def change_maximum(self, most: int) -> None:
        self.read_commits()
        self.most, self.steady = most, False
        self.world.deaf = 0
        self.world.set_most(most)

    @rule(steps=st.sampled_from((1, 2, 2, 3, 4, 5, 6, 8, 11)))
    def kill_soon(self, steps: int) -> None:
        self.world.reopen()
        self.world.deaf = steps

    @invariant()
    def promises_hold(self) -> None:
        if not hasattr(self, "world"):
            return
        self.read_commits()
        messages = self.world.records(Outbox)
        counts = Counter((message.about, message.level, message.action) for message in messages)
        assert max(counts.values(), default=1) == 1, "an action was told twice"
        assert {key for key in counts if key[0].startswith("bea-") and key[1] % 10_000 < OVER} == self.expected
        for about, level, action in counts:  # who hears of an end has heard of the beginning; a tier by its mailbox
            if about.startswith("bea-") and level % 10_000 >= OVER and not action.startswith("mail:"):
                assert any(key[0] == about and key[2] == action and key[1] < level for key in counts), "never told"
        carried = self.world.carried
        for message in messages:
            assert carried[message.id] <= message.attempts
            assert message.channel != "command" or message.status != "sent" or carried[message.id]
        beads = {bead.id for bead in self.world.records(Escalation)}
        assert beads == self.beads.keys(), "an escalation disappeared"

    def read_commits(self) -> None:
        self.broken = True
        for records in self.world.commits():
            rows = rows_of(records)
            for row in rows:
                if row.event is not None:
                    assert row.cause not in self.causes, "one happening was answered twice"
                    self.causes.add(row.cause)
            for record in records:
                if isinstance(record, Escalation):
                    self.see(record, rows[0].at)
                elif isinstance(record, Outbox):
                    self.follow(record)
        self.broken = False

    def see(self, bead: Escalation, at: datetime) -> None:
        """Hold one version of an escalation against the version before it."""
        before = self.beads.get(bead.id)
        again = before is not None and (bead.reopened, bead.lapsed) != (before.reopened, before.lapsed)
        if before is None:
            self.since[bead.id] = bead.created_at
        elif again:
            lapsed = bead.lapsed - before.lapsed
            assert bead.lapsed + bead.reopened == before.lapsed + before.reopened + 1
            assert (before.status, bead.status) == ("acknowledged" if lapsed else "closed", "open"), "nobody settled it"
            assert bead.begun_at == at
            assert not lapsed or (before.lapse_at is not None and at > before.lapse_at), "an acknowledgement holds"
            assert (bead.reescalation_count, bead.acknowledged_by, bead.closed_at) == (0, None, None)
            assert bead.severity.rank <= before.severity.rank, "less urgent than before"
            self.since[bead.id] = at
        else:
            assert before.status != "closed" or bead.status == "closed"
            assert bead.severity.rank <= before.severity.rank, "less urgent than before"
            assert bead.occurrence_count - before.occurrence_count in (0, 1)
            if bead.reescalation_count != before.reescalation_count:
                assert bead.reescalation_count == before.reescalation_count + 1
                assert (before.status, bead.status) == ("open", "open"), "raised though it was answered"
                assert at > self.since[bead.id] + THRESHOLD, "raised too soon"
                assert bead.last_reescalated_at == at
                assert bead.reescalation_count <= self.most, "raised too often"
                assert bead.severity.rank == max(0, before.severity.rank - 1)
                self.since[bead.id] = at
            if before.status == "acknowledged" and bead.status == "open":
                self.since[bead.id] = at
            first = before.original_severity
            assert first is None or bead.original_severity == first
        if bead.status != "open":
            assert (bead.due_at, bead.raise_at, bead.hop_at) == (bead.lapse_at, None, None)
        assert bead.status != "closed" or bead.lapse_at is None
        level = (bead.reopened + bead.lapsed) * 10_000 + bead.reescalation_count * 10 + 3 - bead.severity.rank
        if (
            before is None
            or again
            or (before.reescalation_count, before.severity) != (bead.reescalation_count, bead.severity)
        ):
            wanted = {*expected_actions(bead.source, bead.severity.rank)}
            tier = before.tier if before is not None and not again else bead.original_tier or bead.tier
            wanted |= set() if tier == "deacon" else {f"mail:{tier}"}
            self.expected |= {(bead.id, level, one) for one in wanted}
        self.beads[bead.id] = bead

    def follow(self, message: Outbox) -> None:
        """What is settled stays so."""
        before = self.states.get(message.id)
        if before in ("sent", "grouped", "withdrawn"):
            assert message.status == before
        self.states[message.id] = message.status

    def teardown(self) -> None:
        if not hasattr(self, "world") or self.broken:
            return
        self.world.place = "sent"
        self.world.deaf = 0
        for _ in range(60):
            self.world.clock.move(timedelta(minutes=17))
            self.world.turn()
        self.promises_hold()
        for message in self.world.records(Outbox):
            assert message.status not in ("pending", "sending", "unknown"), "never sent"
            if message.status == "held":
                assert message.held_by in self.beads, "what held it is over"
                assert self.beads[message.held_by].status != "closed"
        self.world.verify()
        self.world.close()


def run_lives(make_world: Callable[[], Any], *, examples: int, steps: int, shrink: bool = True) -> None:
    machine = type("Machine", (Lives,), {"make_world": staticmethod(make_world)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_lives_of_escalations_keep_their_promises_by_the_rules() -> None:
    """R-004-10, R-004-21 to R-004-23, R-004-25, R-004-26, R-004-28."""
    run_lives(MemoryWorld, examples=15, steps=30)


def test_lives_of_escalations_keep_their_promises_in_a_project(make_bench: MakeProject) -> None:
    """R-004-10, R-004-25, R-004-28: the same over real commits, with kills at the crash points."""
    run_lives(lambda: GitWorld(make_bench()), examples=2, steps=12, shrink=False)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_many_lives_of_escalations_keep_their_promises_by_the_rules() -> None:
    run_lives(MemoryWorld, examples=150, steps=50)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_lives_of_escalations_keep_their_promises_in_a_project(make_bench: MakeProject) -> None:
    run_lives(lambda: GitWorld(make_bench()), examples=40, steps=25, shrink=False)
