"""The shape of every answer: one JSON object with `--json`, and the table of exit codes."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine


def test_json_before_or_after_the_verb_is_the_same(busy: CommandLine) -> None:
    assert busy.call("--json", "list", "signal").data == busy.call("list", "signal", "--json").data
    assert busy.call("--json", "show", "nope").error == busy.call("show", "nope", "--json").error


def test_json_without_a_verb_is_the_status(busy: CommandLine) -> None:
    assert busy.call("--json").data["incidents_open"] == 1


def test_exit_0_nothing_to_do_says_so(place: CommandLine) -> None:
    answer = place.call("react")
    assert (answer.code, answer.out) == (0, "nothing waits\n")


def test_exit_1_a_check_found_something(place: CommandLine, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("kind: alarm\n")
    answer = place.call("check", str(wrong), "--json")
    assert answer.code == 1
    assert answer.data["problems"][0]["code"] == "unknown_kind"


def test_exit_1_a_forged_history_does_not_verify(busy: CommandLine) -> None:
    row = next((busy.root / "audit").rglob("*.json"))
    busy.force(**{str(row.relative_to(busy.root)): row.read_bytes().replace(b"jade", b"onyx")})
    answer = busy.call("verify", "--json")
    assert answer.code == 1
    assert answer.data["problems"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("show",),
        ("list", "alarm"),
        ("list", "signal", "--limit", "0"),
        ("list", "signal", "--nope"),
        ("classify", "sig-", "--lane", "urgent", "--reason", "x"),
        ("escalate", "close", "bea-"),
        ("init", "there"),
    ],
    ids=" ".join,
)
def test_exit_2_called_wrongly(place: CommandLine, arguments: tuple[str, ...]) -> None:
    answer = place.call(*arguments, "--json")
    assert answer.code == 2
    assert answer.error["code"] == "usage"
    plain = place.call(*arguments)
    assert (plain.code, plain.out) == (2, "")
    assert "[usage]" in plain.err


def test_exit_3_a_file_is_invalid(place: CommandLine, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("kind: signal\nfrom: jade\nfrom: onyx\n")
    answer = place.call("emit", str(wrong), "--json")
    assert (answer.code, answer.error["code"]) == (3, "duplicate_key")
    assert list((place.root / "inbox").iterdir()) == []


def test_exit_3_not_an_identity(busy: CommandLine) -> None:
    answer = busy.call("incident", "ack", busy.newest("incident"), "--json", actor="two words")
    assert (answer.code, answer.error["code"]) == (3, "bad_identity")


def test_exit_3_a_setting_is_invalid(place: CommandLine) -> None:
    place.force(**{"settings/escalation.json": b'{"type": "escalation", "version": 1, "routes": 7}'})
    answer = place.call("escalate", "help", "--json")
    assert (answer.code, answer.error["code"]) == (3, "invalid_setting")
    assert answer.error["path"] == "settings/escalation.json"


def test_exit_4_a_rule_says_no(busy: CommandLine) -> None:
    answer = busy.call("show", "inc-zzz", "--json")
    assert (answer.code, answer.error["code"]) == (4, "not_found")


def test_exit_5_another_process_is_writing(place: CommandLine) -> None:
    held = os.open(place.root / ".git" / "prismfs" / "PID-DESK01" / "watcher.lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        answer = place.call("watch", "--once-idle", "--json")
    finally:
        os.close(held)
    assert (answer.code, answer.error["code"]) == (5, "watched")


def test_exit_6_not_everything_was_delivered(place: CommandLine) -> None:
    """The escalation is kept and the message that cannot go waits in the outbox (R-004-28)."""
    answer = place.call("escalate", "-s", "HIGH", "witness unresponsive", "--json")
    assert (answer.code, answer.error["code"]) == (6, "undelivered")
    bead = place.call("show", answer.error["path"], "--json").data
    assert (bead["title"], bead["status"]) == ("witness unresponsive", "open")
    outbox = place.call("list", "outbox", "--json").data["items"]
    assert {one["action"]: one["status"] for one in outbox} == {"mail:mayor": "sent", "email:human": "not_configured"}


def test_exit_6_in_words_tells_what_was_done_first(place: CommandLine) -> None:
    answer = place.call("escalate", "-s", "HIGH", "witness unresponsive")
    assert answer.code == 6
    assert "escalation.created" in answer.out
    assert "contacts.human_email is empty" in answer.out
    assert "settings/escalation.json" in answer.err


def test_exit_7_not_allowed_for_this_identity(busy: CommandLine) -> None:
    incident = busy.newest("incident")
    for arguments in (
        ("incident", "ack", incident),
        ("incident", "resolve", incident, "--note", "gone"),
        ("escalate", "ack", busy.newest("bead")),
        ("classify", busy.newest("signal"), "--lane", "info", "--reason", "because"),
    ):
        answer = busy.call(*arguments, "--json", actor="jade")
        assert (answer.code, answer.error["code"]) == (7, "not_allowed")
    assert busy.call("show", incident, "--json").data["status"] == "triage"


def test_exit_7_roster_gives_each_persona_only_its_own_commands(busy: CommandLine) -> None:
    assert busy.call("incident", "ack", busy.newest("incident"), actor="Sage").code == 7
    assert busy.call("incident", "ack", busy.newest("incident"), actor="clara").code == 0


@pytest.mark.parametrize(
    "arguments", [("status",), ("list", "signal"), ("react",), ("watch",), ("doctor",), ("check",)]
)
def test_exit_69_no_project_here(place: CommandLine, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    answer = place.bare("-C", str(empty), *arguments, "--json")
    assert (answer.code, answer.error["code"]) == (69, "no_project")
    assert "prismfs init" in answer.error["hint"]


def test_exit_69_a_repository_that_is_gone(place: CommandLine) -> None:
    shutil.rmtree(place.root / ".git")
    assert place.call("list", "signal", "--json").error["code"] == "not_a_repository"
    assert place.call("react", "--json").code == 69


def test_exit_70_an_error_of_our_own_says_where_its_report_lies(place: CommandLine, tmp_path: Path) -> None:
    """A folder that was removed while somebody stands in it is what no code of ours expects."""
    gone = tmp_path / "gone"
    gone.mkdir()
    script = (
        f"import os, sys; os.rmdir({str(gone)!r}); from prismfs.cli import run; sys.exit(run(['status', '--json']))"
    )
    done = place.python(script, cwd=gone)
    assert done.code == 70
    assert done.error["code"] == "internal"
    report = Path(done.error["path"])
    assert "Traceback" in report.read_text()
    report.unlink()


def test_json_text_that_is_no_unicode_is_answered(place: CommandLine) -> None:
    """A name can hold any byte; the answer is still JSON in UTF-8."""
    answer = place.spawn("--json", "show", os.fsdecode(b"inc-\xff"))
    assert answer.code == 4
    assert answer.error["code"] == "not_found"
    assert json.loads(answer.out)


def test_mistyped_verb_is_answered_with_the_nearest_and_does_nothing(place: CommandLine) -> None:
    answer = place.call("stauts", "--json")
    assert (answer.code, answer.error["code"]) == (2, "usage")
    assert "did you mean status?" in answer.error["message"]
    assert "did you mean" not in place.call("qqqqqq", "--json").error["message"]
