"""The channel that runs jobs: how each end is told, what of the output is kept, and what is left running: nothing."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from prismfs.delivery.job import MARGIN, JobChannel
from prismfs.records.api import Message, Receipt
from tests.support.waiting import ended, until

LIMIT = 10.0


@pytest.fixture
def send(message: Message, tmp_path: Path) -> Callable[..., Receipt]:
    """Give a runner of commands, with the rest of what a message says."""

    def run(
        *command: str,
        timeout: float = LIMIT,
        keep: int = 1000,
        passed: tuple[str, ...] = (),
        stopping: Event | None = None,
        hear: Any = None,
    ) -> Receipt:
        environment = {"PRISMFS_JOB": "nightly", "PRISMFS_JOB_ID": "job-1", "PRISMFS_ATTEMPT": "2"}
        order = {
            "command": command,
            "timeout": timeout,
            "keep": keep,
            "pass_environment": passed,
            "environment": environment,
        }
        channel = JobChannel(tmp_path, stopping=stopping or Event(), hear=hear)
        return channel.send(replace(message, channel="job", body=json.dumps(order)))

    return run


def told(receipt: Receipt) -> tuple[Any, Any]:
    assert receipt.outcome == "sent"
    assert receipt.document is not None
    return receipt.document["outcome"], receipt.document["code"]


def output(receipt: Receipt) -> str:
    assert receipt.document is not None
    return str(receipt.document["output"])


@pytest.mark.parametrize(
    ("command", "expected", "detail"),
    [
        (("true",), ("succeeded", 0), ""),
        (("sh", "-c", "exit 3"), ("failed", 3), "ended with code 3"),
        (("sh", "-c", "kill -TERM $$"), ("failed", -15), "was killed by signal 15"),
        (("/no/such/program",), ("not_started", 127), "there is no such program"),
        (("/etc/hostname",), ("not_started", 126), "the program cannot be executed"),
    ],
)
def test_send_tells_how_the_job_ended(
    send: Callable[..., Receipt], command: tuple[str, ...], expected: tuple[str, int], detail: str
) -> None:
    receipt = send(*command)
    assert told(receipt) == expected
    assert receipt.detail == detail


def test_send_takes_no_shell_to_the_arguments(send: Callable[..., Receipt]) -> None:
    assert output(send("echo", "$HOME", "a b;true", "*")) == "$HOME a b;true *\n"


def test_send_prefers_what_was_said_on_standard_error(send: Callable[..., Receipt]) -> None:
    assert output(send("sh", "-c", "echo out; echo err >&2")) == "err\n"
    assert output(send("sh", "-c", "echo out; echo >&2")) == "out\n"


def test_send_keeps_the_end_of_much_output_and_a_margin(send: Callable[..., Receipt]) -> None:
    """Whoever cuts it to what is kept has looked through it before: a secret may begin in the margin."""
    text = output(send("sh", "-c", "seq 1000000; exit 1", keep=300))
    assert text.endswith("\n999999\n1000000\n")
    assert len(text) == 300 + MARGIN


def test_send_output_that_is_no_text_is_kept_as_text(send: Callable[..., Receipt]) -> None:
    assert output(send("printf", r"a\377b")) == "a�b"


def test_send_gives_the_job_only_what_is_passed(
    send: Callable[..., Receipt], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANTED", "yes")
    monkeypatch.setenv("SECRET", "no")
    seen = dict(line.split("=", 1) for line in output(send("env", passed=("WANTED", "MISSING"))).splitlines())
    assert set(seen) <= {"PATH", "HOME", "LANG", "WANTED", "PRISMFS_JOB", "PRISMFS_JOB_ID", "PRISMFS_ATTEMPT"}
    assert (seen["WANTED"], seen["PRISMFS_JOB"], seen["PRISMFS_ATTEMPT"]) == ("yes", "nightly", "2")
    assert output(send("pwd")) == f"{os.path.realpath(tmp_path)}\n"


def test_send_job_that_never_ends_is_killed_with_all_that_it_started(
    send: Callable[..., Receipt], tmp_path: Path
) -> None:
    script = "sleep 600 & echo $! > child; echo $$ > parent; echo begun; while :; do sleep 600; done"
    receipt = send("sh", "-c", script, timeout=0.5)
    assert told(receipt) == ("timed_out", None)
    assert output(receipt) == "begun\n"
    for name in ("child", "parent"):
        process = int((tmp_path / name).read_text())
        until(partial(ended, process), f"the {name} to end")


def test_send_ends_with_the_job_though_its_child_holds_the_output(send: Callable[..., Receipt], tmp_path: Path) -> None:
    assert told(send("sh", "-c", "sleep 600 & echo $! > child; exit 4")) == ("failed", 4)
    child = int((tmp_path / "child").read_text())
    until(partial(ended, child), "the child to end")


def test_send_job_that_closes_its_output_is_waited_for(send: Callable[..., Receipt], tmp_path: Path) -> None:
    assert told(send("sh", "-c", "exec >&- 2>&-; sleep 0.3; touch late; exit 5")) == ("failed", 5)
    assert (tmp_path / "late").exists()


@pytest.mark.parametrize(("listened", "expected"), [(False, "stopped"), (True, "interrupted")])
def test_send_ends_when_it_is_to_stop(
    send: Callable[..., Receipt], tmp_path: Path, listened: bool, expected: str
) -> None:
    stopping, heard = Event(), bytearray()

    def hear(piece: bytes, is_error: bool) -> None:
        heard.extend(piece)

    def stop() -> None:
        until((tmp_path / "begun").exists, "the job")
        stopping.set()

    other = threading.Thread(target=stop)
    other.start()
    script = "import time; print('on it', flush=True); open('begun', 'w').close(); time.sleep(600)"
    receipt = send(sys.executable, "-c", script, stopping=stopping, hear=hear if listened else None)
    other.join()
    assert told(receipt) == (expected, None)
    assert output(receipt) == "on it\n"
    assert bytes(heard) == (b"on it\n" if listened else b"")


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"command": "ls", "timeout": 1}'])
def test_send_message_that_no_rule_wrote_runs_nothing(message: Message, tmp_path: Path, body: str) -> None:
    channel = JobChannel(tmp_path, stopping=Event())
    assert channel.send(replace(message, channel="job", body=body)).outcome == "permanent"


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        (rb"a\000b", "a\ufffdb"),
        (rb"one\000two\000", "one\ufffdtwo\ufffd"),
        (rb"\377\376r\000o\000w\000s\000", "\ufffd\ufffdrows"),
        (rb"\355\240\200", "\ufffd\ufffd\ufffd"),
        (rb"\000\000\000", ""),
    ],
)
def test_output_that_no_record_may_hold_hides_no_end(send: Callable[..., Receipt], printed: bytes, kept: str) -> None:
    """FD-30: NUL bytes, UTF-16, half characters."""
    receipt = send("sh", "-c", f"printf '{printed.decode()}'")
    assert (told(receipt), output(receipt)) == (("succeeded", 0), kept)
