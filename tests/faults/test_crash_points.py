"""Killed between any two steps, a turn is completed by the next process: nothing lost, nothing decided twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from prismfs.store.repo import CRASH_POINTS
from tests.support.crash import crash_points, outcome, turns
from tests.support.drops import fill_inbox
from tests.support.project import MakeProject, Project

POINTS = (*CRASH_POINTS, "before-inbox", "between-inbox", "before-receipts")
LATER = {
    "before-objects": (2,),
    "before-reference": (2,),
    "after-reference": (2,),
    "between-files": (2, 17, 50),
    "after-projection": (2,),
    "between-inbox": (5, 10, 11, 16, 17),
}
"""Further passings, such as those of the receipts' commits and of the refused files on their way to quarantine."""


OUTSIDE = (*POINTS, "carried")
"""What is passed as well where messages leave by a program: each of these is on its way, or has been, when killed."""

_EXPECTED: dict[str, Any] = {}
_EXPECTED_OUTSIDE: dict[str, Any] = {}


@pytest.fixture
def expected(make_bench: MakeProject) -> dict[str, Any]:
    """What the same inbox comes to when nothing is killed; found out once."""
    if _EXPECTED:
        return _EXPECTED
    bench = make_bench()
    fill_inbox(bench.root)
    assert turns(bench.root).returncode == 0
    found: dict[str, Any] = outcome(bench)
    assert found["inbox"] == []
    assert found["refused"] == {
        "unknown_parent": 1,
        "unknown_field": 1,
        "duplicate_key": 1,
        "bad_name": 1,
    }
    _EXPECTED.update(found)
    return found


def check(bench: Project, expected: dict[str, Any]) -> None:
    assert outcome(bench) == expected
    bench.check_whole()


def crash_and_recover(bench: Project, point: str, passing: int) -> None:
    fill_inbox(bench.root)
    killed = turns(bench.root, point, passing)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = turns(bench.root)
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("point", crash_points(POINTS, "between-inbox"))
def test_turn_killed_at_a_crash_point_is_completed_by_the_next(
    point: str,
    bench: Project,
    expected: dict[str, Any],
) -> None:
    crash_and_recover(bench, point, 1)
    check(bench, expected)


@pytest.mark.slow
@pytest.mark.parametrize(("point", "passing"), [(point, passing) for point in LATER for passing in LATER[point]])
def test_turn_killed_at_a_later_passing_is_completed_by_the_next(
    point: str,
    passing: int,
    bench: Project,
    expected: dict[str, Any],
) -> None:
    crash_and_recover(bench, point, passing)
    check(bench, expected)


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_turn_killed_twice_is_completed_by_the_third(
    point: str,
    bench: Project,
    expected: dict[str, Any],
) -> None:
    fill_inbox(bench.root)
    turns(bench.root, "between-files", 20)
    turns(bench.root, point, 1)
    assert turns(bench.root).returncode == 0
    check(bench, expected)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_turn_killed_at_any_instant_is_completed_by_the_next(
    make_bench: MakeProject,
    expected: dict[str, Any],
) -> None:
    """The crash points are chosen by us; the kernel chooses others."""
    script = Path(__file__).with_name("turns.py")
    killed = 0
    for step in range(12):
        bench = make_bench()
        fill_inbox(bench.root)
        child = subprocess.Popen([sys.executable, str(script), str(bench.root)], stdout=subprocess.DEVNULL)
        lock = bench.root / ".git" / "prismfs" / "PID-TEST01" / "writer.lock"
        deadline = time.monotonic() + 30
        while child.poll() is None and not lock.stat().st_size and time.monotonic() < deadline:
            pass
        begun = time.monotonic()
        while child.poll() is None and time.monotonic() - begun < step * 0.015:
            pass
        child.kill()
        killed += child.wait() == -signal.SIGKILL
        assert turns(bench.root).returncode == 0
        check(bench, expected)
    assert killed > 3


def test_turn_killed_at_a_crash_point_is_completed_by_the_command_line(
    bench: Project,
    expected: dict[str, Any],
) -> None:
    fill_inbox(bench.root)
    assert turns(bench.root, "between-files", 20).returncode == -signal.SIGKILL
    command = [sys.executable, "-m", "prismfs", "-C", str(bench.root), "watch", "--once-idle"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    # The clock of the command line is the system's, so that what was due in between has happened as well.
    found = outcome(bench)
    for name in ("signals", "refused", "kept", "inbox", "todos", "journal"):
        assert found[name] == expected[name]
    assert bench.git("fsck", "--strict", "--full", "--no-dangling") == ""
    assert list((bench.root / ".git").glob("fast_import_crash_*")) == []
    assert bench.git("status", "--porcelain") == ""
    assert bench.problems() == ()


def test_crash_points_named_are_all_passed(bench: Project) -> None:
    fill_inbox(bench.root)
    done = turns(bench.root)
    passed = json.loads(done.stdout)
    assert set(passed) == set(POINTS)
    for point, passings in LATER.items():
        assert passed[point] >= max(passings)


def send_outside(bench: Project) -> Path:
    """Send every escalation to a program as well, and return the file in which that notes what it was given."""
    noted: Path = bench.root.parent / "noted"
    program = bench.root.parent / "pager.sh"
    program.write_text(f"cat >> {noted}; echo >> {noted}\n")
    routing = yaml.safe_load((bench.root / "settings/routing.yaml").read_text())
    routing["route"] = {"name": "default", "actions": ["severity", "command:pager"]}
    routing["targets"] = {"pager": {"channel": "command", "run": ["/bin/sh", str(program)]}}
    bench.commit_by_hand({"settings/routing.yaml": yaml.safe_dump(routing).encode()})
    return noted


def serve_later(bench: Project) -> None:
    """Let other processes serve the project after the lease of a delivery, and after the pause that follows it."""
    for minutes in (0, 3, 6):
        done = turns(bench.root, "", 0, minutes)
        assert done.returncode == 0, done.stderr


def carried(noted: Path) -> Counter[str]:
    return Counter(json.loads(line)["id"] for line in noted.read_text().splitlines())


@pytest.fixture
def expected_outside(make_bench: MakeProject) -> dict[str, Any]:
    """What the inbox comes to with a program to tell when nothing is killed; found out once."""
    if not _EXPECTED_OUTSIDE:
        bench = make_bench()
        noted = send_outside(bench)
        fill_inbox(bench.root)
        passed = json.loads(turns(bench.root).stdout)
        assert set(passed) == set(OUTSIDE)
        serve_later(bench)
        found = outcome(bench)
        told = [
            message
            for message in bench.records("outbox")
            if message.channel == "command" and message.status != "withdrawn"
        ]
        assert len(told) >= 3
        assert carried(noted) == {message.id: 1 for message in told}
        assert {message.status for message in told} == {"sent"}
        del found["actions"]  # an attempt that is made again has rows of its own
        _EXPECTED_OUTSIDE.update(found)
    return _EXPECTED_OUTSIDE


@pytest.mark.parametrize("point", crash_points(OUTSIDE, "carried"))
def test_turn_killed_while_messages_leave_tells_everybody(
    point: str,
    bench: Project,
    expected_outside: dict[str, Any],
) -> None:
    """R-004-28: one outbox record an action, none lost; only what was on its way may arrive twice."""
    check_outside(bench, expected_outside, point, 1)


@pytest.mark.slow
@pytest.mark.parametrize("passing", [2, 3])
@pytest.mark.parametrize("point", ["before-reference", "after-reference", "after-projection"])
def test_turn_killed_later_while_messages_leave_tells_everybody(
    point: str,
    passing: int,
    bench: Project,
    expected_outside: dict[str, Any],
) -> None:
    check_outside(bench, expected_outside, point, passing)


def check_outside(bench: Project, expected: dict[str, Any], point: str, passing: int) -> None:
    noted = send_outside(bench)
    fill_inbox(bench.root)
    killed = turns(bench.root, point, passing)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    before = carried(noted) if noted.exists() else Counter()
    on_their_way = {message.id for message in bench.records("outbox") if message.status == "sending"}
    assert set(before) <= on_their_way | {one.id for one in bench.records("outbox") if one.status == "sent"}
    serve_later(bench)
    found = outcome(bench)
    assert {name: value for name, value in found.items() if name != "actions"} == expected
    told = {
        message.id
        for message in bench.records("outbox")
        if message.channel == "command" and message.status != "withdrawn"
    }
    after = carried(noted)
    assert set(after) == told
    assert {name for name, count in after.items() if count > 1} <= on_their_way
    assert max(after.values()) <= 2
    assert bench.problems() == ()
    assert bench.git("status", "--porcelain") == ""
