"""Killed while it tells of a standstill, the desk tells of it once and handles what was overdue once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from prismfs.store.repo import CRASH_POINTS
from tests.support.project import Project

pytestmark = pytest.mark.slow

STANDSTILL = Path(__file__).with_name("standstill.py")


def look(root: Path, minutes: int, *fatal: str) -> int:
    """Look for a standstill and react, in a process of its own; return how it ended."""
    words = [sys.executable, str(STANDSTILL), str(root), str(minutes), *fatal]
    return subprocess.run(words, check=False, capture_output=True).returncode


@pytest.mark.parametrize("point", CRASH_POINTS)
def test_look_killed_at_a_crash_point_tells_once(bench: Project, point: str) -> None:
    """C-67: over one deadline there is one raise, and one incident beside it, whenever the process died."""
    bench.drop("kind: escalation\nfrom: jade\nseverity: LOW\ntitle: disk is full\n")
    bench.turn()
    (waiting,) = bench.records("bead")
    (bench.root / "run").mkdir(exist_ok=True)
    health = {"at": "2026-03-01T10:00:00.000Z", "state": "watching"}
    (bench.root / "run" / "health.json").write_text(json.dumps(health))
    assert look(bench.root, 300, point) == -signal.SIGKILL
    assert [look(bench.root, minutes) for minutes in (301, 302)] == [0, 0]
    bench.restart()
    (incident,) = bench.records("incident")
    assert (incident.title, incident.count) == ("Engine loop stopped", 1)
    rows = [row for row in bench.records("audit") if row.action == "escalation.raised"]
    assert [row.entity_id for row in rows] == [waiting.id]
    assert bench.git("status", "--porcelain") == ""
    assert bench.problems() == ()
