"""Claims: processes that want the same work item at once, what is ready among many, and a large import."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks import desks
from benchmarks.processes import PRISMFS, run
from benchmarks.rows import Row, milliseconds

_DAY = "2026-03-01T10:00:00Z"


def measure_claims(stock: desks.Stock, *, processes: int, rounds: int) -> Iterator[Row]:
    """Let many processes claim one bead at once, and count in how many rounds exactly one had it."""
    root = stock.fresh("claims", 0)
    names = [str(line["id"]) for line in _import(root, rounds)]
    exact, spent = 0, []
    for name in names:
        begin = time.perf_counter()
        children = [
            subprocess.Popen(
                [PRISMFS, "-C", str(root), "--as", f"agent-{number}", "bead", "claim", name, "--json"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            for number in range(processes)
        ]
        answers = [json.loads(child.communicate()[0]) for child in children]
        spent.append(time.perf_counter() - begin)
        codes = sorted(child.returncode for child in children)
        said = {answer["error"]["message"] for answer in answers if not answer["ok"]}
        exact += codes == [0, *[5] * (processes - 1)] and len(said) == 1
    what = f"{processes} processes claim one bead: rounds with exactly one winner, named to all others"
    yield Row(what, f"{exact} of {rounds}", f"a round {milliseconds(median(spent))}", f"{rounds} of {rounds}")


def measure_work(stock: desks.Stock, *, size: int, runs: int) -> Iterator[Row]:
    """Import many lines, again, and ask what is ready."""
    root = stock.fresh("work", 0)
    begin = time.perf_counter()
    _import(root, size)
    yield Row(f"bead import of {size:,} lines", f"{time.perf_counter() - begin:.1f} s")
    begin = time.perf_counter()
    _import(root, size)
    yield Row("the same lines again", f"{time.perf_counter() - begin:.1f} s")
    for verb in (("ready", "--limit", "10"), ("list", "--tag", "ops", "--limit", "10")):
        command = [PRISMFS, "-C", str(root), "bead", *verb, "--json"]
        spent = median(run(command) for _ in range(runs))
        yield Row(f"bead {' '.join(verb)} --json, at {size:,} open work items", milliseconds(spent))


def _import(root: Path, count: int) -> list[dict[str, object]]:
    lines: list[dict[str, object]] = [
        {
            "id": f"bd-{number:x}",
            "title": f"thing {number} is to be done",
            "description": "What it is about.\n" * 5,
            "status": "open",
            "priority": number % 5,
            "issue_type": "task",
            "created_at": _DAY,
            "created_by": "amy",
            "updated_at": _DAY,
            "labels": ["ops"] if number % 3 else ["docs"],
        }
        for number in range(count)
    ]
    file = root / "run" / "lines.jsonl"
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run([PRISMFS, "-C", str(root), "--as", "amy", "bead", "import", str(file)])
    return lines
