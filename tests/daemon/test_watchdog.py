"""A real watcher that is killed, put to sleep or let go on: who misses it, and that it is told once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from prismfs.clock import SystemClock
from prismfs.records.api import format_instant, parse_instant
from tests.support.waiting import until
from tests.support.watched import Watched

pytestmark = pytest.mark.slow

LATE = timedelta(seconds=2)


@pytest.fixture
def hasty(watched: Watched) -> Watched:
    """A project whose engine counts as stopped after two seconds."""
    path = watched.root / "settings" / "response.yaml"
    path.write_text(path.read_text().replace("\nlate: 5m", "\nlate: 2s"))
    watched.commit("two seconds")
    return watched


def beat(watched: Watched) -> Any:
    return parse_instant(watched.health()["at"])


def is_missed(watched: Watched) -> bool:
    return bool(SystemClock().now() - beat(watched) > LATE)


def standstills(watched: Watched) -> list[dict[str, Any]]:
    return [one for one in watched.records("incident") if one["title"] == "Engine loop stopped"]


def test_watch_killed_is_missed_by_the_next_one_once(hasty: Watched) -> None:
    child = hasty.start()
    until(lambda: hasty.health().get("state") == "watching", "its heartbeat")
    assert hasty.stop(child, signal.SIGKILL) == -signal.SIGKILL
    last = beat(hasty)
    until(lambda: is_missed(hasty), "it to be missed")
    child = hasty.start()
    (row,) = until(lambda: hasty.rows("incident.detected"), "the incident")
    assert row["event"]["document"]["heartbeat"] == format_instant(last)
    assert hasty.stop(child) == 0
    assert any("incident.detected" in line["actions"] for line in hasty.lines(child))
    hasty.stop(hasty.start())
    (incident,) = standstills(hasty)
    assert (incident["severity"]["label"], incident.get("count", 1)) == ("P0", 1)
    assert hasty.verified()


def test_watch_stopped_as_it_was_told_to_is_not_missed(hasty: Watched) -> None:
    hasty.stop(hasty.start())
    assert hasty.health()["state"] == "stopped"
    until(lambda: is_missed(hasty), "its last heartbeat to be old")
    child = hasty.start()
    until(lambda: hasty.health().get("state") == "watching", "its heartbeat")
    assert hasty.stop(child) == 0
    assert standstills(hasty) == []


def test_watch_idle_keeps_its_heart_beating(hasty: Watched) -> None:
    """Longer than `late` without anything to do, and nobody misses it."""
    hasty.stop(hasty.start())  # it has seen what there was to see; the next one is idle from the first moment
    child = hasty.start()
    until(lambda: hasty.health().get("state") == "watching", "its heartbeat")
    first, head = beat(hasty), hasty.git("rev-parse", "HEAD")
    until(lambda: beat(hasty) - first > 2 * LATE, "heartbeats")
    assert hasty.git("rev-parse", "HEAD") == head
    assert hasty.stop(child) == 0
    assert standstills(hasty) == []


def test_watch_machine_that_slept_is_told_once(hasty: Watched) -> None:
    child = hasty.start()
    until(lambda: hasty.health().get("state") == "watching", "its heartbeat")
    child.send_signal(signal.SIGSTOP)
    until(lambda: is_missed(hasty), "it to be missed")
    child.send_signal(signal.SIGCONT)
    until(lambda: hasty.rows("incident.detected"), "the incident")
    woke = beat(hasty)
    until(lambda: beat(hasty) - woke > LATE, "it to go on")
    assert hasty.stop(child) == 0
    assert [one.get("count", 1) for one in standstills(hasty)] == [1]
    assert hasty.verified()


def test_watch_killed_over_a_deadline_tells_and_handles_it(hasty: Watched) -> None:
    """C-67: what fell due while nobody watched is handled late, once, beside the incident that tells of it."""
    path = hasty.root / "settings" / "escalation.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"stale_threshold": "3s"}))
    hasty.commit("three seconds")
    child = hasty.start()
    hasty.drop({"kind": "escalation", "from": "jade", "severity": "LOW", "title": "nobody answers"}, "a.json")
    until(lambda: hasty.rows("escalation.created"), "the escalation")
    assert hasty.stop(child, signal.SIGKILL) == -signal.SIGKILL
    (bead,) = hasty.records("bead")
    until(lambda: SystemClock().now() - parse_instant(bead["due_at"]) > LATE, "the deadline to be long past")
    child = hasty.start()
    (row,) = until(lambda: hasty.rows("incident.detected"), "the incident")
    assert [one["id"] for one in row["event"]["document"]["overdue"]] == [bead["id"]]
    until(lambda: [one for one in hasty.rows("escalation.raised") if one["entity_id"] == bead["id"]], "the raise")
    assert hasty.stop(child) == 0
    assert hasty.verified()


def test_react_misses_a_watcher_that_died_and_dry_run_only_says_so(hasty: Watched) -> None:
    child = hasty.start()
    until(lambda: hasty.health().get("state") == "watching", "its heartbeat")
    assert hasty.stop(child, signal.SIGKILL) == -signal.SIGKILL
    until(lambda: is_missed(hasty), "it to be missed")
    head = hasty.git("rev-parse", "HEAD")
    assert "incident.detected" in react(hasty, "--dry-run")
    assert hasty.git("rev-parse", "HEAD") == head
    assert "incident.detected" in react(hasty)
    assert len(standstills(hasty)) == 1
    assert "incident.detected" not in react(hasty)


def react(watched: Watched, *options: str) -> str:
    """Return what `prismfs react` prints, in a process of its own."""
    words = [sys.executable, "-m", "prismfs", "-C", str(watched.root), "react", "--json", *options]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout
