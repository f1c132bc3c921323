"""The watcher looks after filed issues by itself, at its start and then on a schedule (R-000-78)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from prismfs.kinds import kind_of
from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import format_instant
from prismfs.store.repo import ProjectRepo
from tests.support.drops import EXPORT_REPORT
from tests.support.project import force_files
from tests.support.waiting import until
from tests.support.watched import Watched


def issue(**fields: Any) -> str:
    """Return an issue as the folder of the tracker holds it."""
    document = {
        "number": 1, "url": "run/tracker/1.json", "state": "open", "title": "export", "comments": [],
        "updated_at": "2026-03-01T10:00:00Z", **fields,
    }  # fmt: skip
    return json.dumps(document)


def test_watch_asks_the_tracker_at_its_start_and_tells_the_reporter(watched: Watched) -> None:
    child = watched.start()
    watched.drop(EXPORT_REPORT, "report.json")
    until(lambda: watched.records("incident"), "the incident")
    assert watched.stop(child) == 0
    incident = Incident.from_document(watched.records("incident")[0])
    record = PhoneHome.from_document(
        {
            "kind": "phone_home", "version": 1, "id": f"pho-{incident.id[4:]}", "pid": incident.pid,
            "source_pid": incident.pid, "incident": incident.id, "signal": incident.opened_by,
            "scope": "prism-product", "severity": incident.severity.to_document(), "nature": "defect",
            "title": "export", "body_markdown": "It crashes.", "status": "shipped", "destination": "file",
            "requested_by": "Clara", "staged_at": "2026-03-01T10:00:00.000Z", "idempotency_key": "a" * 64,
            "issue_url": "run/tracker/1.json", "issue_number": 1, "issue_state": "open",
            "issue_updated_at": "2026-03-01T10:00:00Z",
        }
    )  # fmt: skip
    files = {kind_of(one).place_of(one): kind_of(one).write(one) for one in (record, Tracker(transport="file"))}
    with ProjectRepo(watched.root) as repo:
        force_files(repo, files, datetime.now(UTC))
    folder = watched.root / "run" / "tracker"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text(
        issue(state="closed", reason="completed", updated_at=format_instant(datetime.now(UTC)))
    )

    child = watched.start()
    until(lambda: watched.rows("phone_home.issue_updated"), "the change")
    until((watched.root / "run" / "sync.json").exists, "the note of it")
    assert watched.stop(child) == 0
    assert any("phone_home.issue_updated" in line.get("actions", []) for line in watched.lines(child))
    (mail,) = [one for one in watched.records("mail") if one["to"] == "jade" and one["subject"].startswith("Issue 1")]
    assert "closed as completed" in mail["subject"]

    head = watched.git("rev-parse", "HEAD")
    (watched.root / "run" / "sync.json").unlink()
    child = watched.spawn("--once-idle")
    assert child.wait(20) == 0
    assert json.loads((watched.root / "run" / "sync.json").read_text())["issues"] == 1
    assert watched.git("rev-parse", "HEAD") == head, "nothing differs"

    (folder / "1.json").write_text("{")
    (watched.root / "run" / "sync.json").unlink()
    child = watched.start()
    until(lambda: watched.health()["tracker"] is not None, "the complaint in the health file")
    assert watched.health()["tracker"]["code"] == "syntax"
    assert watched.health()["state"] == "watching"
    assert watched.stop(child) == 0
