"""The branch moves between deciding and committing: everything is decided again on what is there now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from prismfs.engine.turn.commit_group import Outcome, commit_group, decide_group
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.submit import command_event
from prismfs.errors import ConflictError
from prismfs.records.api import Event, JsonValue, Plan
from tests.support.project import Project

ARTICLE = b"kind: kb\nversion: 1\nname: workers\ntitle: Workers\nsource: manual 3.2\nbody: Set `size`.\n"
ADDED: JsonValue = {"name": "workers", "title": "Workers", "source": "manual 3.2", "body": "Set `size`."}


def desk_disturbed(bench: Project, disturb: Callable[[], object]) -> Desk:
    """Return a desk at whose side `disturb` happens each time the truth is about to move."""

    def crash_point(name: str) -> None:
        if name == "before-reference":
            disturb()

    return Desk(bench.root, crash_point=crash_point)


def add_article(bench: Project) -> Event:
    at = bench.clock.now()
    return command_event("kb.add", {"document": ADDED, "replace": False}, actor="olga", token="add", at=at)


def rules_of(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.decision.rule for outcome in outcomes if isinstance(outcome.decision, Plan)]


def decide_beside(bench: Project, title: str) -> None:
    """Decide something as another process does that does not keep to the writer's lock."""
    form: JsonValue = {"kind": "todo", "from": "olga", "title": title}
    at = bench.clock.now()
    event = command_event("todo.add", {"document": form}, actor="olga", token=title, at=at)
    base = bench.desk.repo.snapshot()
    plans = [one for _, one in decide_group(bench.desk, base, [event], at) if isinstance(one, Plan)]
    bench.desk.repo.apply(plans, base=base)


def test_truth_that_moved_meanwhile_is_decided_on_as_it_is_then(bench: Project) -> None:
    titles = iter(["one", "two"])

    def disturb() -> None:
        for title in titles:
            decide_beside(bench, title)
            break

    with desk_disturbed(bench, disturb) as desk, desk.repo.writer():
        outcomes = commit_group(desk, [add_article(bench)], bench.clock.now())
    assert rules_of(outcomes) == ["add_article"]
    assert [row.action for row in bench.rows()] == ["todo.created", "todo.created", "kb.added"]
    assert bench.problems() == ()


def test_commits_of_a_person_meanwhile_hold_nothing_up(bench: Project) -> None:
    """They go to the window, and are taken in the next turn; what is there already is not added again."""
    with desk_disturbed(bench, lambda: bench.commit_by_hand({"kb/workers.yaml": ARTICLE})) as desk, desk.repo.writer():
        outcomes = commit_group(desk, [add_article(bench)], bench.clock.now())
    assert rules_of(outcomes) == ["add_article"]
    bench.turn()
    assert [row.action for row in bench.rows()] == ["kb.added", "commit.observed"]
    assert bench.git("status", "--porcelain") == ""
    assert bench.problems() == ()


def test_truth_that_never_stops_moving_is_given_up_with_nothing_done(bench: Project) -> None:
    numbers = iter(range(1000))
    with (
        desk_disturbed(bench, lambda: decide_beside(bench, f"look at {next(numbers)}")) as desk,
        desk.repo.writer(),
        pytest.raises(ConflictError, match="moved"),
    ):
        commit_group(desk, [add_article(bench)], bench.clock.now())
    assert bench.records("kb") == []
