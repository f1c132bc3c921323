"""Two made-up versions of one rule: what the older one decided is decided again by the older one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from prismfs.engine.turn.submit import command_event
from prismfs.errors import StoreError
from prismfs.kinds.work.todo import Todo
from prismfs.records.api import Plan
from prismfs.rules import TABLE, decide
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.road import Row, Table
from tests.support.history import History
from tests.support.project import Project

OLD, NEW = 1, 2


def shout_since_the_second(draft: Draft) -> None:
    """The rule as it has to be changed: both ways stay, told apart by the version that decided."""
    keep(draft, loud=draft.since(NEW))


def shout_always(draft: Draft) -> None:
    """The same change made without a branch."""
    keep(draft, loud=True)


def keep(draft: Draft, *, loud: bool) -> None:
    title = str(draft.event.document["title"])
    title = title.upper() if loud else title
    made = Todo(id=draft.new_id("tod"), title=title, owner="olga", created_at=draft.now, status="open")
    draft.subject = draft.put(made)
    draft.because("shout" if loud else "say", "as asked")
    draft.row("todo.created", made, reason=draft.reason)
    draft.row("todo.noted", made, reason="the second row of this commit")


def table(rule: Callable[[Draft], None]) -> Table:
    return {**TABLE, ("command", "toy"): Row((rule,))}


BRANCHED, CARELESS = table(shout_since_the_second), table(shout_always)


@pytest.fixture
def history(bench: Project) -> Iterator[History]:
    """A project whose first two commits were decided by version 1 of a rule, and the next two by version 2."""
    desk, now = bench.desk, bench.clock.now()
    for number, rules in enumerate((OLD, OLD, NEW, NEW)):
        event = command_event("toy", {"title": f"hello {number}"}, actor="olga", token=f"toy-{number}", at=now)
        with desk.repo.writer():
            base = desk.repo.snapshot()
            plan = decide(desk.repo.view(base), event, now, rules=rules, table=BRANCHED)
            assert isinstance(plan, Plan)
            desk.repo.apply([plan], base=base)
    made = History(bench.root)
    yield made
    made.git.close()


def codes(history: History, **how: Any) -> list[tuple[str, int]]:
    """Return code and step of every problem that verifying finds."""
    found, ids = history.verify(**how)
    return [(problem.code, ids.index(problem.path)) for problem in found.problems]


def test_rule_that_changed_decides_each_commit_by_its_own_version(bench: Project, history: History) -> None:
    assert {todo.title for todo in bench.records("todo")} == {"hello 0", "hello 1", "HELLO 2", "HELLO 3"}
    found, _ = history.verify(rules=NEW, table=BRANCHED)
    assert (found.problems, found.decided, found.older) == ((), 4, 2)
    assert [row.rule for row in bench.records("audit")][::2] == ["say", "say", "shout", "shout"]


def test_rule_that_changed_without_a_branch_is_noticed_at_the_first_older_commit(history: History) -> None:
    assert codes(history, rules=NEW, table=CARELESS)[0] == ("differs", 1)


def test_rule_of_a_newer_program_is_reported_with_what_to_do(history: History) -> None:
    found, ids = history.verify(rules=OLD, table=BRANCHED)
    assert [(problem.code, ids.index(problem.path)) for problem in found.problems] == [
        ("newer_rules", 3),
        ("newer_rules", 4),
    ]
    assert "upgrade prismfs" in str(found.problems[0].hint)
    assert found.decided == 2


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_digest_of_the_rows_before_is_checked_under_older_rules_too(history: History, step: int) -> None:
    """Whichever rules decided, the bytes of the file before count."""
    path = history.steps[step].path("audit")
    digest = json.loads(history.read(history.steps[step].changes[path]))["prev"].encode()
    history.edit(step, path, digest, b"f" * 64)
    found = codes(history, rules=NEW, table=BRANCHED)
    assert found[0] == ("differs", step)
    assert ("chain_broken", step) in found


def test_program_refuses_to_decide_where_a_newer_one_decided(bench: Project, history: History) -> None:
    """Its rules are of version 1 here: what rules 2 wrote it may not understand."""
    head = bench.head()
    with pytest.raises(StoreError, match="rules 2 decided here last") as refused:
        bench.give("todo.add", {"title": "one more"})
    assert refused.value.code == "newer_rules"
    assert "upgrade prismfs" in str(refused.value.problem.hint)
    assert bench.head() == head
