"""Triage at the command line: shown with its incident, judged and overruled; its rules tried on labelled reports."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.command_line import CommandLine


def test_incident_show_tells_what_triage_found(busy: CommandLine) -> None:
    shown = busy.call("incident", "show", busy.newest("incident"), "--json").data
    assert shown["triage_record"]["id"] == shown["triage"]
    assert shown["triage_record"]["classification"]["scope"] == shown["scope"] == "customer-internal"
    out = busy.call("incident", "show", busy.newest("incident")).out
    assert "classification.scope" in out
    assert "## Evidence read" in out


def test_incident_triage_overrules_and_keeps_the_judgement_before(busy: CommandLine) -> None:
    incident = busy.newest("incident")
    said = ("--severity", "P3", "--scope", "mixed", "--nature", "regression", "--reason", "both sides")
    done = busy.call("incident", "triage", incident[:20], *said, "--json", actor="Clara").data
    assert done["decided"] == "overrule"
    shown = busy.call("incident", "show", incident, "--json").data
    assert (shown["severity"]["label"], shown["scope"], shown["nature"]) == ("P3", "mixed", "regression")
    (before,) = shown["triage_record"]["overruled"]
    assert (before["by"], before["before"]["scope"], before["reason"]) == ("Clara", "customer-internal", "both sides")
    again = busy.call("incident", "triage", incident, *said, actor="Clara")
    assert (again.code, "judged so already" in again.out) == (0, True)


def test_incident_triage_by_anybody_else_is_not_allowed(busy: CommandLine) -> None:
    """R-000-03: only the incident manager judges, and operators."""
    said = ("--scope", "mixed", "--reason", "x", "--json")
    refused = busy.call("incident", "triage", busy.newest("incident"), *said, actor="jade")
    assert (refused.code, refused.error["code"]) == (7, "not_allowed")
    assert busy.call("incident", "triage", busy.newest("incident"), "--scope", "ours", "--reason", "x").code == 2


def test_list_of_triage_records_shows_scope_and_incident(busy: CommandLine) -> None:
    out = busy.call("list", "triage_record").out
    assert "customer-internal" in out
    assert busy.newest("incident") in out
    assert busy.call("list", "triage_record", "--ref", busy.newest("incident"), "--json").data["total"] == 1


def test_triage_eval_tells_scope_and_questions_taken_for_incidents(busy: CommandLine, tmp_path: Path) -> None:
    rows = [
        {"title": "prismfs watch crashes", "body": "It fails.", "lane": "incident", "scope": "prism-product"},
        {"title": "Our shop crashes", "body": "It fails.", "lane": "incident", "scope": "customer-internal"},
        {"title": "prismfs log crashes", "body": "It fails.", "lane": "incident", "scope": "customer-internal"},
        {"title": "How do I set the port?", "lane": "info"},
        {"title": "crash: export fails with an error", "body": "It is broken.", "lane": "info"},
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = busy.call("triage", "eval", str(file), "--json").data
    assert data["scope"] == {"count": 3, "accuracy": 0.6667, "leaked": 1}
    assert data["info_as_incident"] == 0.5
    out = busy.call("triage", "eval", str(file)).out
    assert "scope of 3: 66.7%, 1 customer-internal let out" in out
    assert "questions taken for incidents: 50.0%" in out


def test_triage_eval_of_an_unknown_scope_names_the_row(busy: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"title": "x", "lane": "info", "scope": "ours"}) + "\n")
    assert busy.call("triage", "eval", str(file), "--json").error["field"] == "/scope"
