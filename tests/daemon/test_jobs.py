"""Real watchers that try jobs again: killed between attempts, stopped while one runs, and many at once."""

from __future__ import annotations

import json
import signal
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from prismfs.store.listing import find_documents
from prismfs.store.reading import reading
from tests.support.waiting import ended, until
from tests.support.watched import Watched

MANY = 60
STORM = 150.0  # seconds


def allow(watched: Watched, jobs: dict[str, list[str]], **members: Any) -> None:
    path: Path = watched.root / "settings/retry.yaml"
    entries = {name: {"command": command} for name, command in jobs.items()}
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"jobs": entries} | members))
    watched.commit("jobs")


def fail(watched: Watched, job: str) -> None:
    document = {"kind": "job_failure", "from": "jade", "job": job, "error": f"{job}: no route to host"}
    watched.drop(document, f"{job}.json")


def jobs(watched: Watched) -> list[dict[str, Any]]:
    """Return the jobs as the records hold them: the files follow a moment later, and not at all after a kill."""
    with reading(watched.root) as connection:
        texts, _ = find_documents(connection, "job", where={}, limit=100)
    return sorted((json.loads(text) for text in texts), key=lambda job: job["id"])


def outcomes(job: dict[str, Any]) -> list[str | None]:
    return [attempt.get("outcome") for attempt in job["attempts"]]


def instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.slow
def test_watch_killed_after_the_second_attempt_makes_the_third_once_at_its_time(
    watched: Watched, tmp_path: Path
) -> None:
    """R-002-18: the state of the attempts survives; no fourth, no lost third."""
    noted = tmp_path / "noted"
    script = 'echo "$PRISMFS_ATTEMPT $(date +%s.%N)" >> "$1"; exit 1'
    allow(watched, {"nightly": ["sh", "-c", script, "sh", str(noted)]}, delays=["0s", "1s", "4s"])
    child = watched.start()
    fail(watched, "nightly")
    until(lambda: jobs(watched) and len(jobs(watched)[0]["attempts"]) == 4, "the third to be planned")
    assert watched.stop(child, signal.SIGKILL) == -signal.SIGKILL
    child = watched.start()
    until(lambda: jobs(watched)[0]["status"] == "failed", "the third")
    made = [line.split() for line in noted.read_text().splitlines()]
    assert [number for number, _ in made] == ["1", "2", "3"]
    (job,) = jobs(watched)
    assert float(made[2][1]) >= instant(job["attempts"][3]["due_at"])
    assert len(watched.rows("incident.retry")) == 3
    assert len(watched.rows("incident.escalated")) == 1
    assert watched.stop(child) == 0
    assert watched.verified()


@pytest.mark.slow
def test_watch_killed_while_an_attempt_runs_does_not_make_it_again(watched: Watched, tmp_path: Path) -> None:
    """R-002-18: it counts as failed once its lease has passed, and the next one follows."""
    noted = tmp_path / "noted"
    script = 'echo "$PRISMFS_ATTEMPT" >> "$1"; test "$PRISMFS_ATTEMPT" = 1 && exec sleep 5; exit 0'
    allow(watched, {"nightly": ["sh", "-c", script, "sh", str(noted)]}, delays=["0s", "0s"], timeout="1s")
    child = watched.start()
    fail(watched, "nightly")
    until(noted.exists, "the first attempt")
    assert watched.stop(child, signal.SIGKILL) == -signal.SIGKILL
    child = watched.start()
    until(lambda: jobs(watched)[0]["status"] == "succeeded", "the second attempt", 60)
    assert outcomes(jobs(watched)[0]) == ["failed", "unknown", "succeeded"]
    assert noted.read_text().split() == ["1", "2"]
    assert watched.stop(child) == 0
    assert watched.verified()


@pytest.mark.slow
def test_watch_stopped_while_an_attempt_runs_ends_it_and_the_next_watcher_goes_on(
    watched: Watched, tmp_path: Path
) -> None:
    """A watcher that is to stop waits for no job, leaves none behind, and what it ended is tried again."""
    noted, pids = tmp_path / "noted", tmp_path / "pids"
    script = 'echo $$ >> "$2"; echo "$PRISMFS_ATTEMPT" >> "$1"; test "$PRISMFS_ATTEMPT" = 1 && exec sleep 600; exit 0'
    allow(watched, {"nightly": ["sh", "-c", script, "sh", str(noted), str(pids)]}, delays=["0s", "0s"])
    child = watched.start()
    fail(watched, "nightly")
    until(noted.exists, "the first attempt")
    assert watched.stop(child) == 0
    process = int(pids.read_text())
    until(lambda: ended(process), "the job to end")
    assert outcomes(jobs(watched)[0]) == ["failed", "stopped", None]
    child = watched.start()
    until(lambda: jobs(watched)[0]["status"] == "succeeded", "the second attempt")
    assert noted.read_text().split() == ["1", "2"]
    assert watched.stop(child) == 0
    assert watched.verified()


@pytest.mark.slow
def test_watch_takes_files_and_tells_people_while_jobs_run(watched: Watched, tmp_path: Path) -> None:
    """Jobs that take long keep neither the inbox nor a notice waiting, however many they are."""
    names = [f"slow-{number}" for number in range(20)]
    allow(watched, {name: ["sleep", "600"] for name in names})
    child = watched.start()
    for name in names:
        fail(watched, name)
    until(lambda: len(watched.rows("outbox.sending")) == 20, "all to run")
    watched.drop(watched.journal("meanwhile"), "b.json")
    until(lambda: watched.taken("meanwhile"), "the next file")
    watched.drop({"kind": "escalation", "from": "jade", "severity": "HIGH", "title": "it burns"}, "c.json")
    until(lambda: list((watched.root / "mail").rglob("*.yaml")), "the notice")
    assert watched.stop(child) == 0
    assert {tuple(outcomes(job)) for job in jobs(watched)} == {("failed", "stopped", None)}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_watch_many_jobs_at_once_lose_double_and_hurry_no_attempt(watched: Watched, tmp_path: Path) -> None:
    """R-002-13: each attempt once and not before its time, however many wait."""
    noted = tmp_path / "noted"
    noted.mkdir()
    script = 'date +%s.%N >> "$1/$PRISMFS_JOB_ID.$PRISMFS_ATTEMPT"; exit 1'
    names = [f"job-{number}" for number in range(MANY)]
    allow(watched, {name: ["sh", "-c", script, "sh", str(noted)] for name in names}, delays=["0s", "1s", "2s"])
    child = watched.start()
    for name in names:
        fail(watched, name)
    until(lambda: Counter(job["status"] for job in jobs(watched)) == {"failed": MANY}, "all to fail", STORM)
    for job in jobs(watched):
        assert outcomes(job) == ["failed"] * 4
        for before, attempt, delay in zip(job["attempts"], job["attempts"][1:], (0, 1, 2), strict=False):
            assert instant(attempt["due_at"]) >= instant(before["ended_at"]) + delay
            (at,) = (noted / f"{job['id']}.{attempt['number']}").read_text().split()
            assert float(at) >= instant(attempt["due_at"])
    assert len(list(noted.iterdir())) == 3 * MANY
    assert len(watched.rows("incident.retry")) == 3 * MANY
    assert len(watched.rows("incident.escalated")) == MANY
    assert watched.stop(child) == 0
    assert watched.verified()
