"""Killed anywhere while a review is stored, action items are made, or somebody is reminded: each happens once."""

from __future__ import annotations

import signal
from datetime import timedelta

import pytest

from prismfs.store.repo import CRASH_POINTS
from tests.support.crash import turns
from tests.support.project import Project

CHANGE = b"""kind: workflow
version: 1
name: change
prefix: CHG
title: A change
subject: incident
phases:
  - id: CHG-1
    title: Plan
    artifact: Plan
    sections:
      - {name: Soon, type: checklist, bucket: quick-wins}
    on_submitted: [action_items]
"""
PLAN = """kind: artifact
from: gwen
about: {incident}
phase: CHG-1
body: |
  ## Soon

  - [ ] rotate the logs — @gwen
  - [ ] write a runbook — @jade
"""
REVIEW = """kind: artifact
from: gwen
about: {incident}
phase: PIR-1
body: |
  ## Timeline

  - 2026-03-01 10:00Z — it broke — alert 7

  ## Root Cause

  1. Why did it break? — the disk was full

  Stopped: nobody kept the logs.

  ## Impact

  - **Customers:** 3
  - **Revenue:** none measured
  - **Operations:** 2 hours

  ## Corrective Actions

  1. [P0] rotate the logs — gwen

  ## Process Improvements

  - an alert on disk space
"""
POINTS = [pytest.param(point, marks=() if point == "after-reference" else pytest.mark.slow) for point in CRASH_POINTS]


@pytest.fixture
def resolved(bench: Project) -> Project:
    """A bench whose only incident is a P1 that is resolved, and whose project has a workflow that makes items."""
    bench.commit_by_hand({"workflows/change.yaml": CHANGE, "settings/response.yaml": short_deadlines(bench)})
    bench.turn()
    bench.give("incident.open", {"subject": "Payments answer with errors", "severity": "P1"})
    (incident,) = bench.records("incident")
    bench.give("incident.resolve", {"id": incident.id, "note": "rolled back"})
    bench.turn()
    return bench


def short_deadlines(bench: Project) -> bytes:
    """Return the settings with items due, and their owners reminded again, within minutes."""
    text = (bench.root / "settings/response.yaml").read_text()
    text = text.replace("quick-wins: 7d", "quick-wins: 150m").replace("action_reminder: 7d", "action_reminder: 1h")
    encoded: bytes = text.encode()
    return encoded


def drop(bench: Project, form: str) -> str:
    (incident,) = bench.records("incident")
    bench.drop(form.format(incident=incident.id))
    bench.close()
    found: str = incident.id
    return found


def kill(bench: Project, point: str, *, minutes: int = 0) -> None:
    """Let a process be killed at its first passing of `point`, and another one go on."""
    killed = turns(bench.root, point, 1, minutes)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = turns(bench.root, "", 0, minutes)
    assert again.returncode == 0, again.stderr
    bench.restart()
    assert bench.problems() == ()
    assert bench.git("status", "--porcelain") == ""
    for path, data in bench.files().items():
        assert (bench.root / path).read_bytes() == data


def count(bench: Project, action: str) -> int:
    return sum(row.action == action for row in bench.records("audit"))


@pytest.mark.parametrize("point", POINTS)
def test_killed_while_a_review_is_stored_article_and_link_are_there_once(resolved: Project, point: str) -> None:
    incident = drop(resolved, REVIEW)
    kill(resolved, point)
    (record,) = resolved.records("incident")
    assert (record.status, record.review) == ("in_review", f"review-{incident}")
    assert [article.name for article in resolved.records("kb")] == [record.review]
    assert len(resolved.records("artifact")) == 1
    assert (count(resolved, "incident.review"), count(resolved, "kb.added")) == (1, 1)


@pytest.mark.parametrize("point", POINTS)
def test_killed_while_action_items_are_made_each_is_there_once(resolved: Project, point: str) -> None:
    drop(resolved, PLAN)
    kill(resolved, point)
    items = [bead for bead in resolved.records("bead") if bead.type == "task"]
    assert sorted(item.title for item in items) == ["rotate the logs", "write a runbook"]
    assert count(resolved, "bead.created") == 2
    assert count(resolved, "incident.actions_tracked") == 1


@pytest.mark.parametrize("point", POINTS)
def test_killed_while_an_owner_is_reminded_one_message_is_there(resolved: Project, point: str) -> None:
    drop(resolved, PLAN)
    assert turns(resolved.root).returncode == 0
    kill(resolved, point, minutes=180)
    assert count(resolved, "bead.overdue") == 2
    late = [mail for mail in resolved.records("mail") if mail.subject.startswith("Late: ")]
    assert len([mail for mail in late if mail.to in ("gwen", "jade")]) == 2


@pytest.mark.parametrize("point", POINTS)
def test_killed_while_a_late_review_is_told_it_is_told_once(resolved: Project, point: str) -> None:
    resolved.close()
    kill(resolved, point, minutes=int(timedelta(days=6).total_seconds() // 60))
    assert count(resolved, "incident.review_overdue") == 1
    assert len([mail for mail in resolved.records("mail") if mail.subject.startswith("Review is late")]) == 2
