"""Processes that react to an inbox and may be killed on the way, and what a project has come to."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.project import Project

QUICK = frozenset({"before-reference", "after-reference", "between-files"})
"""Before and after what decides, and in the midst of what follows: every run kills there, at the others a slow one."""

TURNS = Path(__file__).parents[1] / "faults" / "turns.py"


def crash_points(names: Iterable[str], *others: str) -> list[Any]:
    """Return parameters for a test of each point; all but QUICK, and `others` beside them, are slow."""
    quick = QUICK | set(others)
    return [pytest.param(name, marks=() if name in quick else pytest.mark.slow) for name in names]


def turns(root: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run turns in a process of its own until idle, or until a crash point kills it."""
    command = [sys.executable, str(TURNS), str(root), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def outcome(bench: Project) -> dict[str, Any]:
    """Return what a project has come to, without the ids: those follow from the files."""
    reasons = sorted((bench.root / "quarantine").glob("*.reason.yaml"))
    return {
        "actions": Counter(row.action for row in bench.records("audit")),
        "signals": Counter((one.subject, one.status, one.lane, one.disposition) for one in bench.records("signal")),
        "incidents": Counter((one.title, one.count, one.status) for one in bench.records("incident")),
        "beads": Counter((one.title, one.occurrence_count, one.severity.label) for one in bench.records("bead")),
        "outbox": Counter((one.subject, one.action, one.level, one.status) for one in bench.records("outbox")),
        "mail": Counter((one.to, one.subject, one.type) for one in bench.records("mail")),
        "todos": Counter(one.title for one in bench.records("todo")),
        "journal": len(bench.records("journal")),
        "refused": Counter(yaml.safe_load(path.read_text())["code"] for path in reasons),
        "kept": Counter(path.name.split("-", 2)[2].removesuffix(".reason.yaml") for path in quarantined(bench.root)),
        "inbox": sorted(path.name for path in (bench.root / "inbox").iterdir()),
    }


def quarantined(root: Path) -> list[Path]:
    return sorted((root / "quarantine").iterdir())
