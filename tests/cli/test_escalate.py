"""Escalations, silences and routes at the command line: what is listed, tried and said."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine

ROUTING = """\
kind: routing
version: 1
tiers: [deacon, mayor, overseer]
categories: {emergency: [overseer], failed: [deacon]}
route:
  name: default
  actions: [log]
  routes:
    - {name: web, matchers: [service=web], actions: ["mail:mayor"], continue: true}
    - {name: urgent, matchers: ["severity=~CRITICAL|HIGH"], actions: [slack]}
"""
BODY = "-- first line\n'single' \"double\" `back`\n\n  indented\ttab \n# no: {a: [b]} \u00e9\u4e2d\U0001f600\n---\n\n"


def routes(place: CommandLine, text: str = ROUTING) -> None:
    """Commit a routing file as a person does."""
    (place.root / "settings" / "routing.yaml").write_text(text)
    place.git("commit", "--quiet", "-am", "settings: routes")


def titles(place: CommandLine, *options: str) -> list[str]:
    """Return the titles that `escalate list` shows, newest first."""
    return [item["title"] for item in place.call("escalate", "list", *options, "--json").data["items"]]


@pytest.fixture
def several(place: CommandLine) -> CommandLine:
    """Four escalations: open, open, acknowledged, closed."""
    routes(place)
    for title, *options in (
        (
            "one",
            "-s",
            "LOW",
            "--source",
            "patrol:disk:sda",
            "--label",
            "delivery=email",
            "--label",
            "acknowledged=true",
        ),
        ("two", "-s", "MEDIUM", "--category", "emergency", "--source", "plugin:rebuild"),
        ("three", "-s", "MEDIUM", "--source", "plugin:rebuild"),
        ("four", "-s", "LOW"),
    ):
        assert place.call("escalate", *options, title).code == 0
    by_title = {item["title"]: item["id"] for item in place.call("escalate", "list", "--json").data["items"]}
    assert place.call("escalate", "ack", by_title["three"]).code == 0
    assert place.call("escalate", "close", by_title["four"], "--reason", "done").code == 0
    return place


def test_list_filters_alone_and_together(several: CommandLine) -> None:
    """R-004-16."""
    assert titles(several) == ["three", "two", "one"]
    assert titles(several, "--all") == ["four", "three", "two", "one"]
    assert titles(several, "--unacked") == ["two", "one"]
    assert titles(several, "--severity", "medium") == ["three", "two"]
    assert titles(several, "--source", "plugin:rebuild") == ["three", "two"]
    assert titles(several, "--source", "patrol:disk:sda") == ["one"]
    assert titles(several, "--category", "emergency") == ["two"]
    assert titles(several, "--tier", "deacon") == ["three", "one"]
    assert titles(several, "--tier", "deacon", "--unacked") == ["one"]
    assert titles(several, "--since", "2020-01-01") == ["three", "two", "one"]
    assert titles(several, "--since", "2999-01-01T00:00:00Z") == []
    assert titles(several, "--category", "failed", "--tier", "mayor") == []


def test_list_cut_by_a_limit_says_how_many_more(several: CommandLine) -> None:
    """R-004-16: no limit unless one is given."""
    answer = several.call("escalate", "list", "--limit", "1")
    assert "2 more" in answer.out
    cut = several.call("escalate", "list", "--limit", "1", "--json").data
    assert (len(cut["items"]), cut["total"]) == (1, 3)


def test_list_counts_every_escalation_whatever_its_labels(several: CommandLine) -> None:
    """C-102: as many as there are files of them."""
    files = [path for path in (several.root / "beads").rglob("*.yaml") if "\ntype: escalation\n" in path.read_text()]
    assert several.call("escalate", "list", "--all", "--json").data["total"] == len(files) == 4
    tagged = several.call("bead", "list", "--tag", "escalation", "--all", "--json")
    assert tagged.data["total"] == 4


def test_list_stale_shows_the_open_ones_that_are_old(several: CommandLine) -> None:
    """R-004-16."""
    assert titles(several, "--stale") == []
    settings = several.root / "settings" / "escalation.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"stale_threshold": "0s"}, indent=2) + "\n")
    several.git("commit", "--quiet", "-am", "settings: at once")
    assert titles(several, "--stale") == ["two", "one"]


@pytest.mark.parametrize("options", [("-m", BODY), ("-m", "-"), ("--stdin",)])
def test_body_is_kept_byte_for_byte(
    place: CommandLine, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-004-09, C-103: newlines, quotes, leading dashes survive create, list, show and another commit."""
    import io

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BODY.encode())))
    bead = place.call("escalate", "-s", "LOW", "disk full", *options, "--json").data["subject"]
    assert place.call("escalate", "ack", bead).code == 0
    assert place.call("escalate", "show", bead, "--json").data["body"] == BODY
    assert place.call("escalate", "list", "--json").data["items"][0]["body"] == BODY
    assert place.call("verify").code == 0


def test_body_of_64_kib_is_kept_and_of_one_byte_more_refused(place: CommandLine) -> None:
    """R-004-09, C-103."""
    body = ("- line \"quoted\" 'x'\n" * 4000)[: 64 * 1024 - 2] + "\u00e9"
    assert len(body.encode()) == 64 * 1024
    made = place.spawn("--as", "olga", "escalate", "-s", "LOW", "big", "-m", "-", "--json", input=body)
    assert made.code == 0
    assert place.call("escalate", "show", made.data["subject"], "--json").data["body"] == body
    refused = place.spawn("--as", "olga", "escalate", "-s", "LOW", "big", "-m", "-", "--json", input=body + "x")
    assert (refused.code, refused.error["field"]) == (3, "/body")
    assert "65536 bytes" in refused.error["message"]
    assert place.call("escalate", "list", "--json").data["total"] == 1


@pytest.mark.parametrize(
    ("title", "code"),
    [("x" * 500, 0), ("x" * 501, 3), ("", 3), ("--severity", 2), ("-x", 2), ("two\nlines", 3), ("- x", 2)],
)
def test_title_is_one_line_of_1_to_500_characters_and_no_option(place: CommandLine, title: str, code: int) -> None:
    """R-004-09."""
    assert place.call("escalate", "create", title).code == code
    if code == 2:
        assert place.call("escalate", "create", "--", title).code == 3
    assert place.call("escalate", "list", "--json").data["total"] == (code == 0)


def test_answering_changes_the_lines_of_the_answer_alone(place: CommandLine) -> None:
    """C-94: every other byte of the file stays, also what only its layout says."""
    bead = place.call("escalate", "-s", "LOW", "disk: 'full'", "-m", BODY, "--label", "zone=aa", "--json").data[
        "subject"
    ]
    (path,) = (place.root / "beads").rglob(f"{bead}.yaml")
    before = path.read_text().splitlines()
    assert place.call("escalate", "ack", bead, "--note", "on it").code == 0
    after = path.read_text().splitlines()
    gone = [line for line in before if line not in after]
    assert sorted(line.partition(":")[0] for line in gone) == ["due_at", "raise_at", "status", "waiting_since"]
    kept = [line for line in before if line not in gone]
    assert [line for line in after if line in kept] == kept


def test_open_forward_is_one_commit_each_with_all_that_belongs_to_it(several: CommandLine) -> None:
    """C-95, R-004-12: bead, message and row stand in one commit; a forward has its row in its own."""
    head = several.git("rev-parse", "HEAD").strip()
    bead = several.call("escalate", "-s", "LOW", "five", "--json").data["subject"]
    first = several.git("rev-list", "--reverse", f"{head}..HEAD").split()[0]
    folders = {line.partition("/")[0] for line in several.git("show", "--format=", "--name-only", first).splitlines()}
    assert folders == {"beads", "outbox", "audit"}
    head = several.git("rev-parse", "HEAD").strip()
    assert several.call("escalate", "forward", bead, "--reason", "beyond me").code == 0
    assert len(several.git("rev-list", f"{head}..HEAD").split()) == 1
    folders = {line.partition("/")[0] for line in several.git("show", "--format=", "--name-only", "HEAD").splitlines()}
    assert folders == {"beads", "mail", "audit"}


def test_forward_that_came_second_is_told(several: CommandLine) -> None:
    """C-63."""
    bead = several.call("escalate", "list", "--unacked", "--json").data["items"][-1]["id"]
    hand_on = ("escalate", "forward", bead, "--from", "deacon", "--reason", "beyond me", "--json")
    assert several.call(*hand_on).data["decided"] == "forward"
    second = several.call(*hand_on)
    assert (second.code, second.data["decided"]) == (0, "nothing")
    answer = several.call(*hand_on, "--to", "overseer")
    assert (answer.code, answer.error["code"]) == (4, "forwarded_already")
    assert several.call("escalate", "show", bead, "--json").data["tier"] == "mayor"


def test_ack_twice_unack_and_ack_of_a_closed_one(several: CommandLine) -> None:
    """R-004-15, C-05."""
    listed = several.call("escalate", "list", "--all", "--json").data["items"]
    by_title = {item["title"]: item["id"] for item in listed}
    again = several.call("escalate", "ack", by_title["three"], "--json")
    assert (again.code, again.data["decided"]) == (0, "nothing")
    assert "acknowledged already by olga" in again.data["reason"]
    closed = several.call("escalate", "ack", by_title["four"], "--json")
    assert (closed.code, closed.error["code"]) == (4, "already_closed")
    assert several.call("escalate", "unack", by_title["three"]).code == 0
    assert titles(several, "--unacked") == ["three", "two", "one"]


def test_repeat_is_told_as_one(several: CommandLine) -> None:
    """R-004-26: the caller hears that it was counted, and of what window it is."""
    one = several.call("escalate", "six", "--signature", "six", "--json").data
    two = several.call("escalate", "six again", "--signature", "six", "--json").data
    assert (two["subject"], two["decided"], two["deduplicated"]) == (one["subject"], "count_repeat", True)
    assert one["deduplicated"] is False
    several.call("escalate", "close", one["subject"], "--reason", "done")
    three = several.call("escalate", "six", "--signature", "six", "--dedup-window", "0s", "--json").data
    assert several.call("escalate", "show", three["subject"], "--json").data["recurrence_of"] == one["subject"]


def test_json_alone_stands_on_standard_output_also_when_a_channel_fires_or_fails(place: CommandLine) -> None:
    """R-004-30: what a program of a channel prints is no part of the answer."""
    chatty = ROUTING.replace("actions: [log]", 'actions: [log, "command:chatty", "command:broken"]') + (
        "targets:\n  chatty: {channel: command, run: [sh, -c, 'echo loud; echo louder >&2']}\n"
        "  broken: {channel: command, run: [sh, -c, 'echo loud; exit 1']}\n"
    )
    routes(place, chatty)
    answer = place.spawn("--as", "olga", "--json", "escalate", "-s", "LOW", "disk full")
    assert (answer.code, answer.error["code"], answer.err) == (6, "undelivered", "")
    assert "command:broken failed" in answer.error["message"]
    assert [item["status"] for item in place.call("outbox", "list", "--json").data["items"]].count("sent") == 2
    refused = place.spawn("--as", "olga", "--json", "escalate", "-s", "LOUD", "disk full")
    assert (refused.code, refused.error["code"], refused.err) == (3, "unknown_severity", "")
    assert place.spawn("--json", "escalate").error["code"] == "usage"


def test_message_without_a_contact_is_kept_and_the_exit_says_so(place: CommandLine) -> None:
    """R-004-28."""
    answer = place.call("escalate", "-s", "HIGH", "disk full", "--json")
    assert (answer.code, answer.error["code"]) == (6, "undelivered")
    assert "email:human not_configured" in answer.error["message"]
    (left,) = place.call("outbox", "list", "--undelivered", "--json").data["items"]
    assert (left["status"], left["detail"]) == ("not_configured", "contacts.human_email is empty")
    assert "1  undelivered" in place.call("status").out


def test_silence_is_added_extended_replaced_and_ended(several: CommandLine) -> None:
    """C-50, C-53."""
    made = several.call("silence", "add", "service=web", "--for", "2h", "--reason", "new disks", "--json")
    silence = made.data["subject"]
    shown = several.call("escalate", "-s", "LOW", "five", "--label", "service=web", "--json").data
    assert [(message["action"], message["status"]) for message in shown["deliveries"]] == [("mail:mayor", "held")]
    same = several.call("silence", "update", silence, "--for", "4h", "--reason", "takes longer", "--json").data
    assert same["subject"] == silence
    other = several.call("silence", "update", silence, "--matcher", "service=db", "--json").data["subject"]
    assert other != silence
    listed = several.call("silence", "list", "--json").data["items"]
    assert [(item["id"], item["matchers"], item["replaces"]) for item in listed] == [(other, ["service=db"], silence)]
    assert several.call("silence", "list", "--all", "--json").data["total"] == 2
    assert [mail["subject"] for mail in several.call("mail", "inbox", "--json", actor="mayor").data["items"]] == [
        "[LOW] five"
    ]
    assert several.call("silence", "expire", other).code == 0
    assert several.call("silence", "expire", other, "--json").data["decided"] == "nothing"
    assert several.call("silence", "list").out == "no silence matches\n"
    assert several.call("verify").code == 0


@pytest.mark.parametrize(
    ("options", "exit_code", "code"),
    [
        (("service=web", "--reason", "x"), 4, "end_missing"),
        (("--for", "2h", "--reason", "x"), 4, "matchers_missing"),
        (("service=web", "--for", "2h"), 2, "usage"),
        (("service=web", "--for", "2h", "--until", "2999-01-01T00:00:00Z", "--reason", "x"), 2, "usage"),
        (("service=web", "--for", "2x", "--reason", "x"), 2, "bad_length"),
        (("service=web", "--until", "2020-01-01T00:00:00Z", "--reason", "x"), 4, "end_too_early"),
        (("service", "--for", "2h", "--reason", "x"), 3, "bad_field"),
    ],
)
def test_silence_that_cannot_be_is_refused(
    place: CommandLine, options: tuple[str, ...], exit_code: int, code: str
) -> None:
    """C-50."""
    answer = place.call("silence", "add", *options, "--json")
    assert (answer.code, answer.error["code"]) == (exit_code, code)


def test_silence_of_a_source_covers_it_whole(several: CommandLine) -> None:
    """C-53."""
    several.call("silence", "add", "--source", "plugin:rebuild", "--for", "2h", "--reason", "x")
    held = several.call("escalate", "-s", "LOW", "five", "--source", "plugin:rebuild", "--json").data["deliveries"]
    sent = several.call("escalate", "-s", "LOW", "six", "--source", "plugin:other", "--json").data["deliveries"]
    assert [message["status"] for message in (*held, *sent)] == ["held", "sent"]


def escalation(tmp_path: Path, **fields: Any) -> str:
    """Write a file as it would be dropped and return its place."""
    path = tmp_path / "drop.json"
    path.write_text(json.dumps({"kind": "escalation", "from": "jade", "title": "disk full"} | fields))
    return str(path)


def test_route_test_shows_the_way_and_writes_nothing(place: CommandLine, tmp_path: Path) -> None:
    routes(place)
    before = place.state()
    path = escalation(tmp_path, severity="HIGH", labels={"service": "web"})
    tried = place.call("route", "test", path, "--json").data
    (found,) = tried["escalations"]
    assert {step["route"]: (step["taken"], step["mismatch"]) for step in found["routes"]} == {
        "default": (False, None),
        "web": (True, None),
        "urgent": (True, None),
    }
    assert {message["action"]: message["status"] for message in tried["messages"]} == {
        "mail:mayor": "pending",
        "slack": "not_configured",
    }
    shown = place.call("route", "test", path).out
    assert "yes web: service=web" in shown
    assert "slack: not_configured (contacts.slack_webhook is empty)" in shown
    shown = place.call("route", "test", escalation(tmp_path, severity="LOW")).out
    assert "no  web: not service=web" in shown
    assert "yes default" in shown
    assert place.state() == before


def test_route_test_of_what_opens_no_escalation_says_so(place: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "question.yaml"
    path.write_text("kind: signal\nfrom: jade\nto: mayor\ntype: Question\nsubject: hello\n")
    before = place.state()
    assert "it opens no escalation, so nobody is notified" in place.call("route", "test", str(path)).out
    assert place.call("route", "test", str(path), "--json").data["escalations"] == []
    assert place.state() == before


def test_route_test_of_a_report_shows_the_escalation_of_its_incident(
    place: CommandLine, tmp_path: Path, report: dict[str, Any]
) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report | {"labels": {"service": "web"}}))
    routes(place)
    (found,) = place.call("route", "test", str(path), "--json").data["escalations"]
    assert [step["route"] for step in found["routes"] if step["taken"]] == ["web"]


def test_route_test_of_an_invalid_file_names_the_field(place: CommandLine, tmp_path: Path) -> None:
    answer = place.call("route", "test", escalation(tmp_path, colour="red"), "--json")
    assert (answer.code, answer.error["code"], answer.error["field"]) == (3, "unknown_field", "/colour")
    answer = place.call("route", "test", escalation(tmp_path, to="king"), "--json")
    assert (answer.code, answer.error["code"]) == (4, "unknown_tier")


def finding(place: CommandLine, subject: str) -> dict[str, Any]:
    """Return what doctor finds of one thing."""
    answer = place.call("doctor", "--json")
    found = next(item for item in answer.data["items"] if item["subject"] == subject)
    problem: dict[str, Any] = found["problem"] or {}
    return problem


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("actions: [log]", "actions: [slack]", "nobody_reachable", "contacts.slack_webhook is empty"),
        ('["mail:mayor"]', '["mail:nobody"]', "nobody_reachable", "nobody is called nobody in the roster"),
        ("tiers: [deacon,", "tiers: [deacon, king,", "tier_without_persona", "nobody in the roster is king"),
        (
            "actions: [log]",
            "actions: [log]\n  group_by: []\n  group_interval: 10m\n  repeat_interval: 5m",
            "repeat_too_short",
            "rounds up to it",
        ),
        (
            "categories:",
            "targets: {siren: {channel: command, run: [siren], timeout: 2m}}\ncategories:",
            "timeout_too_long",
            "target siren",
        ),
    ],
)
def test_doctor_names_routes_that_reach_nobody_and_repeats_too_short(
    place: CommandLine, old: str, new: str, code: str, said: str
) -> None:
    """C-26, C-66: before anything happens."""
    routes(place, ROUTING.replace("[slack]", "[log]"))
    assert finding(place, "every route reaches somebody") == {}
    routes(place, ROUTING.replace("[slack]", "[log]").replace(old, new, 1))
    problem = finding(place, "every route reaches somebody")
    assert problem["code"] == code
    assert said in problem["message"]


def test_help_and_the_guide_for_agents_say_when_to_escalate_and_when_not(place: CommandLine) -> None:
    """R-004-31."""
    shown = " ".join(place.call("escalate", "--help").out.split())
    guide = " ".join((place.root / "AGENTS.md").read_text().split())
    for text in (shown, guide):
        for word in ("system error", "security", "conflict", "requirement", "design decision", "loop", "gate"):
            assert word in text, word
        assert re.search(r"[Dd]o not(,| escalate).{0,20} normal work", text)


def test_examples_for_plugins_and_patrols_escalate_with_their_source(place: CommandLine, tmp_path: Path) -> None:
    """R-004-32: as they ship, run by a shell; a patrol that says the same again is counted."""
    examples = Path(__file__).parents[2] / "examples" / "escalation"
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def example(name: str, *arguments: str) -> int:
        command = ["sh", str(examples / name), str(place.root), *arguments]
        return subprocess.run(command, env=os.environ | path, capture_output=True, check=False, timeout=60).returncode

    routes(place)
    assert example("plugin-rebuild.sh", "true") == 0
    assert example("plugin-rebuild.sh", "sh", "-c", "echo -- broke; exit 7") == 7
    assert example("patrol-disk.sh", str(tmp_path), "0") in (0, 6)
    assert example("patrol-disk.sh", str(tmp_path), "0") in (0, 6)
    items = place.call("escalate", "list", "--json").data["items"]
    assert sorted((item["source"], item.get("occurrence_count", 1)) for item in items) == [
        ("patrol:disk:space", 2),
        ("plugin:rebuild", 1),
    ]
    plugin = next(item for item in items if item["source"] == "plugin:rebuild")
    assert (plugin["body"], plugin["category"], plugin["reporter"]) == ("-- broke\n", "failed", "rebuild")
