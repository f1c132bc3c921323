"""`python -m benchmarks.bench [--quick] [--only NAME]`: measure prismfs against what it replaces.

Everything is timed in one run on one machine, so that ratios mean something; no timing is ever asserted.
The results that are kept stand in `RESULTS.md` beside this file.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    bridges,
    changes,
    claims,
    commands,
    costs,
    escalations,
    failures,
    figures,
    jobs,
    processes,
    scans,
    signing,
)
from benchmarks.desks import Stock
from benchmarks.rows import Row, table
from prismfs.store.git.keys import KEY_FOLDER

Measure = Callable[[Stock, bool], Iterator[Row]]


def changes_(stock: Stock, quick: bool) -> Iterator[Row]:
    """Cost of a state change."""
    return changes.measure(stock, (1000,) if quick else (1000, 10_000, 100_000), rounds=3 if quick else 9)


def storm(stock: Stock, quick: bool) -> Iterator[Row]:
    """A storm of signals."""
    return processes.measure_storm(stock, signals=100 if quick else 1000, runs=1 if quick else 3)


def signatures(stock: Stock, quick: bool) -> Iterator[Row]:
    """Signed groups."""
    return signing.measure(stock, records=1000 if quick else 10_000, groups=10 if quick else 100)


def latency(stock: Stock, quick: bool) -> Iterator[Row]:
    """From the inbox to a commit."""
    return processes.measure_latency(stock, size=1000 if quick else 10_000, drops=20 if quick else 200)


def reading(stock: Stock, quick: bool) -> Iterator[Row]:
    """Reading verbs as whole processes."""
    return processes.measure_reading(stock, (1000,) if quick else (10_000, 100_000), runs=5 if quick else 21)


def command(stock: Stock, quick: bool) -> Iterator[Row]:
    """What a command costs."""
    yield from commands.measure(stock, runs=1 if quick else 21)
    yield from commands.measure_loop(stock, clients=8, seconds=5 if quick else 60)


def foreign(stock: Stock, quick: bool) -> Iterator[Row]:
    """The first list after foreign commits."""
    return processes.measure_foreign(stock, size=1000 if quick else 10_000, runs=1 if quick else 5)


def memory(stock: Stock, quick: bool) -> Iterator[Row]:
    """Memory of the watcher."""
    return processes.measure_memory(stock, size=1000 if quick else 100_000, drops=20 if quick else 100)


def fingerprint(_stock: Stock, quick: bool) -> Iterator[Row]:
    """Fingerprints of failures."""
    return failures.measure(rounds=1 if quick else 5)


def scan(_stock: Stock, quick: bool) -> Iterator[Row]:
    """The search for secrets."""
    return scans.measure(rounds=1 if quick else 5)


def escalation(stock: Stock, quick: bool) -> Iterator[Row]:
    """Escalations."""
    yield from escalations.measure_equal(stock, count=100 if quick else 1000)
    yield from escalations.measure_many(stock, count=1000 if quick else 10_000, runs=3 if quick else 11)
    yield from escalations.measure_notice(stock, escalations=5 if quick else 20, signals=100 if quick else 1000)


def work(stock: Stock, quick: bool) -> Iterator[Row]:
    """Work items."""
    yield from claims.measure_claims(stock, processes=8, rounds=2 if quick else 200)
    yield from claims.measure_work(stock, size=500 if quick else 5000, runs=3 if quick else 11)


def job(stock: Stock, quick: bool) -> Iterator[Row]:
    """Jobs that fail at once."""
    return jobs.measure(stock, incidents=50 if quick else 200)


def bridge(stock: Stock, quick: bool) -> Iterator[Row]:
    """Signals between projects."""
    for signals in (100,) if quick else (500, 1000):
        yield from bridges.measure(stock, signals=signals, runs=1 if quick else 3)


def metrics(stock: Stock, quick: bool) -> Iterator[Row]:
    """Figures of incident response."""
    return figures.measure(stock, incidents=1000 if quick else 10_000, runs=3 if quick else 11)


def profile(stock: Stock, quick: bool) -> Iterator[Row]:
    """Where the cost of a report goes."""
    return costs.measure(stock, signals=100 if quick else 1000, runs=1 if quick else 3)


# Reading comes before what adds to the desks that it reads.
MEASURES: dict[str, Measure] = {
    "storm": storm,
    "profile": profile,
    "reading": reading,
    "commands": command,
    "foreign": foreign,
    "changes": changes_,
    "signing": signatures,
    "latency": latency,
    "memory": memory,
    "fingerprint": fingerprint,
    "scan": scan,
    "escalations": escalation,
    "claims": work,
    "jobs": job,
    "metrics": metrics,
    "bridges": bridge,
}


def machine() -> str:
    """Return what the results hang on."""
    kib = int(Path("/proc/meminfo").read_text().split()[1])
    version = subprocess.run(["git", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {kib / 1024**2:.0f} GB, "
        f"{platform.system()} {platform.release()}, {version}, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f} at the start"
    )


def main() -> None:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes and few runs: a minute instead of many")
    parser.add_argument("--only", choices=MEASURES, help="only this measurement")
    parser.add_argument("--dir", help="where the desks are built (default: the system's temporary folder)")
    arguments = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="prismfs-bench-", dir=arguments.dir) as folder:
        os.environ[KEY_FOLDER] = str(Path(folder) / "keys")  # not this user's own
        stock = Stock(Path(folder))
        for name, measure in MEASURES.items():
            if arguments.only in (None, name):
                rows = list(measure(stock, arguments.quick))
                print(f"\n## {measure.__doc__}\n\n{table(rows)}", flush=True)


if __name__ == "__main__":
    main()
