"""What a command costs as a whole process, CPU beside wall, against an interpreter that does nothing."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from statistics import median

import click

from benchmarks import desks
from benchmarks.processes import PRISMFS
from benchmarks.rows import Row, milliseconds
from prismfs.cli import cli

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


def measure(stock: desks.Stock, *, size: int, runs: int) -> Iterator[Row]:
    """Run the help of every verb, verbs that decide nothing and one that writes, in turns, each `runs` times."""
    project = [PRISMFS, "-C", str(stock.fresh("commands", size)), "--as", "jade"]
    commands = {_NOTHING: [sys.executable, "-c", "pass"], "--help": [PRISMFS, "--help"]}
    bars = dict.fromkeys(("--help", "--help of the dearest verb"), 4)
    helps = {words: [PRISMFS, *words.split(), "--help"] for words in _verbs(cli)}
    dearest = max(helps, key=lambda words: min(_run(helps[words])[0] for _ in range(3)))
    commands["--help of the dearest verb"] = helps[dearest]
    for words, bar in _READERS.items():
        commands[words] = [*project, *words.split()]
        bars |= {} if bar is None else {words: bar}
    writer = f"{' '.join(_WRITER[:2])}, no watcher"
    commands[writer], bars[writer] = [*project, *_WRITER], 12
    spent: dict[str, list[Spent]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            spent[name].append(_run(command))
    for name, times in spent.items():
        said = f"{name} ({dearest}, of {len(helps)})" if name.endswith("dearest verb") else name
        yield _row(said, times, spent[_NOTHING], bars.get(name))


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
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall
