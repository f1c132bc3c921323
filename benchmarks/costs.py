"""Where the cost of a report goes: CPU by layer, programs, files, SQL statements, validations and encodings.

The watcher runs over storms in processes of its own, `python -m benchmarks.costs DESK [PROFILE]`: plainly for CPU
seconds, then under a profiler for counts. Counts are the same on a busy machine; seconds are not.
"""

from __future__ import annotations

import cProfile
import pstats
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import desks
from benchmarks.rows import Row, milliseconds

_PACKAGE = str(Path(__file__).parents[1] / "prismfs")
_OUTSIDE = "what no layer calls"
_SHOWN = 0.02
"""Share of the time below which a layer gets no line."""

_COUNTED: Mapping[str, tuple[str, ...]] = {
    "programs started": ("<built-in method _posixsubprocess.fork_exec>",),
    "SQL statements": (
        "<method 'execute' of 'sqlite3.Connection' objects>",
        "<method 'executemany' of 'sqlite3.Connection' objects>",
    ),
    "validations of a model": ("<method 'validate_python' of 'pydantic_core._pydantic_core.SchemaValidator' objects>",),
    "documents made of a model": ("<method 'to_python' of 'pydantic_core._pydantic_core.SchemaSerializer' objects>",),
    "encodings of a document": ("codec.py:encode", "codec.py:canonical_json"),
    "objects read of git": ("repository.py:_content",),
    "files opened": ("<built-in method posix.open>", "<built-in method io.open>"),
}
"""What is counted, and the functions whose calls are that, as the profiler names them."""


def measure(stock: desks.Stock, *, signals: int, runs: int) -> Iterator[Row]:
    """Measure storms of that many mixed reports, from the start of a watcher until it is idle."""
    spent: dict[str, list[float]] = {"the watcher itself": [], "git": [], "all": []}
    for _ in range(runs):
        root = _storm(stock, signals)
        before = _cpu(resource.RUSAGE_CHILDREN)
        own = float(_run(str(root))[-1])
        whole = _cpu(resource.RUSAGE_CHILDREN) - before
        for name, seconds in (("the watcher itself", own), ("git", whole - own), ("all", whole)):
            spent[name].append(seconds)
    for name, times in spent.items():
        yield Row(f"CPU of the storm, {name}", f"{median(times):.2f} s", f"{min(times):.2f} to {max(times):.2f} s")
    commits = int(desks.git(root, "rev-list", "--count", "HEAD")) - 1
    yield Row("CPU a commit, all", milliseconds(median(spent["all"]) / commits), f"{commits:,} commits")
    profile = stock.folder("profile")
    _run(str(_storm(stock, signals)), str(profile))
    stats = pstats.Stats(str(profile))
    calls = stats.total_calls  # type: ignore[attr-defined]
    yield Row("function calls", f"{calls / 1e6:.2f} M", f"{calls / signals:,.0f} a report")
    for name, count in counts_of(stats).items():
        yield Row(f"{name} a report", f"{count / signals:.2f}", f"{count:,} in all")
    for name, share in layers_of(stats).items():
        yield Row(f"time in {name}", f"{share:.0%}", "CPU of the watcher, with what it makes libraries do")


def counts_of(stats: pstats.Stats) -> dict[str, int]:
    """Return how often each of what is counted was done."""
    called: dict[str, int] = {}
    for (file, _, name), (_, calls, *_) in _table(stats).items():
        key = name if file == "~" else f"{Path(file).name}:{name}"
        called[key] = called.get(key, 0) + calls
    return {what: sum(called.get(key, 0) for key in keys) for what, keys in _COUNTED.items()}


def layers_of(stats: pstats.Stats) -> dict[str, float]:
    """Return the share of the time that each folder of the package takes with what it makes libraries do."""
    table = _table(stats)
    known: dict[Any, dict[str, float]] = {}

    def callers_of(function: Any, above: frozenset[Any]) -> dict[str, float]:
        """Return how the time of a function is shared by the layers that call it, directly or not."""
        layer = _layer_of(str(function[0]))
        if layer is not None:
            return {layer: 1.0}
        if function in known:
            return known[function]
        shares: dict[str, float] = {}
        for caller, (*_, took) in table[function][4].items():
            if caller not in above:
                for name, share in callers_of(caller, above | {function}).items():
                    shares[name] = shares.get(name, 0.0) + share * (took + 1e-9)
        whole = sum(shares.values())
        known[function] = {name: share / whole for name, share in shares.items()} if whole else {_OUTSIDE: 1.0}
        return known[function]

    spent: dict[str, float] = {}
    for function, (_, _, own, *_) in table.items():
        for name, share in callers_of(function, frozenset()).items():
            spent[name] = spent.get(name, 0.0) + own * share
    whole = sum(spent.values())
    ordered = sorted(spent.items(), key=lambda item: -item[1])
    return {name: took / whole for name, took in ordered if took >= _SHOWN * whole}


def _table(stats: pstats.Stats) -> Mapping[Any, Any]:
    found: Mapping[Any, Any] = stats.stats  # type: ignore[attr-defined]
    return found


def _layer_of(file: str) -> str | None:
    """Return the folder of the package that a module lies in, None for what is not the package's."""
    if not file.startswith(_PACKAGE):
        return None
    parts = Path(file).relative_to(_PACKAGE).parts[:-1]
    return "/".join(("prismfs", *parts[: 2 if parts[:1] in (("store",), ("engine",)) else 1]))


def _storm(stock: desks.Stock, signals: int) -> Path:
    root = stock.fresh("costs", 0)
    for number in range(signals):
        desks.drop(root, f"storm-{number:06d}.yaml", desks.signal_text(number))
    return root


def _run(*arguments: str) -> list[str]:
    command = [sys.executable, "-m", "benchmarks.costs", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    return done.stdout.splitlines()


def _cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _watch(desk: str, profile: str | None = None) -> None:
    """Serve a desk until it is idle, then print the CPU seconds of this process, or write a profile."""
    from prismfs.cli import run  # what a watcher imports is part of its cost

    command = ["-C", desk, "watch", "--once-idle"]
    if profile is None:
        code = run(command)
        print(_cpu(resource.RUSAGE_SELF))
    else:
        with cProfile.Profile(time.process_time) as profiler:
            code = run(command)
        profiler.dump_stats(profile)
    sys.exit(code)


if __name__ == "__main__":
    _watch(*sys.argv[1:])
