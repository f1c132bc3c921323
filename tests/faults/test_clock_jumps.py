"""The wall clock jumps under the watcher's loop, or an hour is left out: nothing fires twice, nothing is lost."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prismfs.clock import SystemClock
from prismfs.daemon.hints import Hints
from prismfs.daemon.loop import Watcher
from tests.faults.test_crash_points import send_outside
from tests.faults.turns import AT
from tests.support.crash import outcome, turns
from tests.support.drops import fill_inbox
from tests.support.founded import copy_in_place_of
from tests.support.project import Project

HOURS = (2, 5)
"""Less, and more, than after which an escalation that nobody answers is raised."""
ZONE = "CET-1CEST,M3.5.0,M10.5.0/3"


class JumpingClock(SystemClock):
    """The system's clock, whose wall somebody sets; what counts seconds goes on as ever."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead

    def wall(self) -> float:
        return super().wall() + self.ahead.total_seconds()


class NoHints(Hints):
    """A file system that tells nothing: whether a file is still is told by the clocks alone."""

    def take_names(self, inbox: Path) -> frozenset[str]:
        super().take_names(inbox)
        return frozenset()


@pytest.mark.slow
@pytest.mark.parametrize("hours", HOURS)
@pytest.mark.parametrize("jumps", [(1, 0), (-1, 0), (1, -1), (-1, 1)], ids=["on", "back", "on-back", "back-on"])
def test_wall_clock_that_jumps_loses_nothing_and_repeats_nothing(
    jumps: tuple[int, int], hours: int, bench: Project
) -> None:
    clock = JumpingClock()
    send_outside(bench)
    noted = bench.root.parent / "told"
    noted.mkdir()
    # Several leave at the same time: each has a file of its own.
    (bench.root.parent / "pager.sh").write_text(f'cat > "$(mktemp {noted}/XXXXXXXX)"\n')
    for number, jump in enumerate((0, *jumps, 30)):
        bench.drop(f"kind: todo\nfrom: jade\ntitle: look at {number}\n")
        fault = f"severity: HIGH\ntitle: disk {number} is full\nsignature: disk {number}\n"
        bench.drop(f"kind: escalation\nfrom: jade\n{fault}")
        clock.ahead += jump * timedelta(hours=hours)
        Watcher([bench.desk], clock=clock, hints=NoHints()).run(once=True)
        assert list((bench.root / "inbox").iterdir()) == [], f"after jump {number} a file waits for the clock"
    escalations = [one for one in bench.records("bead") if one.title.startswith("disk ")]
    assert sorted(one.title for one in escalations) == [f"disk {number} is full" for number in range(4)]
    assert sorted(one.title for one in bench.records("todo")) == [f"look at {number}" for number in range(4)]
    rows = bench.records("audit")
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    raised = Counter(row.entity_id for row in rows if row.action == "escalation.raised")
    assert all(raised[one.id] == one.reescalation_count for one in escalations)
    told = {one.id for one in bench.records("outbox") if one.channel == "command" and one.status != "withdrawn"}
    assert Counter(json.loads(path.read_text())["id"] for path in noted.iterdir()) == dict.fromkeys(told, 1)
    assert [one for one in bench.records("outbox") if one.status in ("pending", "sending", "unknown")] == []
    causes = bench.git("log", "--format=%(trailers:key=Prismfs-Cause,valueonly,separator=)", bench.truth()).splitlines()
    assert max(Counter(filter(None, causes)).values()) == 1
    bench.check_whole()


@pytest.mark.slow
def test_hour_that_the_machines_zone_leaves_out_or_repeats_changes_no_decision(
    bench: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Times are instants: the same inbox comes to the same at the same times, wherever the desk stands."""
    fill_inbox(bench.root)
    found = []
    for change in (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)):
        for zone in ("UTC0", ZONE):
            monkeypatch.setenv("TZ", zone)
            root = copy_in_place_of(bench.root, tmp_path / f"{change:%m}-{zone[:3]}")
            for minute in (-30, 30, 90):
                done = turns(root, "", 0, int((change - AT).total_seconds()) // 60 + minute)
                assert done.returncode == 0, done.stderr
            made = Project(root)
            times = Counter((row.action, row.at) for row in made.records("audit"))
            dues = Counter(
                (one.kind, one.due_at) for kind in ("bead", "outbox", "incident") for one in made.records(kind)
            )
            found.append((outcome(made), times, dues))
            assert made.problems() == ()
            made.close()
    assert found[0] == found[1]
    assert found[2] == found[3]
