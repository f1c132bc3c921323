"""What whoever watches sees: active incidents first, errors in red, the past by filters (R-002-51 to R-002-54)."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from prismfs.cli.core.status import banner_lines
from tests.support.command_line import CommandLine
from tests.support.waiting import LIMIT, until

RED = "\x1b[31m"


def on_a_terminal(place: CommandLine, *arguments: str) -> str:
    """Return what a command prints to a terminal: a real one, as its own process sees it."""
    leader, follower = os.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"}
    command = [sys.executable, "-m", "prismfs", "-C", str(place.root), *arguments]
    printed = b""
    try:
        child = subprocess.Popen(command, stdout=follower, stderr=follower, stdin=follower, env=environment)
        os.close(follower)
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            printed += part
        assert child.wait(LIMIT) == 0, printed
    finally:
        os.close(leader)
    return printed.decode().replace("\r\n", "\n")


def opened(place: CommandLine, title: str, severity: str, *more: str) -> str:
    """Open an incident and return its id."""
    answer = place.call("incident", "open", title, "--severity", severity, *more, "--json")
    assert answer.code in (0, 6), answer.out
    return str(place.newest("incident"))


@pytest.fixture
def watched(place: CommandLine) -> CommandLine:
    """A project with three open incidents; somebody has the second."""
    opened(place, "numbers are a day old", "P3")
    place.call("incident", "ack", opened(place, "one export fails", "P2"), "--note", "looking")
    opened(place, "all requests answer 502", "P0")
    return place


def settings(place: CommandLine, name: str, old: str, new: str) -> None:
    """Change one place of a settings file, and commit it."""
    path = place.root / "settings" / name
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    place.git("commit", "--quiet", "-am", "settings")


def test_banner_names_severity_status_responder_and_target(watched: CommandLine) -> None:
    """R-002-53: the most urgent first."""
    banner = watched.call("status", "--json").data["active_incidents"]
    assert banner["total"] == 3
    assert [(one["severity"], one["status"], one["title"]) for one in banner["items"]] == [
        ("P0", "triage", "all requests answer 502"),
        ("P2", "triage", "one export fails"),
        ("P3", "triage", "numbers are a day old"),
    ]
    first, second, _ = banner["items"]
    assert (first["acknowledged"], first["target"]) == (False, "respond")
    assert 0 < first["left_seconds"] <= 300
    assert (second["responder"], second["acknowledged"], second["target"]) == ("olga", True, "resolve")
    assert 23 * 3600 < second["left_seconds"] <= 24 * 3600
    head, *lines = watched.call("status").out.splitlines()
    assert head == "3 incidents are open"
    assert re.search(r"^  P0 +triage +executive +\S+ \(not acknowledged\) +respond in [45]m \d+s +inc-", lines[0])
    assert re.search(r"^  P2 +triage +\w+ +olga +resolve in (23h 59m|1d 0h) +inc-\S+  one export fails$", lines[1])


def test_banner_says_what_is_overdue_and_first_among_equals(place: CommandLine) -> None:
    settings(place, "policy.yaml", "- {respond: 5m, resolve: 1h}", "- {respond: 0s, resolve: 1h}")
    opened(place, "all requests answer 502", "P0")
    place.call("incident", "ack", opened(place, "logins fail", "P0"))
    banner = place.call("status", "--json").data["active_incidents"]["items"]
    assert [one["title"] for one in banner[:2]] == ["all requests answer 502", "logins fail"]
    assert banner[0]["left_seconds"] < 0 < banner[1]["left_seconds"]
    assert re.search(r"respond \d+\.\ds overdue", place.call("status").out)
    assert f"{RED}\x1b[1mrespond" in on_a_terminal(place, "status")


def test_banner_names_the_first_few_and_counts_the_rest(watched: CommandLine) -> None:
    for page in ("login", "search", "billing", "help"):
        opened(watched, f"the {page} page is slow", "P3")
    banner = watched.call("status", "--json").data["active_incidents"]
    assert (len(banner["items"]), banner["total"]) == (5, 7)
    assert "  and 2 more: prismfs incident list --open\n" in watched.call("status").out


def test_banner_ends_with_the_incidents(watched: CommandLine) -> None:
    for one in watched.call("incident", "list", "--open", "--json").data["items"]:
        assert watched.call("incident", "resolve", one["id"], "--note", "gone", "--json").code in (0, 6)
    assert watched.call("status", "--json").data["active_incidents"] == {"items": [], "total": 0}
    assert watched.call("status").out.startswith("PID-DESK01 ")


def test_banner_stands_though_settings_are_broken(watched: CommandLine) -> None:
    """It is read most when something is wrong: targets are what the records wait for."""
    watched.force(**{"settings/policy.yaml": b"kind: policy\nversion: 1\n"})
    banner = watched.call("status", "--json").data["active_incidents"]
    assert [(one["severity"], one["target"]) for one in banner["items"]] == [
        ("P0", "respond"),
        ("P2", "resolve"),
        ("P3", "respond"),
    ]


def test_banner_is_a_line_each_and_steers_no_terminal() -> None:
    """Intake takes such characters out; a record that a person committed may hold them."""
    item = {
        "id": "inc-01", "title": "fails\u202e\x1b[31m\nnothing is open " + "x" * 100, "severity": "P1", "rank": 1,
        "status": "triage", "level": "support", "responder": "Clara", "acknowledged": True, "drill": True,
        "target": None, "left_seconds": None,
    }  # fmt: skip
    head, line, end = banner_lines({"items": [item], "total": 1})
    assert (click.unstyle(head), end) == ("1 incident is open", "")
    assert "fails\\u202e\\x1b[31m\\nnothing is open xxx" in line
    assert line.endswith("xx…")
    assert "no target" in line
    assert "inc-01 drill" in line


@pytest.mark.parametrize("verb", [("audit",), ("log",)], ids=["audit", "log"])
def test_error_rows_are_red_on_a_terminal_and_plain_elsewhere(watched: CommandLine, verb: tuple[str, ...]) -> None:
    """R-002-52."""
    lines = on_a_terminal(watched, *verb).splitlines()
    levels = {row["id"]: row["level"] for row in watched.call("audit", "--json").data["items"]}
    assert {"error", "warn", "info"} == set(levels.values())
    red = [line for line in lines if line.startswith(RED)]
    assert len(red) == list(levels.values()).count("error")
    assert all("\x1b[0m" in line for line in red)
    assert not any("incident.detected" in line for line in lines if line not in red)
    assert "\x1b" not in watched.call(*verb).out


def test_past_is_filtered_by_kind_action_level_and_time(watched: CommandLine) -> None:
    """R-002-54: the audit rows of all incidents, by a word instead of an id."""
    rows = watched.call("audit", "--entity", "incident", "--json").data["items"]
    assert {row["entity_type"] for row in rows} == {"incident"}
    assert len(rows) < watched.call("audit", "--json").data["total"]
    errors = watched.call("audit", "--entity", "incident", "--level", "error", "--json").data["items"]
    assert errors == [row for row in rows if row["level"] == "error"]
    detected = watched.call("audit", "--entity", "incident", "--action", "incident.detected", "--json").data["items"]
    assert len(detected) == 3
    middle = detected[1]["at"]
    after, before = (
        watched.call("audit", "--action", "incident.detected", option, middle, "--json").data["items"]
        for option in ("--since", "--until")
    )
    assert (after, before) == (detected[:2], detected[2:])
    one = watched.call("audit", "--entity", detected[0]["entity_id"], "--json").data["items"]
    assert {row["entity_id"] for row in one} == {detected[0]["entity_id"]}
    assert watched.call("audit", "--since", "lately", "--json").error["code"] == "bad_instant"


def test_incidents_are_filtered_by_what_they_were_and_when(watched: CommandLine) -> None:
    """R-002-54."""

    def titles(*filters: str) -> list[str]:
        return [one["title"] for one in watched.call("incident", "list", *filters, "--json").data["items"]]

    newest, second, oldest = watched.call("incident", "list", "--json").data["items"]
    assert titles("--severity", "P2") == [second["title"]]
    assert titles("--level", "executive") == [newest["title"]]
    assert titles("--level", "agent") == []
    assert titles("--from", second["detected_at"]) == [newest["title"], second["title"]]
    assert titles("--to", second["detected_at"]) == [oldest["title"]]
    assert titles("--from", "2999-01-01") == []
    watched.call("incident", "resolve", oldest["id"], "--note", "gone")
    assert titles("--status", "resolved") == [oldest["title"]]
    assert titles("--open", "--status", "resolved") == []


def test_watcher_tells_an_incident_as_it_happens(watched: CommandLine, tmp_path: Path) -> None:
    """R-002-51: severity, status and responder in the line of the moment, and the same as data."""
    out = tmp_path / "seen"
    with out.open("wb") as file:
        command = [sys.executable, "-m", "prismfs", "-C", str(watched.root), "watch", "--json"]
        child = subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL)
        try:
            watched.drop(
                {
                    "kind": "signal", "from": "jade", "to": "Sage", "type": "Question", "category": "BLOCKER",
                    "subject": "nightly backup crashes with a traceback",
                }
            )  # fmt: skip
            until(lambda: b"nightly backup" in out.read_bytes() or b"incident.detected" in out.read_bytes(), "a line")
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(LIMIT)
    told = [json.loads(line) for line in out.read_text().splitlines()]
    (line,) = [one for one in told if "incident.detected" in one.get("actions", ())]
    (incident,) = [one for one in line["incidents"] if one["status"] == "triage"]
    assert incident["id"] == watched.newest("incident")
    assert set(incident) == {"id", "severity", "status", "level", "responder"}


def test_turn_tells_severity_status_and_responder_of_an_incident(busy: CommandLine) -> None:
    said = busy.call("incident", "ack", "inc-", actor="Clara").out
    assert re.search(r"\[P\d triage, Clara\]", said)
