"""What a command costs as a whole process, CPU beside wall, against an interpreter that does nothing."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import click

from benchmarks import desks
from benchmarks.processes import PRISMFS, watching
from benchmarks.rows import Row, milliseconds
from prismfs.cli import cli
from prismfs.cli.ask import ask

_NOTHING = "python3 -c pass"
_READERS = {
    "whois": 4,
    "roster list": None,
    "kb search rotate": 4,
    "nudge list": 4,
    "nudge send mayor hello": 4,
    "heartbeat": 4,
    "check settings/triage.yaml": None,
    "doctor": None,
}
"""Commands that decide nothing, and the most that each may cost, as a multiple of doing nothing."""

_WRITER = ("bead", "create", "rotate the key")

Spent = tuple[float, float]
"""Seconds of CPU, the command's children included, and seconds until its end."""


def measure(stock: desks.Stock, *, runs: int) -> Iterator[Row]:
    """Run the help of every verb, verbs that decide nothing and one that writes, in turns, each `runs` times."""
    project = [PRISMFS, "-C", str(stock.fresh("commands", 0)), "--as", "jade"]
    commands = {_NOTHING: [sys.executable, "-c", "pass"], "--help": [PRISMFS, "--help"]}
    bars = dict.fromkeys(("--help", "--help of the dearest verb"), 4)
    helps = {words: [PRISMFS, *words.split(), "--help"] for words in _verbs(cli)}
    dearest = max(helps, key=lambda words: min(_run(helps[words])[0] for _ in range(3)))
    commands["--help of the dearest verb"] = helps[dearest]
    for words, bar in _READERS.items():
        commands[words] = [*project, *words.split()]
        bars |= {} if bar is None else {words: bar}
    served = stock.fresh("served", 0)
    writer, given = (f"{' '.join(_WRITER[:2])}, {watcher} watcher" for watcher in ("no", "a"))
    commands[writer], bars[writer] = [*project, *_WRITER], 12
    commands[given], bars[given] = [PRISMFS, "-C", str(served), "--as", "jade", *_WRITER], 4
    spent: dict[str, list[Spent]] = {name: [] for name in commands}
    with watching(served) as watcher:
        before = _cpu_of(watcher)
        for _ in range(runs):
            for name, command in commands.items():
                spent[name].append(_run(command))
        took = (_cpu_of(watcher) - before) / runs
    for name, times in spent.items():
        said = f"{name} ({dearest}, of {len(helps)})" if name.endswith("dearest verb") else name
        yield _row(said, times, spent[_NOTHING], bars.get(name))
    yield Row("what the watcher and its git take for one, with the turn after it", f"{milliseconds(took)} CPU")


def measure_loop(stock: desks.Stock, *, clients: int, seconds: float) -> Iterator[Row]:
    """Let that many clients give one command after the other to a watcher, each when the one before is answered."""
    root, spent = stock.fresh("loop", 0), list[float]()
    with watching(root) as watcher:
        before, end = _cpu_of(watcher), time.monotonic() + seconds

        def give(number: int) -> None:
            while time.monotonic() < end:
                begin = time.perf_counter()
                answer = ask(root, _bead(f"task {len(spent)} of client {number}"))
                assert "data" in (answer or {}), answer
                spent.append(time.perf_counter() - begin)

        threads = [threading.Thread(target=give, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = (_cpu_of(watcher) - before) / len(spent)
    spent.sort()
    of = f"{clients} clients in a closed loop, {seconds:.0f} s"
    yield Row(of, f"{len(spent) / seconds:.0f} a second", f"{milliseconds(took)} CPU of the watcher each", ">= 100")
    yield Row(f"{of}, p50", milliseconds(median(spent)))
    yield Row(f"{of}, p99", milliseconds(spent[int(len(spent) * 0.99)]), "", "<= 250 ms")


def _bead(title: str) -> dict[str, object]:
    document = {"kind": "task", "from": "jade", "title": title, "body": "", "type": "task", "priority": 2}
    command = {"kind": "bead.create", "document": {"document": document}, "actor": "jade", "target": None}
    return command | {"dry_run": False, "token": uuid.uuid4().hex}


def _cpu_of(process: subprocess.Popen[bytes]) -> float:
    """Return the CPU seconds of a process and of its children that have ended."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _row(name: str, times: Sequence[Spent], nothing: Sequence[Spent], bar: int | None) -> Row:
    cpu, wall = (median(each) for each in zip(*times, strict=True))
    ratio = cpu / median(each[0] for each in nothing)
    against = f"{ratio:.1f} x {_NOTHING}; until its end {milliseconds(wall)}"
    return Row(name, f"{milliseconds(cpu)} CPU", against, "" if bar is None else f"{bar} x")


def _verbs(group: click.Group, above: str = "") -> Iterator[str]:
    context = click.Context(group)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        words = f"{above} {word}".strip()
        yield words
        if isinstance(command, click.Group):
            yield from _verbs(command, words)


def _run(command: Sequence[str]) -> Spent:
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    # The modules of a program that is installed are compiled.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert done.returncode in (0, 1), command  # doctor finds something
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall
