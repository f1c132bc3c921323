"""Killed anywhere between approval and receipt: exactly one issue, shipped, with the operator's approval used once."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest
import yaml

from prismfs.engine.trust.verdict_file import write_verdict
from prismfs.rules.care.outbound_issue.approval import OUTGOING_ISSUE
from prismfs.store.repo import CRASH_POINTS
from tests.support.crash import turns
from tests.support.drops import signal
from tests.support.project import Project

REPORT = "The prismfs watcher crashes with an exception when the inbox holds a link."
POINTS = [(point, passing) for point in (*CRASH_POINTS, "carried") for passing in (1, 2)]


@pytest.fixture
def approved(bench: Project) -> Project:
    """Give a bench whose tracker is a folder, and where an operator's approval has just come in by a commit."""
    tracker = yaml.safe_load((bench.root / "settings/tracker.yaml").read_text()) | {"transport": "file"}
    bench.commit_by_hand({"settings/tracker.yaml": yaml.safe_dump(tracker).encode()})
    bench.drop(signal("prismfs watch crashes with a traceback", REPORT))
    bench.turn()
    bench.wait(timedelta(milliseconds=1))
    (record,) = bench.records("phone_home")
    assert record.status == "pending_operator_review"
    view = bench.desk.repo.view(bench.desk.repo.snapshot())
    _, path = write_verdict(
        bench.root, view, OUTGOING_ISSUE, record, "approve", by="olga", said={}, token="1", now=bench.clock.now()
    )
    bench.commit_by_hand({path: (bench.root / path).read_bytes()})
    bench.close()
    return bench


def issues(root: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((root / "run/tracker").glob("*.json"))]


@pytest.mark.slow
@pytest.mark.parametrize(("point", "passing"), POINTS, ids=[f"{point}-{passing}" for point, passing in POINTS])
def test_killed_on_the_way_to_the_tracker_one_issue_is_filed(approved: Project, point: str, passing: int) -> None:
    """The commit that says `shipping` comes first; the marker tells the next process that it is filed."""
    killed = turns(approved.root, point, passing)
    assert killed.returncode in (-SIGKILL, 0), killed.stderr
    for minutes in (10, 20, 30):  # the lease of the attempt ends, then it is made again
        done = turns(approved.root, "", 0, minutes)
        assert done.returncode == 0, done.stderr
    approved.restart()
    (record,) = approved.records("phone_home")
    assert (record.status, record.issue_number) == ("shipped", 1)
    (issue,) = issues(approved.root)
    assert issue["body"] == record.body_markdown
    rows = [row.action for row in approved.records("audit") if row.action.startswith("phone_home.")]
    assert [rows.count(f"phone_home.{word}") for word in ("approved", "shipping", "shipped")] == [1, 1, 1]
    assert approved.problems() == ()


def test_killed_between_filing_and_receipt_says_shipping_and_finds_the_issue(approved: Project) -> None:
    """R-000-43: nothing is filed before the commit that says so; what is filed is found again by its marker."""
    killed = turns(approved.root, "carried", 1)
    assert killed.returncode == -SIGKILL
    approved.restart()
    (record,) = approved.records("phone_home")
    assert record.status == "shipping"
    assert len(issues(approved.root)) == 1
    approved.close()
    for minutes in (10, 20):
        assert turns(approved.root, "", 0, minutes).returncode == 0
    approved.restart()
    (record,) = approved.records("phone_home")
    assert record.status == "shipped"
    assert len(issues(approved.root)) == 1
    (row,) = [row for row in approved.records("audit") if row.action == "phone_home.shipped"]
    assert row.meta["existed"] is True
