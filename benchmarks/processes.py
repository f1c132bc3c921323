"""What whole processes cost: a storm, the way from the inbox to a commit, reading verbs, memory."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks import desks
from benchmarks.changes import commit_plainly
from benchmarks.rows import Row, milliseconds
from prismfs.store.repo import ProjectRepo

PRISMFS = str(Path(sys.executable).with_name("prismfs"))
_LIST = ("list", "incident", "--open", "--limit", "100", "--json")
_PATIENCE = 600.0
"""Seconds to wait for a watcher before giving up."""


def measure_storm(stock: desks.Stock, *, signals: int, runs: int) -> Iterator[Row]:
    """Drop many signals at once and let a watcher that starts then work until nothing is left."""
    spent, commits = [], 0
    for _ in range(runs):
        root = stock.fresh("storm", 0)
        for number in range(signals):
            desks.drop(root, f"storm-{number:06d}.yaml", desks.signal_text(number))
        spent.append(run([PRISMFS, "-C", str(root), "watch", "--once-idle"]))
        causes = desks.git(root, "log", "--format=%(trailers:key=Prismfs-Cause,valueonly,separator=)").split()
        commits = int(desks.git(root, "rev-list", "--count", "HEAD")) - 1
        changes = len(set(causes))
        incidents = len(list((root / "incidents").rglob("*.yaml")))
    bar = "under 20 s, aim 10 s" if signals == 1000 else ""
    yield Row(
        f"a storm of {signals:,} signals until idle", f"{median(spent):.1f} s", f"fastest {min(spent):.1f} s", bar
    )
    yield Row("commits of the storm", f"{commits:,}", f"{changes:,} state changes, {incidents:,} incidents", "as many")
    yield Row("a commit of the storm, everything included", milliseconds(median(spent) / commits))


def measure_latency(stock: desks.Stock, *, size: int, drops: int) -> Iterator[Row]:
    """Rename signals into the inbox of a warm watcher, one at a time, and wait for the branch to move."""
    root = stock.desk(size)
    branch = root / ".git" / "refs" / "heads" / "main"
    chance = random.Random(1)
    spent = []
    before = b""

    def moved() -> bool:
        return branch.read_bytes() != before

    with watching(root):
        for number in range(drops):
            before = branch.read_bytes()
            begin = time.perf_counter()
            desks.drop(root, f"latency-{number:06d}.yaml", desks.signal_text(number))
            poll(moved, every=0.001)
            spent.append(time.perf_counter() - begin)
            # What the watcher does afterwards (deliveries, index, packs) is met by some drops and not by others.
            time.sleep(chance.uniform(0.05, 0.25))
    spent.sort()
    at = f"of {drops}, at {size:,} records"
    yield Row(f"from rename to commit, p50 {at}", milliseconds(median(spent)), "", "under 80 ms")
    yield Row(f"from rename to commit, p99 {at}", milliseconds(spent[int(drops * 0.99)]), "", "under 400 ms")
    yield Row(f"from rename to commit, slowest {at}", milliseconds(spent[-1]))


def measure_reading(stock: desks.Stock, sizes: Sequence[int], *, runs: int) -> Iterator[Row]:
    """Time reading verbs as whole processes against an interpreter that does nothing."""
    commands: dict[str, list[str]] = {
        "python3 -c pass": [sys.executable, "-c", "pass"],
        "prismfs --version": [PRISMFS, "--version"],
    }
    for size in sizes:
        project = [PRISMFS, "-C", str(stock.desk(size))]
        first = json.loads(_output([*project, "list", "incident", "--limit", "1", "--json"]))["data"]["items"][0]["id"]
        commands[f"list incident --open --limit 100 --json, at {size:,} records"] = [*project, *_LIST]
        commands[f"show ID --json, at {size:,} records"] = [*project, "show", first, "--json"]
    send = ["signal", "send", "--to", "Sage", "--type", "Question", "--subject", "how do I rotate a key?"]
    commands["signal send"] = [PRISMFS, "-C", str(stock.fresh("send", 0)), "--as", "jade", *send]
    spent: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            spent[name].append(run(command))
    nothing = median(spent["python3 -c pass"])
    for name, times in spent.items():
        share = f"{median(times) / nothing:.1f} x python3 -c pass" if name != "python3 -c pass" else ""
        bar = (
            "under 8 x"
            if f"{100_000:,}" in name
            else "under 5 x"
            if name in ("signal send", "prismfs --version")
            else ""
        )
        yield Row(name, milliseconds(median(times)), share, bar)


def measure_foreign(stock: desks.Stock, *, size: int, runs: int) -> Iterator[Row]:
    """Time the first listing after a hundred commits that the engine did not make, and the one after it."""
    root = stock.fresh("foreign", size)
    first, second = [], []
    for number in range(runs):
        with ProjectRepo(root) as store:
            chain = store.view(store.snapshot()).last_audit()
        for plan in desks.plans(2_000_000 + number * 1000, 100, chain):
            commit_plainly(root, plan)
        first.append(run([PRISMFS, "-C", str(root), *_LIST]))
        second.append(run([PRISMFS, "-C", str(root), *_LIST]))
    yield Row(
        f"first list after 100 foreign commits, at {size:,} records",
        milliseconds(median(first)),
        f"the next {milliseconds(median(second))}",
        "under 500 ms" if size == 10_000 else "",
    )


def measure_memory(stock: desks.Stock, *, size: int, drops: int) -> Iterator[Row]:
    """Read what the watcher's own process holds after it took signals in; git's children are not counted."""
    root = stock.desk(size)
    bar = "under 120 MB" if size == 100_000 else ""
    for anew in (False, True):
        if anew:
            for path in (root / ".git" / "prismfs").rglob("projection.sqlite*"):
                path.unlink()
        begin = time.perf_counter()
        with watching(root) as process:
            started = time.perf_counter() - begin
            for number in range(drops):
                desks.drop(root, f"memory-{number:06d}.yaml", desks.signal_text(number))
            poll(lambda: not any((root / "inbox").iterdir()), every=0.05)
            # One more turn delivers what the last one put into the outbox.
            time.sleep(2.0)
            most, now = _memory(process)
        at = f"at {size:,} records, projection {'rebuilt from nothing' if anew else 'there'}"
        yield Row(
            f"watcher, most memory (VmHWM) {at}", most, f"after {drops} signals; ready after {started:.1f} s", bar
        )
        yield Row(f"watcher, memory (VmRSS) {at}", now, "", bar)


@contextmanager
def watching(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a watcher; it is warm, that is idle after its first turns, when this gives it."""
    process = subprocess.Popen(
        [PRISMFS, "-C", str(root), "watch"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    health = root / "run" / "health.json"

    def ready() -> bool:
        try:
            found = json.loads(health.read_text())
        except (OSError, ValueError):
            return False
        return bool(found["process_id"] == process.pid and found["state"] == "watching")

    try:
        poll(ready, every=0.01)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def poll(condition: Callable[[], bool], *, every: float) -> None:
    """Wait until `condition` holds, looking every so many seconds."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the watcher did not do what was waited for")
        time.sleep(every)


def _memory(process: subprocess.Popen[bytes]) -> tuple[str, str]:
    found = {}
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("VmHWM", "VmRSS"):
            found[name] = f"{int(value.split()[0]) / 1024:.0f} MB"
    return found["VmHWM"], found["VmRSS"]


def run(command: Sequence[str]) -> float:
    """Run a command and return the seconds that it took."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
