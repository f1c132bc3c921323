"""What the figures of incident response cost: `prismfs metrics` as a whole process."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median

from benchmarks import desks
from benchmarks.processes import PRISMFS, run
from benchmarks.rows import Row, milliseconds
from prismfs.engine.admin.init_project import init_project
from prismfs.kinds import kind_of
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.core.values import Note
from prismfs.kinds.response.incident import Incident, SeverityChange
from prismfs.records.ids import derive_id
from prismfs.records.severity import Severity

_PID = "PID-BENCH01"
_APART = timedelta(minutes=40)
"""Between two incidents: ten thousand of them fill nine months."""

_FORMS = {
    "metrics --json": ("--json",),
    "metrics --by week": ("--by", "week"),
    "metrics --format prometheus": ("--format", "prometheus"),
    "metrics --format html": ("--format", "html"),
}


def measure(stock: desks.Stock, *, incidents: int, runs: int) -> Iterator[Row]:
    """Time every form at so many incidents, and the banner that `status` prints of those that are open."""
    root = stock.folder("figures")
    make_desk(root, incidents)
    nothing = median(run([sys.executable, "-c", "pass"]) for _ in range(runs))
    project = [PRISMFS, "-C", str(root)]
    commands = {name: [*project, "metrics", *options] for name, options in _FORMS.items()}
    commands["status"] = [*project, "status"]
    for name, command in commands.items():
        spent = median(run(command) for _ in range(runs))
        bar = "under 1 s" if name == "metrics --json" and incidents == 10_000 else ""
        what = f"{name}, at {incidents:,} incidents"
        yield Row(what, milliseconds(spent), f"{spent / nothing:.1f} x python3 -c pass", bar)


def make_desk(root: Path, incidents: int) -> None:
    """Make a project of that many incidents and nothing else; of a hundred, five are open."""
    init_project(root, project=Project(pid=_PID, tenant="bench", operators=("amy",)), now=desks.BEGIN)
    chance = random.Random(1)
    files = (
        (kind_of(one).place_of(one), kind_of(one).write(one))
        for one in (_incident(number, chance) for number in range(incidents))
    )
    desks.import_files(root, files, at=lambda number: desks.BEGIN + _APART * number)
    desks.take_for_seen(root)


def _incident(number: int, chance: random.Random) -> Incident:
    at = desks.BEGIN + _APART * number
    rank = chance.choices(range(4), (1, 3, 6, 4))[0]
    severity, before = (Severity(rank=each, scale="prism", label=f"P{each}") for each in (rank, 3))
    by_itself, is_open = number % 4 == 0, number % 20 == 7
    times = {"responded_at": at + timedelta(minutes=chance.uniform(1, 90))}
    if by_itself:
        times = {"resolved_at": at + timedelta(seconds=chance.choice((1, 6, 33)))}
    elif not is_open:
        times["resolved_at"] = times["responded_at"] + timedelta(minutes=chance.uniform(5, 900))
    return Incident(
        id=derive_id("inc", at, cause=f"bench:{number}"),
        pid=_PID,
        title=f"export {number} fails with exit code 1",
        nature="fault",
        severity=severity,
        severity_reason="one workflow is affected",
        sev_initial=before,
        sev_max=severity,
        severity_history=(
            SeverityChange(at=at, by="Cheryl", before=before, after=severity, reason="as it turned out"),
        ),
        status="auto_resolved" if by_itself else "triage" if is_open else "resolved",
        level="agent" if by_itself else "support",
        escalations=0 if by_itself else 1 + number % 3,
        auto_resolved=by_itself,
        owner="Cheryl",
        reporter=f"agent-{number % 40}",
        dedup_key=f"bench:{number}",
        root_cause_id=f"cause-{number % 500}" if number % 3 == 0 else None,
        notes=(Note(by="Cheryl", at=at, text="Seen again after the restart; the log names the same file.\n" * 4),),
        started_at=at - timedelta(minutes=chance.uniform(0, 20)) if number % 5 else None,
        detected_at=at,
        last_seen_at=at,
        responded_at=times.get("responded_at"),
        resolved_at=times.get("resolved_at"),
    )
