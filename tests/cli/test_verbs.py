"""What the verbs do: rehearsals, prefixes, lists, repeats, refusals, hostile text, and where they look."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine


def test_dry_run_prints_the_plan(busy: CommandLine) -> None:
    answer = busy.call("escalate", "-s", "HIGH", "help", "--dry-run", "--json")
    assert answer.code == 0
    assert answer.data["dry_run"] is True
    assert answer.data["actions"] == ["escalation.created"]
    assert sorted(record["kind"] for record in answer.data["records"]) == ["bead", "outbox", "outbox"]
    assert busy.call("escalate", "-s", "HIGH", "help", "--dry-run").out.startswith("would do: ")


def test_dry_run_of_what_would_be_refused_is_refused(busy: CommandLine) -> None:
    assert busy.call("incident", "ack", busy.newest("incident"), "--dry-run", actor="jade").code == 7


def test_id_prefix_unambiguous_is_enough(busy: CommandLine) -> None:
    incident = busy.newest("incident")
    assert busy.call("show", incident[:6], "--json").data["id"] == incident
    assert busy.call("show", incident.upper(), "--json").data["id"] == incident
    assert busy.call("incident", "ack", "inc-", "--json").data["subject"] == incident


def test_id_prefix_ambiguous_lists_the_candidates(busy: CommandLine, report: dict[str, Any]) -> None:
    busy.drop(report | {"subject": "Search index is corrupt and returns an error"})
    busy.turn()
    both = {item["id"] for item in busy.call("list", "incident", "--json").data["items"]}
    assert len(both) == 2
    answer = busy.call("incident", "ack", "inc-", "--json")
    assert (answer.code, answer.error["code"]) == (4, "ambiguous")
    assert set(answer.error["hint"].split(", ")) == both


@pytest.mark.parametrize("text", ["", " ", "%", "inc-%", "'; drop table record; --", "../../etc/passwd", "\x1b[31m"])
def test_id_that_could_be_anything_but_an_id_is_not_found(busy: CommandLine, text: str) -> None:
    answer = busy.call("show", "--json", "--", text)
    assert (answer.code, answer.error["code"]) == (4, "not_found")


def test_list_limit_says_how_many_more(busy: CommandLine) -> None:
    total = busy.call("list", "audit", "--json").data["total"]
    cut = busy.call("list", "audit", "--limit", "2", "--json").data
    assert (len(cut["items"]), cut["total"]) == (2, total)
    assert f"{total - 2} more" in busy.call("list", "audit", "--limit", "2").out
    assert "more" not in busy.call("list", "audit").out.splitlines()[-1]
    assert f"{total - 1} older rows" in busy.call("log", "--limit", "1").out
    assert f"{total - 1} more" in busy.call("audit", "--limit", "1").out


def test_list_filters_narrow_and_say_when_nothing_matches(busy: CommandLine) -> None:
    assert busy.call("list", "incident", "--open", "--severity", "p2", "--json").data["total"] == 1
    assert busy.call("list", "incident", "--severity", "P0").out == "no incident matches\n"
    assert busy.call("list", "mail", "--owner", "Clara", "--json").data["total"] == 1
    assert busy.call("audit", "--action", "incident.detected", "--actor", "jade", "--json").data["total"] == 1
    assert busy.call("audit", "--since", "2999-01-01", "--json").data["total"] == 0


def test_ack_twice_is_done_and_says_by_whom(busy: CommandLine) -> None:
    incident, bead = busy.newest("incident"), busy.newest("bead")
    assert busy.call("incident", "ack", incident, "--note", "looking", actor="Clara").code == 0
    head = busy.git("rev-parse", "HEAD")
    for arguments in (("incident", "ack", incident), ("escalate", "ack", bead)):
        again = busy.call(*arguments)
        assert again.code == 0
        assert "acknowledged already by Clara" in again.out
    assert busy.git("rev-parse", "HEAD") == head


def test_close_without_a_reason_is_refused(busy: CommandLine) -> None:
    """R-004-18: an escalation is closed with a reason."""
    bead = busy.newest("bead")
    assert busy.call("escalate", "close", bead).code == 2
    answer = busy.call("escalate", "close", bead, "--reason", "", "--json")
    assert (answer.code, answer.error["code"]) == (4, "reason_missing")
    assert busy.call("escalate", "close", bead, "--reason", "mended").code == 0
    assert busy.call("show", bead, "--json").data["closed_reason"] == "mended"
    assert "closed already by olga" in busy.call("escalate", "close", bead, "--reason", "again").out


def test_escalate_reads_the_details_from_standard_input(place: CommandLine) -> None:
    done = place.spawn("escalate", "-s", "LOW", "rebuild failed", "-m", "-", "--json", input="line one\nline two\n")
    assert done.code == 0
    assert place.call("show", done.data["subject"], "--json").data["body"] == "line one\nline two\n"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("-s", "URGENT"), "unknown_severity"),
        (("--category", "party"), "unknown_category"),
        (("--to", "nobody"), "unknown_tier"),
        (("--source", "no colon"), "bad_field"),
        (("--related", "not-an-id"), "bad_field"),
    ],
)
def test_escalate_with_a_wrong_word_names_the_field(place: CommandLine, options: tuple[str, ...], code: str) -> None:
    """R-004-14: what is refused says which word was wrong, and nothing is kept."""
    answer = place.call("escalate", *options, "help", "--json")
    assert answer.code in (3, 4)
    assert answer.error["code"] == code
    assert answer.error["field"]
    assert place.call("list", "bead", "--json").data["total"] == 0


def test_identity_comes_from_the_environment_and_as_wins(busy: CommandLine) -> None:
    incident = busy.newest("incident")
    refused = busy.spawn("incident", "ack", incident, "--json", PRISMFS_IDENTITY="jade")
    assert refused.code == 7
    both = busy.spawn("--as", "Clara", "incident", "ack", incident, "--json", PRISMFS_IDENTITY="jade")
    assert both.code == 0
    assert busy.call("show", incident, "--json").data["acknowledged_by"] == "Clara"


def test_project_is_found_above_and_by_the_environment_and_c_wins(busy: CommandLine, tmp_path: Path) -> None:
    assert busy.spawn("status", "--json", cwd=busy.root / "settings").data["pid"] == "PID-DESK01"
    assert busy.spawn("status", "--json", cwd=tmp_path, PRISMFS_DIR=str(busy.root)).data["pid"] == "PID-DESK01"
    elsewhere = busy.spawn("-C", str(tmp_path), "status", "--json", PRISMFS_DIR=str(busy.root))
    assert elsewhere.error["code"] == "no_project"


def test_c_with_a_relative_path_works_for_every_writer(busy: CommandLine, tmp_path: Path) -> None:
    """Once git, which runs in the project, was told a path relative to the caller's folder."""
    assert busy.spawn("init", "other", "--pid", "PID-OTHER1", "--json", cwd=tmp_path).data["made"]
    assert busy.spawn("-C", "other", "react", "--json", cwd=tmp_path).code == 0
    assert busy.spawn("-C", "other", "watch", "--once-idle", cwd=tmp_path).code == 0


def test_init_through_a_link_makes_the_project_behind_it(place: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert place.bare("init", str(tmp_path / "link"), "--pid", "PID-LINK01").code == 0
    assert place.bare("-C", str(tmp_path / "real"), "status", "--json").data["pid"] == "PID-LINK01"


def test_init_twice_is_a_no_op_and_another_pid_is_refused(place: CommandLine, tmp_path: Path) -> None:
    folder = str(tmp_path / "twice")
    first = place.bare("init", folder, "--pid", "PID-TWICE1", "--json").data
    again = place.bare("init", folder, "--pid", "PID-TWICE1", "--json").data
    assert (first["made"], again["made"]) == (True, False)
    assert first["commit"] == again["commit"]
    other = place.bare("init", folder, "--pid", "PID-OTHER1", "--json")
    assert (other.code, other.error["code"]) == (5, "other_project")
    assert place.bare("init", folder, "--pid", "desk one", "--json").code == 3


def test_init_in_a_repository_with_commits_keeps_what_it_holds(place: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "main.c").write_text("int main(void) { return 0; }\n")
    for arguments in (("init", "--quiet", "-b", "trunk"), ("add", "--all"), ("commit", "--quiet", "--message", "code")):
        place.git("-C", str(folder), *arguments)
    assert place.bare("init", str(folder), "--pid", "PID-CODE01").code == 0
    assert (folder / "main.c").read_text().startswith("int main")
    assert place.git("-C", str(folder), "log", "--format=%s").splitlines()[-1] == "code"
    assert place.git("-C", str(folder), "status", "--porcelain") == ""


def test_watch_once_idle_ends_on_an_empty_and_on_a_full_inbox(place: CommandLine, report: dict[str, Any]) -> None:
    assert place.spawn("watch", "--once-idle").code == 0
    for number in range(3):
        place.drop(report | {"subject": f"Export of table {'abc'[number]} crashes with an error"}, f"r{number}.json")
    done = place.spawn("watch", "--once-idle", "--json")
    assert done.code == 0
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert sum("incident.detected" in line.get("actions", ()) for line in lines) == 3
    assert list((place.root / "inbox").iterdir()) == []
    assert place.git("status", "--porcelain") == ""


HOSTILE = "caf\u00e9 \u202egnp.exe \u200b\u2066 [31m"


def test_hostile_text_of_a_record_never_reaches_the_terminal_raw(place: CommandLine) -> None:
    """Marks that turn the line around are text to a record and are escaped wherever they are shown."""
    place.drop({"kind": "journal", "from": "jade", "subject": HOSTILE, "body": f"{HOSTILE}\nline two"}, "a.json")
    place.drop({"kind": "escalation", "from": "jade", "severity": "LOW", "title": HOSTILE}, "b.json")
    place.drop({"kind": "signal", "from": "jade", "to": "mayor", "type": "Question", "subject": HOSTILE}, "c.json")
    place.turn()
    seen = ""
    for kind in ("journal", "bead", "signal", "mail"):
        identifier = place.newest(kind)
        for arguments in (("list", kind), ("show", identifier), ("status", identifier), ("log", identifier)):
            answer = place.call(*arguments)
            assert answer.code == 0
            seen += answer.out + answer.err
    assert not [mark for mark in "\u202e\u200b\u2066\x1b" if mark in seen]
    assert "\\u202egnp.exe" in seen
    assert "café" in seen


@pytest.mark.parametrize("text", ["\x1b]0;owned\x07", "two\nlines", "\x00", "a\rb"])
def test_control_characters_are_refused_before_they_are_kept(place: CommandLine, text: str) -> None:
    place.drop({"kind": "journal", "from": "jade", "subject": text})
    place.turn()
    assert place.call("list", "journal", "--json").data["total"] == 0
    rows = place.call("audit", "--action", "inbox.refused")
    assert "\x1b" not in rows.out
    assert place.call("audit", "--action", "inbox.refused", "--json").data["total"] == 1


@pytest.mark.parametrize("name", ["\x1b[2J.yaml", "two\nlines.yaml", "\u202elmay.exe"])
def test_hostile_file_names_never_reach_the_terminal_raw(place: CommandLine, name: str, tmp_path: Path) -> None:
    place.drop("kind: alarm\n", name)
    shown = place.call("react").out
    (tmp_path / name).write_text("kind: alarm\n")
    checked = place.call("check", str(tmp_path / name))
    assert checked.code == 1
    emitted = place.call("emit", str(tmp_path / name))
    assert emitted.code == 3
    (place.root / "roster" / name).write_text("kind: persona\n")
    looked = place.call("doctor").out
    texts = shown + checked.out + checked.err + emitted.err + looked + place.call("log").out
    assert not [mark for mark in "\x1b\u202e" if mark in texts]
    assert "\nlines" not in texts


def test_error_message_with_hostile_input_is_escaped(place: CommandLine) -> None:
    for arguments in (("show", "\x1b[31mred"), ("-C", "/\x1b[31mred", "status"), ("list", "\x1b[31mred")):
        answer = place.bare("-C", str(place.root), *arguments)
        assert answer.code != 0
        assert "\x1b[31mred" not in answer.err


def test_status_survives_a_health_file_of_any_form(place: CommandLine) -> None:
    folder = place.root / "run"
    folder.mkdir(exist_ok=True)
    for text in ("", "{}", "[]", "null", '{"state": "\\u001b[31m"}', '{"state": 7, "process_id": [], "at": {}}'):
        (folder / "health.json").write_text(text)
        for verb in ("status", "doctor"):
            answer = place.call(verb)
            assert answer.code in (0, 1), (verb, text, answer.err)
            assert "\x1b" not in answer.out


def test_pipe_that_is_closed_early_is_no_error(busy: CommandLine) -> None:
    for arguments in (["log"], ["schema"], ["list", "audit", "--json"]):
        reader, writer = os.pipe()
        os.close(reader)
        child = subprocess.Popen(
            [sys.executable, "-m", "prismfs", "-C", str(busy.root), *arguments], stdout=writer, stderr=subprocess.PIPE
        )
        os.close(writer)
        _, errors = child.communicate(timeout=60)
        assert (child.returncode, errors) == (0, b""), arguments


def test_show_finds_records_that_go_by_a_name(place: CommandLine) -> None:
    assert place.call("show", "Sage", "--json").data["role"] == "intake"
    assert place.call("show", "policy", "--json").data["kind"] == "policy"


def test_emit_drops_what_is_valid_and_names_what_is_not(place: CommandLine, report: dict[str, Any]) -> None:
    done = place.spawn("emit", "-", "--json", input=json.dumps(report))
    assert done.code == 0
    assert [path.name for path in (place.root / "inbox").iterdir()] == [done.data["file"]]
    place.turn()
    assert place.call("list", "incident", "--json").data["total"] == 1
    assert place.spawn("emit", "-", "--json", input="").error["code"] == "empty_file"
    assert place.spawn("emit", "no-such-file", "--json").code == 69


def test_signal_send_is_taken_in_like_any_drop(place: CommandLine) -> None:
    sent = place.call(
        "signal", "send", "--to", "mayor", "--type", "StatusUpdate", "--subject", "done", "--json", actor="jade"
    )
    assert sent.code == 0
    assert (place.root / "inbox" / sent.data["file"]).is_file()
    place.turn()
    (signal,) = place.call("signal", "list", "--json").data["items"]
    assert (signal["from"], signal["status"]) == ("jade", "delivered")


def test_verify_since_judges_only_what_came_after(busy: CommandLine) -> None:
    """R-002-43: the trail can be decided again, all of it or the end of it."""
    whole = busy.call("verify", "--json").data
    assert (whole["problems"], whole["decided"]) == ([], whole["commits"] - 1)
    assert busy.call("verify", "--since", "HEAD", "--json").data["commits"] == 0
    assert busy.call("verify", "--since", "no-such", "--json").error["code"] == "unknown_commit"


def test_hooks_install_leaves_what_somebody_else_put_there(place: CommandLine) -> None:
    own = place.root / ".git" / "hooks" / "commit-msg"
    own.parent.mkdir(exist_ok=True)
    own.write_text("#!/bin/sh\nexit 0\n")
    first = place.call("hooks", "install", "--json").data
    assert first["kept"] == ["commit-msg"]
    assert "pre-commit" in first["installed"]
    assert own.read_text() == "#!/bin/sh\nexit 0\n"
    assert os.access(place.root / ".git" / "hooks" / "pre-commit", os.X_OK)


def test_doctor_of_a_fresh_clone_says_who_makes_the_inbox(busy: CommandLine) -> None:
    shutil.rmtree(busy.root / "inbox")
    looked = busy.call("doctor", "--json").data["items"]
    (found,) = (row["problem"] for row in looked if row["problem"] and row["problem"]["code"] == "no_inbox")
    assert (found["message"], found["hint"]) == ("is not there yet", "prismfs watch makes it")
    assert busy.call("watch", "--once-idle").code == 0
    assert (busy.root / "inbox").is_dir()
