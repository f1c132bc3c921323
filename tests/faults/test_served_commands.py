"""A watcher that is killed between a command and its answer: the command is committed once, and says whether it was."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.project import Project

SERVED = Path(__file__).with_name("served.py")

BEFORE = ("before-objects", "before-reference")
AFTER = ("after-reference", "after-projection", "before-answer")
"""Points that are passed before the command is committed, and after."""


@pytest.mark.parametrize("point", [*BEFORE, *AFTER])
def test_command_of_a_watcher_that_is_killed_is_committed_once_and_says_so(bench: Project, point: str) -> None:
    with subprocess.Popen(
        [sys.executable, str(SERVED), str(bench.root), point], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        answer = CommandLine(bench.root).call("bead", "create", "rotate the key", "--json", actor="jade")
        assert server.wait(60) == -signal.SIGKILL
    assert answer.code == 0, answer.out
    data = json.loads(answer.out)["data"]
    assert (data["decided"] == "nothing", "committed already" in data["reason"]) == ((point in AFTER),) * 2
    bench.restart()
    (bead,) = bench.records("bead")
    assert bead.title == "rotate the key"
    assert bench.problems() == ()
    bench.check_whole()


def test_escalation_of_a_watcher_that_is_killed_while_it_delivers_stands_once(bench: Project) -> None:
    with subprocess.Popen(
        [sys.executable, str(SERVED), str(bench.root), "before-receipts"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        server.stdout.readline()
        answer = CommandLine(bench.root).call("escalate", "-s", "HIGH", "help", "--json", actor="jade")
        assert server.wait(60) == -signal.SIGKILL
    assert answer.code == 0, answer.out
    bench.restart()
    (bead,) = bench.records("bead")
    assert bead.occurrence_count == 1
    assert bench.problems() == ()
