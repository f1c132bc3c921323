"""A history that was decided once is decided the same way for ever."""

from __future__ import annotations

from prismfs.engine.trust.verify import verify
from prismfs.rules import RULES_VERSION
from tests.support.history import History


def test_replay_history_taken_apart_and_put_together_is_the_same(history: History) -> None:
    """The hands that tamper below change nothing by themselves."""
    found, ids = history.verify()
    assert found.problems == ()
    assert len(ids) == found.commits


def test_replay_history_holds_no_secret(history: History) -> None:
    """A password that was dropped is in no blob, not even in one that nothing points at."""
    for step in history.steps:
        assert "hunter2" not in step.message
        assert not any(b"hunter2" in history.read(blob) for blob in step.changes.values() if blob)


def test_replay_since_a_commit_judges_only_what_follows(history: History) -> None:
    number = history.find("signal: deliver")
    history.edit(number, history.steps[number].path("signals"), b"status: ", b"status:  ")
    broken, ids = history.verify()
    assert [problem.path for problem in broken.problems] == [ids[number]]
    later = verify(history.git, until=ids[-1], since=ids[number])
    assert later.problems == ()
    assert later.commits == len(ids) - number - 1


def claim(history: History, number: int, version: int) -> None:
    """Let a commit say that it was decided by other rules."""
    step = history.steps[number]
    said = f"Prismfs-Version: {RULES_VERSION}"
    assert said in step.message
    history.steps[number] = step.with_(message=step.message.replace(said, f"Prismfs-Version: {version}"))


def test_replay_history_of_older_rules_is_decided_by_them(history: History) -> None:
    found, _ = history.verify(rules=RULES_VERSION + 1)
    assert found.problems == ()
    assert found.decided == found.older == found.commits - found.foreign


def test_replay_commit_of_newer_rules_is_named(history: History) -> None:
    """Whoever cannot decide it must not call it verified."""
    number = history.find("signal: hand_off")
    claim(history, number, RULES_VERSION + 1)
    found, ids = history.verify()
    assert [(problem.code, problem.path) for problem in found.problems] == [("newer_rules", ids[number])]
    assert "upgrade prismfs" in str(found.problems[0].hint)


def test_replay_commit_that_claims_older_rules_than_the_one_before_is_named(history: History) -> None:
    """Such a claim would bring back what a newer version has mended."""
    number = history.find("signal: hand_off")
    for later in range(number):
        if f"Prismfs-Version: {RULES_VERSION}" in history.steps[later].message:
            claim(history, later, RULES_VERSION + 1)
    found, ids = history.verify(rules=RULES_VERSION + 1)
    named = [problem for problem in found.problems if problem.code == "rules_went_back"]
    assert named
    assert named[0].path == ids[number]


def test_replay_commit_that_claims_older_rules_than_one_before_since_is_named(history: History) -> None:
    number = history.find("signal: hand_off")
    claim(history, number, RULES_VERSION + 1)
    _, ids = history.verify(rules=RULES_VERSION + 1)
    found = verify(history.git, until=ids[-1], since=ids[number], rules=RULES_VERSION + 1)
    assert (found.problems[0].code, found.problems[0].path) == ("rules_went_back", ids[number + 1])
