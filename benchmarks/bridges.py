"""Signals between the projects of a tenant: reports to a bridge, and the answers back."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.desks import BEGIN, Stock, drop, signal_text
from benchmarks.rows import Row
from prismfs.engine.admin.init_project import BRIDGES, init_project
from prismfs.engine.admin.membership import home_for, join_tenant
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.settings.project import Home, Project
from prismfs.store.listing import find_documents
from prismfs.store.reading import reading

HOME = "PID-HOME01"


def measure(stock: Stock, *, signals: int, runs: int, projects: int = 10) -> Iterator[Row]:
    """Yield how long one watcher takes to carry `signals` reports of nine projects home and all answers back."""
    spent, worked, crossed, rows = [], [], 0, 0
    for _ in range(runs):
        folder = stock.folder("tenant")
        roots = make_tenant(folder, projects)
        for number in range(signals):
            root = roots[1 + number % (projects - 1)]
            drop(root, f"signal-{number}.yaml", signal_text(number))
        begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "prismfs", "-C", str(folder), "watch", "--once-idle"],
            check=True, capture_output=True,
        )  # fmt: skip
        spent.append(time.perf_counter() - begun)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        worked.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        crossed, rows = count(roots)
        if rows != 2 * crossed:
            raise RuntimeError(f"{crossed} signals crossed, but the two views hold {rows} rows")
    seconds = statistics.median(spent)
    yield Row(
        f"{crossed:,} signals between {projects} projects: {signals:,} reports to a bridge, the answers back",
        f"{seconds:.1f} s",
        f"{statistics.median(worked):.1f} s of it on a processor; both views complete",
        "under 40 s" if 1000 <= crossed < 1500 else "",
    )


def make_tenant(folder: Path, projects: int) -> list[Path]:
    """Make a tenant of a home project and its customers; return their folders, the home first."""
    folder.mkdir(parents=True)
    roots = []
    for number in range(projects):
        home, pid = number == 0, HOME if number == 0 else f"PID-CUST{number:02}"
        root = folder / ("home" if home else f"customer-{number:02}")
        known = home_for(root, pid, "bench", home=home)
        project = Project(
            pid=pid,
            tenant="bench",
            home=home if known is None else Home(pid=HOME, root=known[1].root),
            operators=("amy",),
            bridges=BRIDGES if home else (),
        )
        init_project(root, project=project, now=BEGIN)
        join_tenant(root, pid, known, actor="amy", now=BEGIN)
        roots.append(root)
    return roots


def count(roots: list[Path]) -> tuple[int, int]:
    """Return how many signals crossed, and how many rows the views of all projects hold of them."""
    ids: set[str] = set()
    rows = 0
    for root in roots:
        with reading(root) as connection:
            texts, _ = find_documents(connection, "audit", where={"owner": "bridge.routed"})
        found = [Audit.model_validate_json(text) for text in texts]
        ids |= {row.entity_id for row in found}
        rows += len(found)
    return len(ids), rows
