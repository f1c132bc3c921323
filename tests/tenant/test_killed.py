"""The router killed between any two steps: one delivery and one row in each view, once another process went on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from prismfs.engine.tenant.router import CRASH_POINTS
from prismfs.store.repo import CRASH_POINTS as STORE_POINTS
from tests.support.crash import QUICK
from tests.support.town import MakeTown, Town

HOME, ACME, BETA = "PID-HOME01", "PID-ACME01", "PID-BETA01"
SCRIPT = Path(__file__).with_name("rounds.py")

PASSINGS: dict[tuple[str, int], tuple[pytest.MarkDecorator, ...]] = {
    **{
        (point, 1): () if point in (*QUICK, "routed") else (pytest.mark.slow,)
        for point in (*CRASH_POINTS, *STORE_POINTS)
    },
    **{(point, passing): (pytest.mark.slow,) for point in CRASH_POINTS for passing in (2, 3)},
    **{
        (point, passing): (pytest.mark.slow,)
        for point in STORE_POINTS
        for passing in ((3, 9, 20, 33) if point == "between-files" else (2, 3, 4, 5, 6))
    },
}
"""Passings of each point; the later ones are of the addressee's commit, of the receipts', and of the answers' way."""

_EXPECTED: dict[str, Any] = {}


def rounds(town: Town, *arguments: object) -> subprocess.CompletedProcess[str]:
    for bench in town.benches.values():
        bench.close()
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(town.folder), *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    town.restart()
    return done


def fill(town: Town) -> None:
    """Signals there and back: reports of two customers, one that is not taken, and one that a bridge begins."""
    town.drop(ACME, to="Sage", subject="the export crashes with an error")
    town.drop(BETA, to="Clara", subject="a word with you")
    town.drop(BETA, to="Sage@PID-HOME01", subject="Feature request: JSON output for all commands")
    town.drop(HOME, **{"from": "Sage"}, to="nobody", to_pid=ACME, subject="to somebody who is not there")
    town.drop(HOME, **{"from": "Sage"}, to="mayor", to_pid=ACME, subject="news of the desk")


def ends_of(row: Any) -> list[str]:
    """A hash of an answer is another each time: the answer names ids."""
    return [str(row.meta.get(name)) for name in ("from_pid", "to_pid", "from", "to", "direction", "code")]


def outcome(town: Town) -> dict[str, Any]:
    """What must be the same however often the router was killed: each signal, and each row of a bridge, once."""
    return {
        pid: {
            "signals": sorted((one.subject, one.sender, one.to, one.status) for one in bench.records("signal")),
            "routed": sorted(ends_of(row) for row in town.rows(pid, "bridge.routed")),
            "refused": sorted(ends_of(row) for row in town.rows(pid, "bridge.refused")),
            "outbox": sorted((one.action, one.status) for one in bench.records("outbox")),
            "mails": sorted((mail.to, mail.subject) for mail in bench.records("mail")),
            "inbox": sorted(path.name for path in (bench.root / "inbox").iterdir()),
        }
        for pid, bench in town.benches.items()
    }


@pytest.fixture
def expected(make_town: MakeTown, town: Town) -> dict[str, Any]:
    """What the same drops come to when nothing is killed, and that every point is passed; found out once."""
    if not _EXPECTED:
        whole = make_town(clock=town.clock)
        fill(whole)
        done = rounds(whole)
        assert done.returncode == 0, done.stderr
        passed = json.loads(done.stdout)
        assert {point for point, _ in PASSINGS} <= set(passed)
        assert [one for one in PASSINGS if passed[one[0]] < one[1]] == []
        _EXPECTED.update(outcome(whole))
        assert [len(_EXPECTED[pid]["routed"]) for pid in (HOME, ACME, BETA)] == [6, 3, 3]
        assert len(_EXPECTED[HOME]["refused"]) == 1
    return _EXPECTED


@pytest.mark.parametrize(
    ("point", "passing"), [pytest.param(*one, marks=marks, id=f"{one[0]}-{one[1]}") for one, marks in PASSINGS.items()]
)
def test_router_killed_at_a_crash_point_delivers_once_and_both_views_are_whole(
    town: Town, expected: dict[str, Any], point: str, passing: int
) -> None:
    fill(town)
    killed = rounds(town, point, passing)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = rounds(town)
    assert again.returncode == 0, again.stderr
    assert outcome(town) == expected
    town.check()
    for bench in town.benches.values():
        assert bench.git("status", "--porcelain") == ""


@pytest.mark.slow
def test_router_killed_over_and_over_delivers_once(town: Town, expected: dict[str, Any]) -> None:
    fill(town)
    killed = 0
    for point in (*CRASH_POINTS, *STORE_POINTS, *CRASH_POINTS):
        killed += rounds(town, point, 1).returncode == -signal.SIGKILL
    assert killed > len(CRASH_POINTS)
    assert rounds(town).returncode == 0
    assert outcome(town) == expected
    town.check()


@pytest.mark.slow
def test_two_routers_at_once_deliver_once(town: Town, expected: dict[str, Any]) -> None:
    fill(town)
    for bench in town.benches.values():
        bench.close()
    command = [sys.executable, str(SCRIPT), str(town.folder)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    said = [child.communicate(timeout=120)[1].decode() for child in children]
    # One that finds a project busy for too long gives up; what it left, the next one does.
    assert [text for child, text in zip(children, said, strict=True) if child.returncode and "locked" not in text] == []
    assert rounds(town).returncode == 0
    town.clock.move(town.later * 90)  # past what a busy project had put off
    town.turn()
    found = outcome(town)
    for pid in town.benches:
        for name in ("signals", "routed", "refused", "inbox"):
            assert found[pid][name] == expected[pid][name]
    town.check()
