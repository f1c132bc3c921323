"""`decide` is a function of view, event and now; what it plans is what is read back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prismfs.engine.turn.commit_group import commit_group
from prismfs.engine.turn.due import due_event
from prismfs.kinds import kind_of
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.core.audit import AuditFile
from prismfs.records.api import Event, Plan, Record
from prismfs.rules import decide
from prismfs.store.memory import MemoryView
from tests.support.project import Project

MODEST = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

NAMES = st.sampled_from(("jade", "Sage", "Clara", "mayor", "olga", "nobody", "prismfs"))
READERS = st.sampled_from(("Sage", "Sage", "Sage", "Sage", "mayor", "olga", "nobody"))
WORDS = st.sampled_from(
    ("crash", "traceback", "how do I", "would be nice", "I suggest", "production is down", "data loss")
)
TEXTS = st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=4).map(" ".join))
LINES = st.one_of(st.text(alphabet=st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=40), WORDS)
NASTY = st.sampled_from(
    ("#", ": ", "- a", "'", '"', "null", "1e3", "\t", "a\n\n\nb", " \n", "---", "{", "\u2028", "\U0001f600")
)
DROPS = st.one_of(
    st.fixed_dictionaries(
        {
            "kind": st.just("signal"),
            "from": NAMES,
            "to": READERS,
            "type": st.sampled_from(("Question", "Question", "Question", "StatusUpdate", "Nonsense")),
            "subject": LINES,
        },
        optional={
            "body": st.one_of(TEXTS, NASTY),
            "dedup_key": st.sampled_from(("one", "two")),
            "labels": st.dictionaries(st.sampled_from(("service", "zone")), st.one_of(TEXTS, NASTY), max_size=2),
            "ttl": st.sampled_from(("1s", "4h")),
            "created_at": st.sampled_from(("2026-02-01T00:00:00Z", "2030-01-01T00:00:00Z")),
            "in_reply_to": st.just("sig-" + "0" * 26),
        },
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("escalation"),
            "from": NAMES,
            "title": LINES,
            "severity": st.sampled_from(("LOW", "medium", "HIGH", "CRITICAL", "loud")),
        },
        optional={
            "body": st.one_of(TEXTS, NASTY),
            "signature": st.sampled_from(("one", "two")),
            "category": st.sampled_from(("help", "emergency", "x")),
            "to": st.sampled_from(("deacon", "overseer", "x")),
        },
    ),
    st.fixed_dictionaries(
        {"kind": st.sampled_from(("todo", "journal", "ack", "comment", "x")), "from": NAMES, "title": TEXTS}
    ),
)


def drop_event(bench: Project, form: dict[str, Any], number: int) -> Event:
    return Event.model_validate(
        {
            "type": "drop",
            "kind": form["kind"],
            "cause": f"drop:{number:064}",
            "at": bench.clock.now(),
            "actor": form["from"],
            "document": {"document": form, "redactions": [], "name": "a.yaml", "sha256": f"{number:064}", "size": 1},
        }
    )


@pytest.fixture
def busy(bench: Project, signals: dict[str, str]) -> Project:
    """A project with something of everything, and things that are due."""
    for text in signals.values():
        bench.drop(text)
    for severity in ("LOW", "HIGH"):
        bench.drop(f"kind: escalation\nfrom: jade\nseverity: {severity}\ntitle: disk\nsignature: one\n")
    bench.drop("kind: escalation\nfrom: jade\nseverity: CRITICAL\ntitle: net\nsignature: two\n")
    bench.turn()
    bench.give("escalate.close", {"id": bench.records("bead")[0].id, "reason": "done"})
    bench.clock.move(timedelta(hours=25))
    return bench


def all_equal(bench: Project, events: list[Event]) -> list[Any]:
    """Decide each event on every make of view, twice, and return what all of them agreed on."""
    repo, now = bench.desk.repo, bench.clock.now()
    base = repo.snapshot()
    memory = MemoryView(bench.files())
    agreed = []
    for event in events:
        with repo.overlay(base) as projection:
            found = [decide(projection, event, now), decide(projection, event, now)]
        found += [decide(memory, event, now), decide(memory, Event.model_validate(event.to_document()), now)]
        assert all(decision == found[0] for decision in found), event
        agreed.append(found[0])
    return agreed


def test_decide_due_and_commands_on_every_view_gives_equal_plans(busy: Project) -> None:
    view = busy.desk.repo.view(busy.desk.repo.snapshot())
    waiting: Sequence[Record] = view.due_before(busy.clock.now(), 100)
    events = [due_event(record) for record in waiting if record.to_document()["kind"] != "outbox"]
    assert {event.kind for event in events} == {"bead", "incident", "signal"}
    for verb, kind in (
        ("incident.ack", "incident"),
        ("incident.resolve", "incident"),
        ("escalate.ack", "bead"),
        ("escalate.close", "bead"),
        ("classify", "signal"),
        ("mail.ack", "mail"),
        ("no.such", "bead"),
    ):
        for record in busy.records(kind):
            for actor in ("olga", "Clara", "jade"):
                events.append(
                    Event.model_validate(
                        {
                            "type": "command",
                            "kind": verb,
                            "cause": f"command:{verb}:{record.id}:{actor}",
                            "at": busy.clock.now(),
                            "actor": actor,
                            "document": {"id": record.id, "lane": "incident", "reason": "because"},
                        }
                    )
                )
    decisions = all_equal(busy, events)
    assert len({type(decision) for decision in decisions}) == 3


def test_decide_any_drop_on_every_view_gives_equal_plans(busy: Project) -> None:
    @MODEST
    @given(forms=st.lists(DROPS, min_size=1, max_size=4))
    def holds(forms: list[dict[str, Any]]) -> None:
        all_equal(busy, [drop_event(busy, form, number) for number, form in enumerate(forms)])

    holds()


def test_decide_leaves_the_view_as_it_was(busy: Project) -> None:
    memory, twin = MemoryView(busy.files()), MemoryView(busy.files())
    event = drop_event(busy, {"kind": "escalation", "from": "jade", "title": "disk", "severity": "HIGH"}, 1)
    assert isinstance(decide(memory, event, busy.clock.now()), Plan)
    assert list(memory.records()) == list(twin.records())
    assert memory.last_audit() == twin.last_audit()
    assert not memory.handled(event.cause)


def test_apply_any_plan_reads_the_same_records_back(bench: Project) -> None:
    numbers = iter(range(1, 10_000))

    @MODEST
    @given(forms=st.lists(DROPS, min_size=1, max_size=4))
    def holds(forms: list[dict[str, Any]]) -> None:
        events = [drop_event(bench, form, next(numbers)) for form in forms]
        with bench.desk.repo.writer():
            outcomes = commit_group(bench.desk, events, bench.clock.now())
            bench.desk.repo.bring_window()
        last = {
            kind_of(record).place_of(record): record
            for outcome in outcomes
            if isinstance(outcome.decision, Plan)
            for record in outcome.decision.puts
        }
        after = bench.desk.repo.snapshot()
        view = bench.desk.repo.view(after)
        for path, record in last.items():
            data = bench.desk.repo.read(after, path)
            assert kind_of(record).read(data, path=path) == record
            assert (bench.root / path).read_bytes() == data
            if not isinstance(record, AuditFile):
                assert view.get(type(record), kind_of(record).name_of(record)) == record

    holds()
    assert bench.records("signal")
    assert {type(record) for record in bench.records("signal")} == {Signal}
    assert bench.problems() == ()
