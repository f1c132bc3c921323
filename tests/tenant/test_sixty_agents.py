"""Sixty agents in ten projects at once, a watcher on the tenant, and a second one that is not let in."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prismfs.clock import FakeClock
from tests.support.town import MakeTown
from tests.support.waiting import until

HOME = "PID-HOME01"
CUSTOMERS = tuple(f"PID-CUST{number:02}" for number in range(9))
EACH = 5
"""Signals that each agent drops."""

AGENT = """
import json, pathlib, sys
inbox, name, count = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for number in range(count):
    document = {"kind": "signal", "from": name, "to": "Sage", "type": "Question",
                "subject": f"{name} number {number}: the export crashes with an error"}
    aside = inbox / f".{name}-{number}.json"
    aside.write_text(json.dumps(document))
    aside.rename(inbox / f"{name}-{number}.json")
"""


def watch(folder: Path, log: Path) -> subprocess.Popen[str]:
    with log.open("w") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "prismfs", "-C", str(folder), "watch"], stdout=file, stderr=file, text=True
        )


def arrived(home: Path) -> int:
    """Return how many signals have come over a bridge, as another process sees it."""
    done = subprocess.run(
        [sys.executable, "-m", "prismfs", "-C", str(home), "audit", "--action", "bridge.routed", "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return sum(row["meta"]["to_pid"] == HOME for row in json.loads(done.stdout)["data"]["items"])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_sixty_agents_in_ten_projects_are_all_heard_once(make_town: MakeTown, tmp_path: Path) -> None:
    town = make_town(CUSTOMERS, clock=FakeClock(datetime.now(UTC)))
    town.close()
    watcher = watch(town.folder, tmp_path / "first.log")
    try:
        until(lambda: "watching" in (tmp_path / "first.log").read_text(), "the watcher", 60)
        agents = []
        for number in range(60):
            pid = [HOME, *CUSTOMERS][number % 10]
            command = [sys.executable, "-c", AGENT, str(town[pid].root / "inbox"), f"agent-{number}", str(EACH)]
            agents.append(subprocess.Popen(command))
        second = watch(town.folder, tmp_path / "second.log")
        assert second.wait(60) == 5
        assert "watched" in (tmp_path / "second.log").read_text()
        assert [agent.wait(120) for agent in agents] == [0] * 60

        sent = 54 * EACH
        until(lambda: not any(list((town[pid].root / "inbox").iterdir()) for pid in town.benches), "the inboxes", 240)
        until(lambda: arrived(town.home.root) == sent, "the signals to cross", 240)
        watcher.send_signal(signal.SIGTERM)
        assert watcher.wait(60) == 0
        done = subprocess.run(
            [sys.executable, "-m", "prismfs", "-C", str(town.folder), "watch", "--once-idle"],
            capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    finally:
        if watcher.poll() is None:
            watcher.kill()
            watcher.wait()

    town.restart()
    subjects = Counter(one.subject for one in town.home.records("signal") if one.subject.startswith("agent-"))
    wanted = [f"agent-{number} number {step}: " for number in range(60) for step in range(EACH)]
    assert subjects == dict.fromkeys([f"{one}the export crashes with an error" for one in wanted], 1)
    for pid in CUSTOMERS:
        own = [one for one in town[pid].records("signal") if one.from_pid is None]
        assert len(own) == 6 * EACH
        assert {one.status for one in own} == {"routed"}
        assert all(one.progress is not None for one in own)
    town.check()
