"""A history that was decided once is decided the same way for ever."""

from __future__ import annotations

from typing import Any

from prismfs.decide import RULES_VERSION
from prismfs.engine.verify import verify

# A change of the rules that makes one of these fail needs a new RULES_VERSION; then the old bundle counts as older.


def test_replay_history_of_these_rules_decides_the_same(history: Any, run_git: Any) -> None:
    found = verify(history.git, until=run_git(history.root, "rev-parse", "main"))
    assert found.problems == ()
    assert (found.decided, found.foreign, found.older) == (found.commits - 2, 2, 0)


def test_replay_history_holds_every_kind_of_decision(history: Any) -> None:
    """What the bundle does not hold, the test above cannot guard."""
    rules = {" ".join(step.subject.split(" ")[:2]) for step in history.steps}
    assert rules >= {
        "signal: open_incident",
        "signal: join_incident",
        "signal: ask_back",
        "signal: hand_off",
        "signal: deliver",
        "signal: overdue",
        "bead: escalate",
        "bead: count_repeat",
        "bead: raise",
        "bead: close",
        "outbox: deliver",
        "todo: accept",
        "file: refuse",
        "commit: observe",
        "incident: acknowledge",
        "incident: resolve",
    }


def test_replay_history_taken_apart_and_put_together_is_the_same(history: Any) -> None:
    """The hands that tamper below change nothing by themselves."""
    found, ids = history.verify()
    assert found.problems == ()
    assert len(ids) == found.commits


def test_replay_history_holds_no_secret(history: Any) -> None:
    """A password that was dropped is in no blob, not even in one that nothing points at."""
    for step in history.steps:
        assert "hunter2" not in step.message
        assert not any(b"hunter2" in history.read(blob) for blob in step.changes.values() if blob)


def test_replay_since_a_commit_judges_only_what_follows(history: Any, run_git: Any) -> None:
    number = history.find("signal: deliver")
    history.edit(number, history.steps[number].path("signals"), b"status: ", b"status:  ")
    broken, ids = history.verify()
    assert [problem.path for problem in broken.problems] == [ids[number]]
    later = verify(history.git, until=ids[-1], since=ids[number])
    assert later.problems == ()
    assert later.commits == len(ids) - number - 1


def test_replay_commit_of_newer_rules_is_told_apart_and_no_fault(history: Any) -> None:
    number = history.find("signal: hand_off")
    step = history.steps[number]
    version = f"Prismfs-Version: {RULES_VERSION}"
    assert version in step.message
    history.steps[number] = step.with_(message=step.message.replace(version, f"Prismfs-Version: {RULES_VERSION + 1}"))
    found, _ = history.verify()
    assert found.problems == ()
    assert found.older == 1
    assert found.decided == found.commits - found.foreign - 1
