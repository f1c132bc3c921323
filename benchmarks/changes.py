"""What one state change costs: a record and its audit row, by prismfs and by two ways of `git commit`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks import desks
from benchmarks.rows import Row, milliseconds
from prismfs.kinds import kind_of
from prismfs.records.plan import Plan
from prismfs.store.git import upkeep
from prismfs.store.repo import ProjectRepo

GROUPS = (1, 10, 100)
_A_ROUND = {1: 3, 10: 2, 100: 1}
"""Groups of each size in a round, so that a run leaves fewer packs than a watcher lets gather."""

_SLOW_ROUNDS = 2
"""Rounds in which GitPython is timed at 100,000 records, where one commit of it takes seconds."""

_FIRST = 1_000_000
"""Number of the first record that is measured, far from those that are there."""


@dataclass
class Times:
    """Seconds measured at one size."""

    plain: list[float] = field(default_factory=list)
    gitpython: list[float] = field(default_factory=list)
    index: list[float] = field(default_factory=list)
    upkeep: list[float] = field(default_factory=list)
    applied: dict[int, list[float]] = field(default_factory=lambda: {group: [] for group in GROUPS})


def measure(stock: desks.Stock, sizes: tuple[int, ...], *, rounds: int) -> Iterator[Row]:
    """Time every way at every size once a round, so that all of them see the same moods of the machine."""
    found = {size: Times() for size in sizes}
    changes = 2 + sum(group * times for group, times in _A_ROUND.items())
    with ExitStack() as stack:
        stores, made = {}, {}
        for size in sizes:
            store = stores[size] = stack.enter_context(ProjectRepo(stock.desk(size)))
            # What a commit starts in the background would take folders away that GitPython has just looked for.
            desks.git(store.root, "config", "gc.auto", "0")
            desks.git(store.root, "config", "maintenance.auto", "false")
            chain = store.view(store.snapshot()).last_audit()
            made[size] = iter(desks.plans(_FIRST, rounds * changes + 1, chain))
            with store.writer():
                # A writer lives long: what it starts once, it has started before it is timed.
                _apply(store, made[size], 1)
                store.bring_window()
        for number in range(rounds):
            for size in sizes:
                slow = size >= 100_000 and number >= _SLOW_ROUNDS
                _round(stores[size], made[size], found[size], with_gitpython=not slow)
    for size in sizes:
        yield from _rows(size, found[size])
    if {10_000, 100_000} <= set(sizes):
        growth = median(found[100_000].applied[100]) / median(found[10_000].applied[100])
        yield Row("a change, 100 a group, from 10,000 to 100,000", f"{growth:.2f} x", "", "under 1.5 x")


def _round(store: ProjectRepo, made: Iterator[Plan], times: Times, *, with_gitpython: bool) -> None:
    times.plain.append(_timed(lambda: commit_plainly(store.root, next(made))))
    if with_gitpython:
        times.gitpython.append(_timed(lambda: _commit_by_gitpython(store.root, next(made))))
    desks.take_for_seen(store.root)
    with store.writer():
        for group, often in _A_ROUND.items():
            times.applied[group] += [_apply(store, made, group) for _ in range(often)]
        times.index.append(_timed(store.bring_window))
    # As the watcher does: a desk never has more packs than this allows.
    if upkeep.is_due(store.git):
        times.upkeep.append(_timed(lambda: upkeep.keep_up(store.git)))


def _rows(size: int, times: Times) -> Iterator[Row]:
    at = f"at {size:,} records"
    plain, gitpython = median(times.plain), median(times.gitpython)
    bars = {10_000: {1: "8 x", 100: "40 x"}, 100_000: {1: "8 x", 100: "200 x"}}.get(size, {})
    yield Row(f"git add + git commit, {at}", milliseconds(plain))
    yield Row(f"GitPython index.add + index.commit, {at}", milliseconds(gitpython), f"{gitpython / plain:.1f} x git")
    for group in GROUPS:
        spent = median(times.applied[group])
        bar = f"at least {bars[group]}" if group in bars else ""
        share = plain / spent
        shown = f"{share:.0f}" if share >= 10 else f"{share:.1f}"
        yield Row(f"a change, {group} a group, {at}", milliseconds(spent), f"{shown} x cheaper than git", bar)
    yield Row(f"the index brought along, once a round, {at}", milliseconds(median(times.index)), "not in the above")
    if times.upkeep:
        consolidated = milliseconds(median(times.upkeep))
        yield Row(f"packs consolidated, once in {upkeep.MOST_PACKS} groups, {at}", consolidated, "not in the above")


def write(root: Path, plan: Plan) -> list[str]:
    """Write the files of one state change and return their paths."""
    paths = []
    for record in plan.puts:
        kind = kind_of(record)
        path = kind.place_of(record)
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(kind.write(record))
        paths.append(path)
    return paths


def commit_plainly(root: Path, plan: Plan) -> None:
    """Make one state change as a person would: two files, `git add`, `git commit`, git's own settings."""
    desks.git(root, "add", "--", *write(root, plan))
    desks.git(root, "commit", "--quiet", "-m", plan.title)


def _commit_by_gitpython(root: Path, plan: Plan) -> None:
    import git  # here: no other measurement may pay for it

    with git.Repo(root) as repo:
        index = repo.index
        index.add(write(root, plan))
        index.commit(plan.title)


def _apply(store: ProjectRepo, made: Iterator[Plan], group: int) -> float:
    """Return the seconds a change: objects, references, their fsync, files on disk, projection."""
    batch = [next(made) for _ in range(group)]
    base = store.snapshot()
    return _timed(lambda: store.apply(batch, base=base)) / group


def _timed(step: Callable[[], object]) -> float:
    begin = time.perf_counter()
    step()
    return time.perf_counter() - begin
