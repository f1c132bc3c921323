"""`prismfs run`: what it runs, what it refuses before anything runs, what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.command_line import CommandLine
from tests.support.waiting import ended, until

LIMIT = 30.0


@pytest.fixture
def allow(place: CommandLine) -> Callable[..., None]:
    """Give a function that allows jobs by their commands, with short delays."""

    def write(**jobs: list[str]) -> None:
        path = place.root / "settings/retry.yaml"
        entries = {name.replace("_", "-"): {"command": command} for name, command in jobs.items()}
        settings = yaml.safe_load(path.read_text()) | {"delays": ["0s", "0s", "1s"], "jobs": entries}
        path.write_text(yaml.safe_dump(settings))
        place.git("commit", "--quiet", "--all", "--message", "jobs")

    return write


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=olga", "-c", "user.email=olga@example.org")
    done = subprocess.run(["git", *identity, *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout


def run(place: CommandLine, *arguments: str) -> Any:
    """Run a job by a process of its own, which has the signal handlers to itself."""
    return place.spawn("-C", str(place.root), "--as", "olga", "run", *arguments)


def jobs(root: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((root / "jobs").rglob("*.json"), key=lambda at: at.name)]


def outcomes(job: dict[str, Any]) -> list[str]:
    return [attempt.get("outcome") for attempt in job["attempts"]]


def start(root: Path, *arguments: str) -> subprocess.Popen[str]:
    # Tests that were started in the background ignore Ctrl-C, and would hand that on.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "prismfs", "-C", str(root), "run", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_run_that_prints_nul_bytes_ends_as_it_ended(place: CommandLine, allow: Callable[..., None]) -> None:
    """FD-30: it was run again after its time-out, and escalated."""
    allow(export=["sh", "-c", r"printf 'one\000two\000'"], broken=["sh", "-c", r"printf 'r\000o\000w\000' >&2; exit 3"])
    assert run(place, "export").code == 0
    assert run(place, "broken").code == 1
    one, other = jobs(place.root)
    assert (one["status"], outcomes(one), one.get("incident")) == ("succeeded", ["succeeded"], None)
    assert (other["status"], set(outcomes(other))) == ("failed", {"failed"})
    assert place.call("verify", "--json").code == 0


def test_run_that_succeeds_prints_what_the_job_said_and_the_result(
    place: CommandLine, allow: Callable[..., None]
) -> None:
    allow(export=["sh", "-c", "echo rows: 12; echo note >&2"])
    done = run(place, "export")
    assert done.code == 0
    assert done.out.splitlines()[0] == "rows: 12"
    assert done.out.splitlines()[1].startswith("export succeeded after 1 run  job-")
    assert done.err == "note\n"
    (job,) = jobs(place.root)
    assert (job["status"], outcomes(job), job.get("incident")) == ("succeeded", ["succeeded"], None)
    assert git(place.root, "log", "--format=%s").splitlines()[:2] == [
        f"job: succeed {job['id']}",
        f"job: run {job['id']}",
    ]
    assert git(place.root, "status", "--porcelain") == ""


def test_run_makes_the_attempts_itself_and_is_a_success_if_one_is(
    place: CommandLine, allow: Callable[..., None]
) -> None:
    """R-002-15: auto-resolved by whichever attempt succeeds."""
    allow(export=["sh", "-c", 'echo "attempt $PRISMFS_ATTEMPT"; test "$PRISMFS_ATTEMPT" = 2'])
    done = run(place, "export", "--json")
    assert done.code == 0
    assert [(one["number"], one["outcome"], one["code"]) for one in done.data["attempts"]] == [
        (0, "failed", 1),
        (1, "failed", 1),
        (2, "succeeded", 0),
    ]
    assert [line for line in done.err.splitlines() if line.startswith("attempt ") and len(line) == 9] == [
        "attempt 0", "attempt 1", "attempt 2",
    ]  # fmt: skip
    shown = place.call("incident", "show", done.data["incident"], "--json").data
    incident = shown.get("record", shown)
    assert incident["status"] == "auto_resolved"


def test_run_that_fails_four_times_is_a_failure_and_support_has_it(
    place: CommandLine, allow: Callable[..., None]
) -> None:
    allow(export=["sh", "-c", "echo 'OSError: no' >&2; exit 9"])
    done = run(place, "export", "--agent", "jade", "--workflow", "nightly")
    assert done.code == 1
    assert "export failed after 4 runs" in done.out
    assert "3 attempts failed" in done.out
    (job,) = jobs(place.root)
    assert (job["agent"], job["workflow"], outcomes(job)) == ("jade", "nightly", ["failed"] * 4)
    (incident,) = place.call("incident", "list", "--json").data["items"]
    assert (incident["status"], incident["owner"], incident["affected_agent"]) == ("triage", "Cheryl", "jade")
    assert place.call("verify").code == 0


def test_run_said_not_to_be_retryable_is_made_once(place: CommandLine, allow: Callable[..., None]) -> None:
    """R-002-18: straight to support."""
    allow(export=["false"])
    assert run(place, "export", "--not-retryable").code == 1
    (job,) = jobs(place.root)
    assert outcomes(job) == ["failed"]


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (("nothing",), "job_not_allowed", 4),
        (("export", "--", "touch", "other"), "job_not_allowed", 4),
        (("export", "--", "touch"), "job_not_allowed", 4),
        (("open",), "job_not_allowed", 4),
        (("open", "--", "touch", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"), "secret_in_command", 4),
        (("a b",), "bad_field", 3),
        (("export", "--agent", "a b"), "bad_field", 3),
    ],
)
def test_run_refused_runs_nothing_and_keeps_nothing(
    place: CommandLine, allow: Callable[..., None], arguments: tuple[str, ...], code: str, exit_code: int
) -> None:
    allow(export=["touch", "made"], open=["touch", "*"])
    place.turn()
    before = place.kept()
    done = place.call("run", "--json", *arguments)
    assert (done.code, done.error["code"]) == (exit_code, code)
    assert sorted(path.name for path in place.root.iterdir() if path.name in ("made", "other")) == []
    assert place.kept() == before


def test_run_dry_runs_nothing(place: CommandLine, allow: Callable[..., None]) -> None:
    allow(export=["touch", "made"])
    done = place.call("run", "export", "--dry-run", "--json")
    assert done.code == 0
    assert (done.data["decided"], done.data["dry_run"]) == ("run", True)
    assert not (place.root / "made").exists()
    assert not (place.root / "jobs").exists()


def test_run_command_may_have_options_of_prismfs_own_names(place: CommandLine, allow: Callable[..., None]) -> None:
    allow(say=["echo", "*", "*"])
    done = run(place, "say", "--", "echo", "--json", "--dry-run")
    assert done.code == 0
    assert done.out.splitlines()[0] == "--json --dry-run"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_interrupted_ends_the_job_and_writes_it_down(
    place: CommandLine, allow: Callable[..., None], number: int
) -> None:
    """Whoever ends a job does not want it tried again: support is told."""
    allow(slow=["sh", "-c", "sleep 600 & echo $! > child; echo $$ > parent; wait"])
    child = start(place.root, "slow")
    parent = until(lambda: (place.root / "parent").exists() and (place.root / "parent").read_text(), "the job")
    child.send_signal(number)
    out, err = child.communicate(timeout=LIMIT)
    assert child.returncode == 130, out + err
    for process in (parent, (place.root / "child").read_text()):
        until(lambda process=process: ended(int(process)), "the job to end")
    (job,) = jobs(place.root)
    assert (job["status"], job["retry_reason"], outcomes(job)) == ("failed", "somebody ended it", ["interrupted"])


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["while it runs", "between attempts"])
def test_run_killed_is_gone_on_with_by_a_watcher(place: CommandLine, allow: Callable[..., None], moment: str) -> None:
    """R-002-18: what began counts as failed once its lease has passed; what had not begun is made at its time."""
    noted = place.root.parent / "noted"
    script = 'echo "$PRISMFS_ATTEMPT" >> "$1"; test "$PRISMFS_ATTEMPT" = 0 && sleep "$2"; exit 1'
    allow(export=["sh", "-c", script, "sh", str(noted), "5" if moment == "while it runs" else "0"])
    path = place.root / "settings/retry.yaml"
    delays = ["2s", "0s", "0s"] if moment == "between attempts" else ["0s", "0s", "0s"]
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"delays": delays, "timeout": "1s"}))
    place.git("commit", "--quiet", "--all", "--message", "delays")
    child = start(place.root, "export")
    if moment == "while it runs":
        until(noted.exists, "the run")
    else:
        until(lambda: jobs(place.root) and jobs(place.root)[0]["status"] == "retrying", "its failure")
    child.send_signal(signal.SIGKILL)
    child.communicate(timeout=LIMIT)
    watcher = subprocess.Popen(
        [sys.executable, "-m", "prismfs", "-C", str(place.root), "watch"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: jobs(place.root)[0]["status"] == "failed", "the last attempt", 60)
    finally:
        watcher.terminate()
        watcher.wait(LIMIT)
    (job,) = jobs(place.root)
    first = "unknown" if moment == "while it runs" else "failed"
    assert outcomes(job) == [first, "failed", "failed", "failed"]
    assert noted.read_text().split() == ["0", "1", "2", "3"]


@pytest.mark.slow
def test_run_beside_a_watcher_makes_no_attempt_twice(place: CommandLine, allow: Callable[..., None]) -> None:
    """R-002-18: whichever of them begins an attempt first makes it."""
    noted = place.root.parent / "noted"
    allow(export=["sh", "-c", 'echo "$PRISMFS_JOB_ID.$PRISMFS_ATTEMPT" >> "$1"; exit 1', "sh", str(noted)])
    watcher = subprocess.Popen(
        [sys.executable, "-m", "prismfs", "-C", str(place.root), "watch"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until((place.root / "run" / "health.json").exists, "the watcher")
        for _ in range(3):
            done = run(place, "export", "--json")
            assert done.code == 1
            place.call("incident", "resolve", done.data["incident"], "--note", "next", "--json")
    finally:
        watcher.terminate()
        watcher.wait(LIMIT)
    lines = noted.read_text().split()
    assert len(lines) == len(set(lines)) == 12
    assert [outcomes(job) for job in jobs(place.root)] == [["failed"] * 4] * 3
    assert os.listdir(place.root / "inbox") == []
