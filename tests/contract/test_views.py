"""The projection against the slow reader: the same history, the same answers to every question of a view."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from prismfs.errors import ConfigError, PrismfsError
from prismfs.kinds import KINDS, kind_of
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.group import Group
from prismfs.kinds.escalation.silence import Silence
from prismfs.records.api import Record, View, derive_id, format_instant
from prismfs.store.git.plumbing import EMPTY_TREE, NO_OBJECT
from prismfs.store.memory import MemoryView
from prismfs.store.projection import Projection
from tests.support.project import Project

QUESTIONS = (
    "How do I set the number of workers?",
    "unknown issuer certificate",
    "postgres pool size exhausted",
    "",
    "'\"; DROP TABLE article; --",
)
ARTICLES = {
    "pool-size": ("Pool size", "A pool of connections to postgres has ten workers; set the number with `size`."),
    "issuer": ("Unknown issuer", "The certificate of the issuer is unknown: add it to the store."),
}


def tried(question: Callable[[], Any]) -> Any:
    """Return the answer, or what was refused: a refusal must be the same as well."""
    try:
        return question()
    except ConfigError as error:
        return error.code, error.problem.path


def answers_of(view: View, seen: dict[str, dict[str, Any]], causes: set[str], bench: Project) -> dict[str, Any]:
    """Ask every question of the protocol about everything that was ever there, and some that never was."""
    found: dict[str, Any] = {}
    for name, kind in KINDS.items():
        for identifier in (*sorted(seen.get(name, {})), "no-such", "../x", kind.name, "bea-" + "0" * 26):
            found[f"get {name} {identifier}"] = view.get(kind.model, identifier)
        if kind.layout == "single" and name != "tenant":
            found[f"single {name}"] = tried(partial(view.single, kind.model))
    keys = {bead.signature for bead in seen.get("bead", {}).values()}
    keys |= {incident.dedup_key for incident in seen.get("incident", {}).values()}
    for key in sorted((keys - {None}) | {"never"}):
        for name in ("bead", "incident", "signal"):
            found[f"open {name} {key}"] = view.open_with_key(KINDS[name].model, key)
            found[f"latest {name} {key}"] = view.latest_with_key(KINDS[name].model, key)
    holders = {message.held_by for message in seen.get("outbox", {}).values()}
    inhibited = {inhibition.key for inhibition in seen.get("inhibition", {}).values()}
    for name, known in (("bead", keys), ("outbox", holders), ("inhibition", inhibited), ("group", {None})):
        for key in sorted((known - {None}) | {"never"}):
            found[f"all {name} {key}"] = tuple(view.all_with_key(KINDS[name].model, key))
    for name in ("outbox", "bead", "inhibition"):
        referred = {KINDS[name].facets_of(record.to_document()).ref for record in seen.get(name, {}).values()}
        for ref in sorted((referred - {None}) | {"never"}):
            found[f"ref {name} {ref}"] = tuple(view.with_ref(KINDS[name].model, ref))
    for name in ("silence", "inhibition", "group", "bead"):
        found[f"open of {name}"] = tuple(view.open_of(KINDS[name].model))
    for action in ("log", "mail:mayor", "email:human", "never"):
        for statuses, limit in ((("sent", "failed"), 1), (("sent", "held", "not_configured"), 3), ((), 3)):
            found[f"latest of {action} {statuses} {limit}"] = tuple(view.latest_of(Outbox, action, statuses, limit))
    for hours in (0, 1, 30, 1000):
        for limit in (1, 3, 1000):
            now = bench.clock.now() + timedelta(hours=hours)
            found[f"share {hours} {limit}"] = tuple(view.due_before(now, limit, of=Outbox, share=1))
            found[f"due {hours} {limit}"] = tuple(view.due_before(now, limit))
            for model in (Outbox, Escalation, Silence):
                found[f"due {model} {hours} {limit}"] = tuple(view.due_before(now, limit, of=model))
    found["next_due"] = view.next_due()
    for timed in (Outbox, Escalation, Silence, Group):
        found[f"next_due {timed}"] = view.next_due(of=timed)
    found["last_audit"] = view.last_audit()
    for cause in sorted(causes | {"drop:never"}):
        found[f"handled {cause}"] = view.handled(cause)
    for question in QUESTIONS:
        found[f"answers {question}"] = tuple(view.find_answers(question, 3))
    return found


class Oracle:
    """Walks a bench's commits and keeps one view of each make: brought along, and made anew."""

    def __init__(self, bench: Project) -> None:
        self.bench = bench
        self.brought = MemoryView()
        self.head = EMPTY_TREE
        self.seen: dict[str, dict[str, Record]] = {}
        self.causes: set[str] = set()

    def compare(self) -> None:
        repo = self.bench.desk.repo
        head = self.bench.truth()
        for change in repo.git.changes(self.head, head):
            if change.new == NO_OBJECT:
                self.brought.remove_file(change.path)
            else:
                self.brought.put_file(change.path, repo.git.read(change.new) or b"")
        self.head = head
        for record in self.brought.records():
            kind = kind_of(record)
            self.seen.setdefault(kind.name, {})[kind.name_of(record)] = record
            if kind.chained:
                self.causes.add(str(record.to_document()["cause"]))
        anew = Projection(None)
        anew.bring_to(head, repo.git)
        views: dict[str, View] = {
            "dictionary brought along": self.brought,
            "dictionary made anew": MemoryView(self.bench.files()),
            "projection brought along": repo.view(repo.snapshot()),
            "projection made anew": anew,
        }
        found = {name: answers_of(view, self.seen, self.causes, self.bench) for name, view in views.items()}
        anew.close()
        wanted = found.pop("dictionary made anew")
        for name, answers in found.items():
            differing = {key: (answers[key], wanted[key]) for key in wanted if answers[key] != wanted[key]}
            assert not differing, name


class Steps:
    """What agents, people and time do to a project, each step drawn by `chance`."""

    def __init__(self, bench: Project, signals: dict[str, str], chance: random.Random) -> None:
        self.bench, self.signals, self.chance = bench, signals, chance

    def drop(self) -> None:
        for _ in range(self.chance.randint(1, 4)):
            self.bench.drop(self.chance.choice(list(self.signals.values())))

    def escalate(self) -> None:
        for _ in range(3):
            severity = self.chance.choice(("LOW", "MEDIUM", "HIGH", "CRITICAL"))
            signature = self.chance.choice(("one", "two", "three"))
            labels = f"{{service: {self.chance.choice(('web', 'db'))}}}"
            self.bench.drop(
                f"kind: escalation\nfrom: jade\nseverity: {severity}\ntitle: disk\n"
                f"signature: {signature}\nlabels: {labels}\n"
            )

    def silence(self) -> None:
        length = timedelta(minutes=self.chance.choice((30, 120)))
        document = {
            "matchers": [f"service={self.chance.choice(('web', 'db'))}"],
            "reason": "maintenance",
            "ends_at": format_instant(self.bench.clock.now() + length),
        }
        self.bench.give("silence.add", document)

    def wait(self) -> None:
        self.bench.clock.move(timedelta(minutes=self.chance.choice((1, 61, 241, 2000))))

    def command(self) -> None:
        verb, kind = self.chance.choice(
            (
                ("incident.ack", "incident"),
                ("incident.resolve", "incident"),
                ("escalate.ack", "bead"),
                ("escalate.close", "bead"),
            )
        )
        held = [path for path in sorted(self.bench.files()) if KINDS[kind].owns(path)]
        if held:
            name = self.chance.choice(held).rpartition("/")[2].partition(".")[0]
            document = {"id": name, "reason": "done"}
            try:
                self.bench.give(verb, document)
            except PrismfsError:
                return

    def write_article(self) -> None:
        name = self.chance.choice(list(ARTICLES))
        title, body = ARTICLES[name]
        body = f"{body} {self.chance.choice(('workers', 'certificate', ''))}"
        text = f"kind: kb\nversion: 1\nname: {name}\ntitle: {title}\nsource: manual\nbody: {body!r}\n"
        self._commit({f"kb/{name}.yaml": text.encode()})

    def remove(self) -> None:
        files = sorted(self.bench.files())
        self._commit({self.chance.choice(files): None})

    def spoil(self) -> None:
        files = self.bench.files()
        path = self.chance.choice(sorted(files))
        self._commit({path: self.chance.choice((b"", b"kind: x\n", files[path][:-9], files[path] + b"\n"))})

    def mend_settings(self) -> None:
        first = self.bench.git("rev-list", "--max-parents=0", self.bench.truth())
        held = self.bench.files(first) | {"settings/routing.yaml": ROUTING}
        now = self.bench.files()
        changed = {path: data for path, data in held.items() if now.get(path) != data}
        if changed:
            self._commit(changed)

    def _commit(self, files: dict[str, bytes | None]) -> None:
        with self.bench.desk.repo.writer():
            self.bench.desk.repo.bring_window()
        if any(self.bench.files().get(path) != data for path, data in files.items()):
            self.bench.force(files)

    def any(self) -> None:
        steps = (
            self.drop,
            self.drop,
            self.escalate,
            self.escalate,
            self.silence,
            self.wait,
            self.command,
            self.write_article,
            self.remove,
            self.spoil,
        )
        step = self.chance.choice((*steps, self.mend_settings))
        try:  # a file of settings that is gone may be missed by the next command only
            step()
            self.bench.turn()
        except ConfigError:
            self.mend_settings()
            self.bench.turn()


ROUTING = b"""kind: routing
version: 1
tiers: [deacon, mayor, overseer]
route:
  name: default
  actions: [severity, log]
  routes:
    - {name: web, matchers: [service=web], group_by: [service], group_wait: 1m}
inhibit_rules:
  - {name: loud, source_matchers: [severity=CRITICAL], target_matchers: [severity=~"LOW|MEDIUM"], equal: [service]}
"""
"""Routes under which notices are grouped, inhibited and silenced, so that every question has answers."""


@pytest.fixture
def bench(bench: Project) -> Project:
    """A bench with those routes."""
    bench.commit_by_hand({"settings/routing.yaml": ROUTING})
    bench.turn()
    return bench


def test_views_after_every_kind_of_step_agree(bench: Project, signals: dict[str, str]) -> None:
    oracle = Oracle(bench)
    steps = Steps(bench, signals, random.Random(1))
    for name in (
        "drop",
        "escalate",
        "silence",
        "escalate",
        "write_article",
        "wait",
        "command",
        "remove",
        "spoil",
        "mend_settings",
    ):
        getattr(steps, name)()
        oracle.compare()
        try:
            bench.turn()
        except ConfigError:
            steps.mend_settings()
            bench.turn()
        oracle.compare()
    assert {"silence", "group", "inhibition", "outbox", "bead"} <= oracle.seen.keys()


@pytest.mark.parametrize("seed", range(3))
def test_views_on_a_random_history_agree(seed: int, bench: Project, signals: dict[str, str]) -> None:
    oracle, steps = Oracle(bench), Steps(bench, signals, random.Random(seed))
    for _ in range(12):
        steps.any()
        oracle.compare()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 112))
def test_views_on_many_random_histories_agree(seed: int, bench: Project, signals: dict[str, str]) -> None:
    oracle, steps = Oracle(bench), Steps(bench, signals, random.Random(seed))
    for _ in range(30):
        steps.any()
        oracle.compare()


def test_views_give_each_owner_its_share_of_what_is_due(bench: Project) -> None:
    """C-82: many of one owner do not hide the others."""
    files = {}
    for number, action in enumerate(["webhook:a", "webhook:a", "webhook:a", "webhook:b"]):
        at = bench.clock.now() + timedelta(seconds=number)
        message = Outbox(
            id=derive_id("out", at, cause=str(number)),
            about=derive_id("bea", at, cause="x"),
            action=action,
            level=0,
            channel="webhook",
            target="x",
            subject=str(number),
            body="",
            priority="low",
            created_at=at,
            status="pending",
            due_at=at,
        )
        files[kind_of(message).place_of(message)] = kind_of(message).write(message)
    bench.force(files)
    now = bench.clock.now() + timedelta(hours=1)
    for view in (MemoryView(files), bench.desk.repo.view(bench.desk.repo.snapshot())):
        subjects = [[each.subject for each in view.due_before(now, 9, of=Outbox, share=share)] for share in (0, 1, 2)]
        assert subjects == [["0", "1", "2", "3"], ["0", "3"], ["0", "1", "3"]]
