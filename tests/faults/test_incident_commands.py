"""Killed anywhere while an incident is opened, merged or reopened: all of it stands or nothing, and once (C-95)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from prismfs.store.repo import CRASH_POINTS
from tests.support.project import Project

SCRIPT = Path(__file__).with_name("command.py")
BEFORE = ("before-objects", "before-reference")
"""Killed here, nothing was decided yet; anywhere later the commit stands."""

POINTS = [pytest.param(point, marks=() if point == "after-reference" else pytest.mark.slow) for point in CRASH_POINTS]


def give(bench: Project, point: str, verb: str, document: dict[str, Any]) -> int:
    """Give a command in a process of its own that is killed at `point`; return how it ended."""
    command = [sys.executable, str(SCRIPT), str(bench.root), point, verb, json.dumps(document), "token-1"]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode


def opened(bench: Project, key: str, severity: str) -> Any:
    bench.give("incident.open", {"subject": f"{key} fails", "dedup_key": key, "severity": severity})
    return next(found for found in bench.records("incident") if found.dedup_key == f"key:{key}")


def state(bench: Project) -> dict[str, Any]:
    """Return what the project has come to, read from the branch."""
    return {
        "incidents": sorted(
            (found.dedup_key, found.status, found.severity.label, found.count, found.reopened, found.level)
            for found in bench.records("incident")
        ),
        "beads": Counter(found.status for found in bench.records("bead")),
        "mails": Counter((found.to, found.subject) for found in bench.records("mail")),
        "rows": Counter(found.action for found in bench.records("audit") if found.entity_type == "incident"),
    }


def check(bench: Project, point: str, verb: str, document: dict[str, Any]) -> None:
    before = state(bench)
    assert give(bench, point, verb, document) == -signal.SIGKILL
    bench.restart()
    bench.turn()
    after = state(bench)
    assert (after == before) == (point in BEFORE)
    assert give(bench, "", verb, document) == 0  # whoever gave it gives it again
    bench.restart()
    bench.turn()
    again = state(bench)
    assert again != before
    assert point in BEFORE or again == after
    assert bench.problems() == ()
    assert bench.git("status", "--porcelain") == ""
    assert bench.git("fsck", "--strict", "--full", "--no-dangling") == ""


@pytest.mark.parametrize("point", POINTS)
def test_opening_killed_leaves_a_whole_incident_or_none(bench: Project, point: str) -> None:
    """C-95: all files or none."""
    check(bench, point, "incident.open", {"subject": "it fails", "severity": "P0"})
    ((_, status, severity, count, _, level),) = state(bench)["incidents"]
    assert (status, severity, count, level) == ("triage", "P0", 1, "executive")
    assert (state(bench)["rows"]["incident.detected"], state(bench)["beads"]) == (1, {"open": 1})


@pytest.mark.parametrize("point", POINTS)
def test_merging_killed_changes_both_or_neither(bench: Project, point: str) -> None:
    member, into = opened(bench, "a", "P1"), opened(bench, "b", "P3")
    check(bench, point, "incident.merge", {"id": member.id, "into": into.id})
    assert state(bench)["incidents"] == [
        ("key:a", "duplicate", "P1", 1, 0, "coordination"),
        ("key:b", "triage", "P1", 2, 0, "coordination"),
    ]
    rows = state(bench)["rows"]
    assert (rows["incident.merged"], rows["incident.joined"], rows["incident.severity_changed"]) == (1, 1, 1)


@pytest.mark.parametrize("point", POINTS)
def test_reopening_killed_happens_once(bench: Project, point: str) -> None:
    incident = opened(bench, "a", "P2")
    bench.give("incident.resolve", {"id": incident.id, "note": "mended"})
    check(bench, point, "incident.reopen", {"id": incident.id, "reason": "again"})
    assert state(bench)["incidents"] == [("key:a", "triage", "P2", 1, 1, "support")]
    assert state(bench)["beads"] == {"closed": 1, "open": 1}
