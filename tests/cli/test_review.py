"""Reviews and action items at the command line: drafted from the history, stored, found again; listed and done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.drops import CHANGE_WORKFLOW

WHYS = "\n".join(f"{number}. Why did step {number} fail? — because of step {number + 1}" for number in range(1, 6))


@pytest.fixture
def resolved(place: CommandLine) -> CommandLine:
    """A project whose only incident is a P1 that is resolved."""
    place.call("incident", "open", "Payments answer with errors", "--severity", "P1", "--started", "2026-03-01T09:55Z")
    incident = place.newest("incident")
    said = ("--customer", "acme", "--customer", "initech", "--workflow", "billing")
    assert place.call("incident", "update", incident, *said).code in (0, 6)
    assert place.call("incident", "resolve", incident, "--note", "rolled back").code in (0, 6)
    return place


def filled(body: str) -> str:
    """Return a draft with everything written in that it leaves open."""
    lines = []
    for line in body.splitlines():
        if line.startswith("1. Why <"):
            lines += WHYS.splitlines()
        elif line[1:].startswith(". Why <"):
            continue
        elif line.startswith("- **Revenue:**"):
            lines.append("- **Revenue:** none measured")
        elif line.startswith("1. ["):
            lines.append("1. [P0] refuse a deploy without a test — gwen")
        elif line.startswith("- <a change"):
            lines.append("- the runbook says how to roll back")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def test_draft_holds_history_and_numbers_and_leaves_the_rest_open(resolved: CommandLine) -> None:
    data = resolved.call("review", "new", resolved.newest("incident"), "--json").data
    body = data["body"]
    headings = [line.removeprefix("## ") for line in body.splitlines() if line.startswith("## ")]
    assert headings == ["Timeline", "Root Cause", "Impact", "Corrective Actions", "Process Improvements"]
    assert "detected: reported by sig-" in body
    assert "resolved: olga says that the fault is gone" in body
    assert "- **Customers:** 2: acme, initech" in body
    assert "from detection to resolution; workflows: 1 (billing)" in body
    assert body.count("Why <") == 5


def test_draft_as_it_is_is_refused_and_filled_in_is_stored_found_and_closes_the_incident(
    resolved: CommandLine, tmp_path: Path
) -> None:
    incident, file = resolved.newest("incident"), tmp_path / "review.md"
    assert resolved.call("review", "show", incident, "--json").error["code"] == "no_review"
    assert resolved.call("incident", "close", incident, "--json").error["code"] == "review_missing"
    assert resolved.call("review", "new", incident, "--output", str(file)).code == 0
    again = resolved.call("review", "new", incident, "--output", str(file), "--json")
    assert again.error["code"] == "file_exists"
    assert resolved.call("review", "submit", incident, str(file), "--json").error["code"] == "placeholder_left"

    file.write_text(filled(file.read_text()))
    before = resolved.state()
    assert resolved.call("review", "submit", incident, str(file), "--dry-run").code == 0
    assert resolved.state() == before
    stored = resolved.call("review", "submit", incident, str(file), "--json", actor="gwen").data
    assert stored["actions"] == ["kb.added", "incident.review"]
    assert "advice" not in stored
    shown = resolved.call("review", "show", incident, "--json").data
    assert (shown["body"], shown["tags"]) == (file.read_text(), ["post-incident-review"])
    assert "roll back" in resolved.call("review", "show", incident).out

    (found,) = resolved.call("kb", "search", "payments runbook roll back", "--json").data["items"]
    assert (found["name"], found["answers"]) == (f"review-{incident}", False)
    (row,) = resolved.call("audit", "--action", "incident.review", "--json").data["items"]
    assert (row["entity_id"], row["meta"]["path"]) == (incident, f"kb/review-{incident}.yaml")
    assert resolved.call("incident", "close", incident, "--json").data["decided"] == "close"
    assert resolved.call("verify").code == 0


def test_review_from_standard_input_is_stored_with_its_advice(resolved: CommandLine) -> None:
    incident = resolved.newest("incident")
    body = filled(resolved.call("review", "new", incident, "--json").data["body"])
    blaming = body.replace("the runbook says how to roll back", "Clara should have rolled back")
    arguments = ("-C", str(resolved.root), "--as", "gwen", "review", "submit", incident, "-")
    answer = resolved.spawn(*arguments, input=blaming)
    assert answer.code == 0, answer.err
    assert "advice: line" in answer.out
    assert "'Clara' beside 'should have'" in answer.out
    answer = resolved.spawn("--json", *arguments, input=blaming.replace("rolled", "moved"))
    assert len(json.loads(answer.out)["data"]["advice"]) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("new", "inc-zz"), "not_found"),
        (("new", "sig-"), "not_an_incident"),
        (("submit", "inc-", "/nowhere/r.md"), "unreadable"),
        (("show", "inc-zz"), "not_found"),
    ],
)
def test_what_cannot_be_is_named(resolved: CommandLine, arguments: tuple[str, ...], code: str) -> None:
    assert resolved.call("review", *arguments, "--json").error["code"] == code


@pytest.fixture
def tracked(resolved: CommandLine, tmp_path: Path) -> CommandLine:
    """The same with action items, from a workflow of the project's own."""
    (resolved.root / "workflows/change.yaml").write_text(CHANGE_WORKFLOW)
    resolved.git("add", "--all")
    resolved.git("commit", "--quiet", "--message", "a workflow")
    plan = tmp_path / "plan.md"
    plan.write_text("## Soon\n\n- [ ] rotate the logs — @gwen\n\n## Later\n\n- [ ] write a runbook — @jade\n")
    incident = resolved.newest("incident")
    answer = resolved.call("incident", "phase", "submit", incident, "CHG-1", str(plan), "--json", actor="petra")
    assert answer.code == 0, answer.out
    return resolved


def titles(answer: Any) -> list[str]:
    return [item["title"] for item in answer.data["items"]]


def test_action_items_are_listed_by_deadline_owner_incident_and_state(tracked: CommandLine) -> None:
    incident = tracked.newest("incident")
    assert titles(tracked.call("action", "list", "--json")) == ["rotate the logs", "write a runbook"]
    assert titles(tracked.call("action", "list", "--owner", "JADE", "--json")) == ["write a runbook"]
    assert titles(tracked.call("action", "list", "--incident", incident[:8], "--limit", "1", "--json")) == [
        "rotate the logs"
    ]
    assert titles(tracked.call("action", "list", "--overdue", "--json")) == []
    assert "1 more" in tracked.call("action", "list", "--limit", "1").out

    item = tracked.call("action", "list", "--json").data["items"][0]
    assert tracked.call("action", "done", item["id"], "--json", actor="jade").error["code"] == "not_allowed"
    assert tracked.call("action", "done", item["id"], "--note", "logrotate", actor="gwen").code == 0
    assert titles(tracked.call("action", "list", "--open", "--json")) == ["write a runbook"]
    out = tracked.call("action", "list").out
    assert "closed" in out
    assert incident in out


def test_action_item_past_its_deadline_is_overdue(tracked: CommandLine) -> None:
    item = tracked.call("action", "list", "--json").data["items"][0]
    path = next((tracked.root / "beads").rglob(f"{item['id']}.yaml"))
    text = path.read_text().replace(item["deadline"], "2026-03-02T10:00:00.000Z")
    tracked.force(**{str(path.relative_to(tracked.root)): text.encode()})
    found = tracked.call("action", "list", "--overdue", "--json").data["items"]
    assert [(each["title"], each["overdue"]) for each in found] == [("rotate the logs", True)]
    assert "overdue" in tracked.call("action", "list").out
    tracked.turn()
    assert tracked.call("audit", "--action", "bead.overdue", "--json").data["total"] == 1


def test_project_without_action_items_says_so(place: CommandLine) -> None:
    assert place.call("action", "list").out == "no action item matches\n"


GATED = """kind: workflow
version: 1
name: look
prefix: LOOK
title: A look back
subject: incident
phases:
  - id: LOOK-1
    title: Look
    artifact: Look
    sections:
      - {name: Seen, type: list, hint: what was seen}
    gate: {criteria: [It was looked at.]}
    on_submitted: [panel, blameless]
"""
FINDINGS = """findings:
  - {member: jade, finding: No alert on disk space, severity: Low, evidence: rule list, remediation: add one}
  - {member: onyx, finding: "no alert on disk space.", severity: High, evidence: graph 4, remediation: add one}
"""


def test_gate_shows_what_several_members_found_once_with_the_worst_severity(
    resolved: CommandLine, tmp_path: Path
) -> None:
    (resolved.root / "workflows/look.yaml").write_text(GATED)
    resolved.git("add", "--all")
    resolved.git("commit", "--quiet", "--message", "a workflow")
    text, findings = tmp_path / "look.md", tmp_path / "findings.yaml"
    text.write_text("## Seen\n\n- Clara should have looked\n")
    findings.write_text(FINDINGS)
    incident = resolved.newest("incident")
    arguments = ("incident", "phase", "submit", incident, "LOOK-1", str(text), "--findings", str(findings))
    answer = resolved.call(*arguments, actor="petra")
    assert answer.code == 0, answer.err
    assert "  advice: line 3: 'Clara' beside 'should have'" in answer.out
    shown = [line for line in resolved.call("gate", "show", incident, "LOOK-1").out.splitlines() if "finding" in line]
    assert shown == ["finding: High: No alert on disk space (graph 4; rule list; jade, onyx)"]
