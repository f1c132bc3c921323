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
from prismfs.engine.admin.init_project import BRIDGES, init_project, register
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.settings.project import Project
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
        home = number == 0
        project = Project(
            pid=HOME if home else f"PID-CUST{number:02}",
            tenant="bench",
            home=home,
            operators=("amy",),
            bridges=BRIDGES if home else (),
        )
        root = folder / ("home" if home else f"customer-{number:02}")
        init_project(root, project=project, now=BEGIN, bridged=not home)
        register(root, project)
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
