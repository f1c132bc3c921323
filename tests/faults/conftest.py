"""An inbox with something of everything, and the processes that work it off."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

TURNS = Path(__file__).with_name("turns.py")
PARENT = "sig-01kjmdeb80er8dfw0wemj7sy1g"


@pytest.fixture
def fill_inbox(signals: dict[str, str], signal: Callable[..., str]) -> Callable[[Path], int]:
    """Give a function that lays seventeen drops into a project's inbox, in a fixed order."""
    escalation = "kind: escalation\nfrom: jade\nseverity: {}\ntitle: disk is full\nsignature: disk\n"
    drops = {
        "a-info.yaml": signals["info"],
        "b-incident.yaml": signals["incident"],
        "c-again.yaml": signals["incident"],
        "d-enhancement.yaml": signals["enhancement"],
        # Refused, for its parent comes after it: deciding it twice would accept it the second time.
        "e-reply.yaml": signal("re: hello", "fine", to="mayor", in_reply_to=PARENT),
        "f-parent.yaml": signal("hello", "how are you", to="mayor", id=PARENT),
        "g-unclassified.yaml": signals["unclassified"],
        "h-medium.yaml": escalation.format("MEDIUM"),
        "i-critical.yaml": escalation.format("CRITICAL"),
        "j-unknown-field.yaml": signals["info"] + "severity: high\n",
        "k-not-yaml.yaml": "kind: signal\nkind: signal\n",
        "l-recommendation.yaml": signals["recommendation"],
        "m-todo.yaml": "kind: todo\nfrom: jade\ntitle: look at it\n",
        "n-journal.yaml": "kind: journal\nfrom: jade\nsubject: a long day\n",
        "o-incident.yaml": signals["incident"],
        "p-keyed.yaml": signal("login crashes with a traceback", "It is broken.", dedup_key="login"),
        "Q bad name.yaml": signals["info"],
    }

    def fill(root: Path) -> int:
        for number, (name, text) in enumerate(drops.items(), start=1):
            path = root / "inbox" / name
            path.write_text(text)
            os.utime(path, ns=(number * 10**9, number * 10**9))
        return len(drops)

    return fill


@pytest.fixture
def turns() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give a function that runs turns in a process of its own until idle, or until a crash point kills it."""

    def run(root: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(TURNS), str(root), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    return run


@pytest.fixture
def outcome() -> Callable[[Any], dict[str, Any]]:
    """Give a function that tells what a project has come to, without the ids: those follow from the files."""
    return outcome_of


def outcome_of(bench: Any) -> dict[str, Any]:
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
