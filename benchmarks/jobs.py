"""Jobs that fail at once: whether every attempt is made once, none early, and how soon after it is due."""

from __future__ import annotations

import json
import resource
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks import desks
from benchmarks.processes import watching
from benchmarks.rows import Row
from prismfs.records.api import JsonValue, codec

ATTEMPTS = 3
_PATIENCE = 300.0  # seconds
_RUN = 'date +%s.%N >> "$1/$PRISMFS_JOB_ID.$PRISMFS_ATTEMPT"; echo "no route to host" >&2; exit 3'


def measure(stock: desks.Stock, *, incidents: int) -> Iterator[Row]:
    """Drop the failures of `incidents` jobs at once before a warm watcher; every attempt at each of them fails."""
    root = stock.fresh("jobs", 0)
    noted = root.parent / f"{root.name}-made"
    noted.mkdir()
    allow(root, incidents, noted)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    with watching(root):
        for number in range(incidents):
            desks.drop(root, f"failure-{number}.json", failure(number))
        wait_until_failed(root, incidents)
        spent = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    late = lateness(root, noted, incidents)
    within = sum(one <= 1 for one in late) / len(late)
    yield Row(
        f"attempts of {incidents} jobs that fail at once, begun within 1 s of their time",
        f"{100 * within:.1f} %",
        f"median {statistics.median(late):.2f} s, latest {max(late):.2f} s late; none lost, doubled or early",
        "95 %",
    )
    yield Row(
        f"the same, from the first failure to the last incident with support ({ATTEMPTS * incidents} attempts)",
        f"{spent:.1f} s",
        f"{worked:.1f} s of it on a processor",
        "",
    )


def allow(root: Path, jobs: int, noted: Path) -> None:
    """Allow so many jobs, each of which notes when it runs, and fails."""
    path = root / "settings" / "retry.yaml"
    entries: JsonValue = {
        f"job-{number:03}": {"command": ["sh", "-c", _RUN, "sh", str(noted)]} for number in range(jobs)
    }
    settings = codec.parse(path.read_bytes(), format="yaml") | {"jobs": entries}
    path.write_bytes(codec.encode(settings, format="yaml"))
    desks.git(
        root, "-c", "user.name=amy", "-c", "user.email=amy@example.org", "commit", "--quiet", "--all", "-m", "jobs"
    )


def failure(number: int) -> str:
    """Return a dropped failure."""
    error = f'Traceback (most recent call last):\n  File "run.py", line 3, in main\nNoRoute: job-{number:03}\n'
    return json.dumps({"kind": "job_failure", "from": "jade", "job": f"job-{number:03}", "error": error})


def wait_until_failed(root: Path, jobs: int) -> None:
    """Wait until every job was given up."""
    end = time.monotonic() + _PATIENCE
    while sum(job["status"] == "failed" for job in records(root)) < jobs:
        if time.monotonic() > end:
            raise RuntimeError("not every job came to an end")
        time.sleep(1)


def lateness(root: Path, noted: Path, jobs: int) -> list[float]:
    """Return how many seconds after its time each attempt ran, as it says itself.

    Raises:
        RuntimeError: an attempt was lost, made twice, or early.
    """
    late = []
    made = Counter({path.name: len(path.read_text().splitlines()) for path in noted.iterdir()})
    for job in records(root):
        for attempt in job["attempts"][1:]:
            name = f"{job['id']}.{attempt['number']}"
            if made[name] != 1:
                raise RuntimeError(f"attempt {name} was made {made[name]} times")
            at = float((noted / name).read_text())
            late.append(at - datetime.fromisoformat(attempt["due_at"]).timestamp())
    if len(late) != ATTEMPTS * jobs or len(made) != len(late):
        raise RuntimeError(f"{len(late)} attempts are recorded and {len(made)} were made")
    if min(late) < 0:
        raise RuntimeError(f"an attempt was made {-min(late):.3f} s early")
    return late


def records(root: Path) -> list[dict[str, Any]]:
    """Return the jobs as they stand on disk."""
    return [json.loads(path.read_text()) for path in (root / "jobs").rglob("*.json")]
