"""`prismfs bead`: work items and escalations at the command line, links, import and export."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine

LINE: dict[str, Any] = {
    "id": "bd-a1b2",
    "title": "Rotate the signing key",
    "description": "It is old.\n",
    "status": "open",
    "priority": 1,
    "issue_type": "task",
    "created_at": "2025-10-14T14:43:06.907657-07:00",
    "created_by": "Steve Y.",
    "updated_at": "2025-10-15T08:00:00Z",
    "labels": ["ops"],
    "compaction_level": 1,
}


@pytest.fixture
def note(place: CommandLine) -> Callable[..., str]:
    """Give a maker of work items that returns their ids."""

    def make(title: str, *arguments: str, actor: str = "jade") -> str:
        found: str = place.call("bead", "create", title, *arguments, "--json", actor=actor).data["subject"]
        return found

    return make


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[..., str]:
    """Give a writer of files of lines; text stands for itself."""

    def write(*lines: dict[str, Any] | str) -> str:
        path = tmp_path / "issues.jsonl"
        path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
        return str(path)

    return write


def exported(place: CommandLine) -> list[dict[str, Any]]:
    answer = place.call("bead", "export")
    assert answer.code == 0
    return [json.loads(line) for line in answer.out.splitlines()]


def test_work_item_goes_from_noted_to_closed(place: CommandLine, note: Callable[..., str]) -> None:
    """R-004-35."""
    name = note("rotate the key", "--type", "chore", "--priority", "P1", "--label", "ops", "-m", "it is old")
    shown = place.call("bead", "show", name[:12], "--json").data
    assert (shown["type"], shown["priority"], shown["labels"], shown["created_by"]) == ("chore", 1, ["ops"], "jade")
    assert place.call("bead", "claim", name, actor="onyx").code == 0
    assert place.call("bead", "update", name, "--status", "blocked", "--notes", "waits", actor="onyx").code == 0
    assert place.call("bead", "release", name, actor="onyx").code == 0
    closed = place.call("bead", "close", name, "--reason", "done", "--json", actor="jade")
    assert closed.data["actions"] == ["bead.closed"]
    assert "closed already by jade" in place.call("bead", "close", name, "--reason", "again").out
    assert place.call("bead", "list", "--json").data == {"items": [], "total": 0}
    assert place.call("bead", "reopen", name, actor="jade").code == 0
    assert place.call("bead", "list", "--json").data["total"] == 1


def test_list_filters_by_what_is_asked(place: CommandLine, note: Callable[..., str]) -> None:
    """R-004-35: tags are types, categories, labels and name:value, of both kinds of bead."""
    bug = note("a bug", "--type", "bug", "--label", "ops", "--label", "x:1", "--priority", "0")
    note("a task", "--assignee", "onyx")
    place.call("escalate", "-s", "LOW", "disk full", "--source", "patrol:deacon")

    def found(*arguments: str) -> list[str]:
        return [bead["title"] for bead in place.call("bead", "list", *arguments, "--json").data["items"]]

    assert found() == ["disk full", "a task", "a bug"]
    assert found("--type", "bug") == ["a bug"]
    assert found("--tag", "ops", "--tag", "x:1") == found("--tag", "bug") == ["a bug"]
    assert found("--tag", "ops", "--tag", "x:2") == []
    assert found("--tag", "source:patrol:deacon") == found("--tag", "escalation") == ["disk full"]
    assert found("--assignee", "ONYX") == ["a task"]
    assert found("--priority", "0") == ["a bug"]
    place.call("bead", "close", bug, "--reason", "mended", actor="jade")
    assert found("--status", "closed") == ["a bug"]
    assert found("--all", "--limit", "1") == ["disk full"]
    table = place.call("bead", "list", "--limit", "1").out
    assert "1 more" in table


def test_ready_leaves_out_what_is_blocked_deferred_or_taken(place: CommandLine, note: Callable[..., str]) -> None:
    """R-004-19: by priority, then by age; a part of what is blocked is blocked."""
    last = note("last", "--priority", "4")
    note("first", "--priority", "0")
    note("second")
    note("third")
    blocker = note("blocker", "--priority", "3")
    epic = note("epic", "--type", "epic", "--dep", blocker)
    note("part", "--parent", epic)
    note("near", "--dep", f"related:{blocker}", "--assignee", "onyx")
    taken, deferred = note("taken"), note("deferred")
    place.call("bead", "claim", taken)
    place.call("bead", "update", deferred, "--status", "deferred")

    def titles(*arguments: str) -> list[str]:
        return [bead["title"] for bead in place.call("bead", "ready", *arguments, "--json").data["items"]]

    assert titles() == ["first", "second", "third", "near", "blocker", "last"]
    assert titles("--assignee", "onyx") == ["near"]
    assert titles("--limit", "1") == ["first"]
    place.call("bead", "close", blocker, "--reason", "done", actor="jade")
    assert titles() == ["first", "second", "third", "epic", "part", "near", "last"]
    place.call("bead", "update", last, "--priority", "0", actor="jade")
    assert titles()[:2] == ["last", "first"]


def test_claim_that_is_lost_ends_with_5_and_the_name(place: CommandLine, note: Callable[..., str]) -> None:
    """R-004-19."""
    name = note("one")
    assert place.call("bead", "claim", name, actor="onyx").code == 0
    lost = place.call("bead", "claim", name, "--json", actor="jade")
    assert (lost.code, lost.error["code"], lost.error["message"]) == (5, "claimed", "onyx has it")
    again = place.call("bead", "claim", name, "--json", actor="onyx")
    assert (again.code, again.data["decided"]) == (0, "nothing")


def test_claim_next_takes_the_first_ready_and_says_when_none_is(place: CommandLine, note: Callable[..., str]) -> None:
    note("mine not", "--assignee", "agate", "--priority", "0")
    low, high = note("low"), note("high", "--priority", "1")
    assert place.call("bead", "claim", "--next", "--dry-run", "--json", actor="onyx").data["subject"] == high
    assert place.call("bead", "claim", "--next", "--json", actor="onyx").data["subject"] == high
    assert place.call("bead", "claim", "--next", "--json", actor="onyx").data["subject"] == low
    none = place.call("bead", "claim", "--next", "--json", actor="onyx")
    assert (none.code, none.data["reason"]) == (0, "nothing is ready")
    assert place.call("bead", "claim").code == 2
    assert place.call("bead", "claim", low, "--next").code == 2


def test_tree_shows_what_comes_first_and_what_waits(place: CommandLine, note: Callable[..., str]) -> None:
    base, middle = note("base"), note("middle")
    top = note("top", "--dep", middle, "--dep", base)
    assert place.call("bead", "dep", "add", middle, base).code == 0
    refused = place.call("bead", "dep", "add", base, top, "--json")
    assert (refused.code, refused.error["code"]) == (4, "cycle")
    tree = place.call("bead", "dep", "tree", top, "--json").data
    assert [(below["title"], below["type"]) for below in tree["dependencies"]] == [
        ("middle", "blocks"),
        ("base", "blocks"),
    ]
    assert tree["dependencies"][1]["again"]
    needed = place.call("bead", "dep", "tree", base)
    assert "needed by:" in needed.out
    assert needed.out.count("blocks") == 2
    assert place.call("bead", "dep", "remove", middle, base).code == 0
    assert place.call("bead", "dep", "tree", base, "--json").data["dependents"][0]["title"] == "top"


def test_close_names_the_parts_that_are_open(place: CommandLine, note: Callable[..., str]) -> None:
    epic = note("epic", "--type", "epic")
    part = note("part", "--parent", epic)
    closed = place.call("bead", "close", epic, "--reason", "enough", actor="jade")
    assert closed.code == 0
    assert part in closed.err


def test_escalation_is_closed_and_commented_by_the_same_verbs(place: CommandLine) -> None:
    place.call("escalate", "-s", "LOW", "disk full")
    name = place.newest("bead")
    assert place.call("bead", "comment", name, "looking").code == 0
    assert place.call("bead", "update", name, "--priority", "1", "--json").error["code"] == "is_escalation"
    closed = place.call("bead", "close", name, "--reason", "room again", "--json")
    assert "escalation.closed" in closed.data["actions"]
    assert place.call("bead", "reopen", name, "--json").error["code"] == "escalation_stays_closed"


def test_verbs_of_escalations_do_not_take_a_work_item(place: CommandLine, note: Callable[..., str]) -> None:
    name = note("one")
    for verb in (("ack", name), ("close", name, "--reason", "x"), ("unack", name), ("forward", name, "--reason", "x")):
        refused = place.call("escalate", *verb, "--json")
        assert (refused.code, refused.error["code"]) == (4, "not_an_escalation"), verb
    assert place.call("escalate", "list", "--json").data["total"] == 0
    assert place.call("prime", "--json").code == 0


def test_lines_come_in_and_go_out_equal(place: CommandLine, jsonl: Callable[..., str]) -> None:
    """R-004-36: found by the peer's id; a second import changes nothing; nobody is told."""
    part = LINE | {
        "id": "proj-1.2",
        "title": "Tell the clients",
        "status": "closed",
        "closed_at": "2025-10-16T00:00:00Z",
        "close_reason": "told",
        "dependencies": [
            {
                "issue_id": "proj-1.2",
                "depends_on_id": "bd-a1b2",
                "type": "parent-child",
                "created_at": "2025-10-14T14:43:06Z",
                "created_by": "jade",
            }
        ],
        "comments": [
            {"id": 7, "issue_id": "proj-1.2", "author": "jade", "text": "hm", "created_at": "2025-10-14T14:43:06Z"}
        ],
    }
    pager = LINE | {"id": "bd-9", "issue_type": "escalation", "labels": ["escalation", "severity:CRITICAL"]}
    file = jsonl(part, LINE, pager)
    head = place.git("rev-parse", "HEAD")
    rehearsed = place.call("bead", "import", file, "--dry-run", "--json")
    assert (rehearsed.code, rehearsed.data["counts"]) == (0, {"imported": 3})
    assert place.git("rev-parse", "HEAD") == head
    assert place.call("bead", "import", file, "--json").data["counts"] == {"imported": 3}
    assert sorted(exported(place), key=str) == sorted([LINE, part, pager], key=str)
    assert place.call("list", "outbox", "--json").data["total"] == 0
    assert place.call("bead", "show", "proj-1.2", "--json").data["status"] == "closed"
    assert "bd-a1b2" in place.call("bead", "dep", "tree", "proj-1.2").out
    head = place.git("rev-parse", "HEAD")
    assert place.call("bead", "import", file, "--json").data["counts"] == {"unchanged": 3}
    assert place.git("rev-parse", "HEAD") == head
    assert place.git("status", "--porcelain") == ""
    assert place.call("verify").code == 0


def test_newer_line_is_taken_and_an_older_or_other_one_is_named(place: CommandLine, jsonl: Callable[..., str]) -> None:
    place.call("bead", "import", jsonl(LINE))
    newer = LINE | {"title": "Rotate both keys", "updated_at": "2025-10-15T08:00:01Z"}
    assert place.call("bead", "import", jsonl(newer), "--json").data["counts"] == {"updated": 1}
    assert exported(place) == [newer]
    older = place.call("bead", "import", jsonl(LINE), "--json")
    assert (older.code, older.data["counts"]) == (0, {"older": 1})
    other = place.call("bead", "import", jsonl(newer | {"title": "Rotate none"}), "--json")
    assert (other.code, other.data["items"][0]["error"]["code"]) == (3, "id_taken")
    assert exported(place) == [newer]


def test_remark_made_here_outlives_a_newer_line(place: CommandLine, jsonl: Callable[..., str]) -> None:
    place.call("bead", "import", jsonl(LINE))
    place.call("bead", "comment", "bd-a1b2", "seen here")
    newer = LINE | {"title": "Rotate both keys", "updated_at": "2999-01-01T00:00:00Z"}
    assert place.call("bead", "import", jsonl(newer), "--json").data["counts"] == {"updated": 1}
    (line,) = exported(place)
    assert (line["title"], [comment["text"] for comment in line["comments"]]) == ("Rotate both keys", ["seen here"])


def test_line_that_cannot_be_is_refused_by_its_number_and_the_rest_comes_in(
    place: CommandLine, jsonl: Callable[..., str]
) -> None:
    """R-004-36: exit 3, with a report; nothing is dropped unsaid."""
    file = jsonl(
        LINE | {"id": "bd-1", "status": "tombstone"},
        "{not json",
        LINE,
        LINE | {"id": "bd-2", "priority": 9},
        {"_type": "memory", "key": "a", "value": "b"},
        "",
        LINE | {"id": "bd-3", "issue_type": "molecule"},
        '{"id": "bd-4", "id": "bd-5"}',
        {"id": "bd-6", "title": "no time"},
        LINE | {"id": "bd-7", "created_at": "0001-01-01T00:00:00Z"},
    )
    answer = place.call("bead", "import", file, "--json")
    assert answer.code == 3
    assert answer.data["counts"] == {"imported": 1, "refused": 8}
    said = {item["line"]: item["error"]["code"] for item in answer.data["items"] if item["what"] == "refused"}
    assert said == {
        1: "unknown_status",
        2: "syntax",
        4: "bad_field",
        5: "not_an_issue",
        7: "unknown_type",
        8: "duplicate_key",
        9: "missing_field",
        10: "bad_field",
    }
    told = place.call("bead", "import", file)
    assert "line 1 (bd-1): /status: no such status here: 'tombstone'" in told.out
    assert exported(place) == [LINE]


def test_secret_in_a_line_does_not_come_into_history(place: CommandLine, jsonl: Callable[..., str]) -> None:
    secret = "ghp_" + "a1B2" * 9
    assert place.call("bead", "import", jsonl(LINE | {"description": f"token {secret}"})).code == 0
    assert secret not in place.git("log", "-p", "--all")
    assert place.call("bead", "show", "bd-a1b2", "--json").data["redactions"]


def test_import_needs_the_right(place: CommandLine, jsonl: Callable[..., str]) -> None:
    refused = place.call("bead", "import", jsonl(LINE), "--json", actor="jade")
    assert (refused.code, refused.error["code"]) == (7, "not_allowed")
    assert place.call("bead", "import", jsonl(LINE), actor="mayor").code == 0


def test_claim_of_an_imported_one_by_its_own_id(place: CommandLine, jsonl: Callable[..., str]) -> None:
    blocked = LINE | {
        "id": "bd-2",
        "dependencies": [
            {"issue_id": "bd-2", "depends_on_id": "bd-a1b2", "type": "blocks", "created_at": "2025-10-14T14:43:06Z"}
        ],
    }
    place.call("bead", "import", jsonl(blocked, LINE))
    assert place.call("bead", "claim", "bd-2", "--json", actor="jade").error["code"] == "blocked"
    assert [bead["external_id"] for bead in place.call("bead", "ready", "--json").data["items"]] == ["bd-a1b2"]
    assert place.call("bead", "close", "bd-a1b2", "--reason", "done").code == 0
    assert place.call("bead", "claim", "bd-2", actor="jade").code == 0
    local = place.call("bead", "create", "local", "--dep", "bd-2", "--json").data["subject"]
    lines = {line["id"]: line for line in exported(place)}
    assert lines[local]["dependencies"][0]["depends_on_id"] == "bd-2"
    assert lines["bd-2"]["assignee"] == "jade"
