"""Articles, todos, journals and conversations at the command line: each a command, one commit, and a listing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support.command_line import CommandLine

ARTICLE = (
    *("kb", "add", "rotate-key", "--title", "Rotating the signing key", "--source", "handbook, chapter 3"),
    *("--body", "To rotate the signing key of the exporter, run rotate-key and restart the exporter."),
)
QUESTION = {
    "kind": "signal",
    "from": "jade",
    "to": "Sage",
    "type": "Question",
    "subject": "How do I rotate the signing key?",
    "body": "Is it documented how to rotate the signing key of the exporter?",
}


def commits(place: CommandLine) -> int:
    return int(place.git("rev-list", "--count", "HEAD"))


def test_kb_add_is_one_commit_of_one_file_and_answers_the_next_question(place: CommandLine) -> None:
    """R-000-18."""
    before = commits(place)
    answer = place.call(*ARTICLE, "--tag", "keys", "--json")
    assert (answer.data["actions"], answer.data["subject"]) == (["kb.added"], "rotate-key")
    assert commits(place) == before + 1
    assert "source: handbook, chapter 3\n" in (place.root / "kb" / "rotate-key.yaml").read_text()
    place.drop(QUESTION)
    place.turn()
    signal = place.newest("signal")
    assert place.call("status", signal, "--json").data["stage"] == "answered"
    (question, answered) = place.call("signal", "thread", signal, "--json").data["items"]
    assert (question["kind"], answered["kind"], answered["from"]) == ("signal", "mail", "Sage")
    assert "Source: handbook, chapter 3" in answered["body"]
    assert place.call("verify").code == 0


def test_kb_search_is_what_the_intake_desk_finds_with_source_and_coverage(place: CommandLine) -> None:
    place.call(*ARTICLE)
    (item,) = place.call("kb", "search", "rotate", "the signing", "key", "--json").data["items"]
    assert (item["name"], item["source"], item["coverage"], item["answers"]) == (
        *("rotate-key", "handbook, chapter 3"),
        *(1.0, True),
    )
    half = place.call("kb", "search", "rotate kubernetes pods weekly", "--json").data["items"][0]
    assert (half["coverage"], half["answers"]) == (0.25, False)
    shown = place.call("kb", "search", "rotate the key").out.splitlines()
    assert shown[0].split() == ["NAME", "COVERAGE", "ANSWERS", "TITLE", "SOURCE"]
    assert "100%" in shown[2]
    assert place.call("kb", "search", "penguin").out == "no article holds any of these words\n"


def test_kb_add_of_a_name_that_is_there_needs_replace(place: CommandLine) -> None:
    place.call(*ARTICLE)
    assert place.call(*ARTICLE).out == "nothing to do: the article says that already\n"
    other = (*ARTICLE[:-1], "Another text.")
    answer = place.call(*other, "--json")
    assert (answer.code, answer.error["code"]) == (4, "name_taken")
    assert place.call(*other, "--replace", "--json").data["actions"] == ["kb.replaced"]
    assert place.call("show", "rotate-key", "--json").data["body"] == "Another text."


@pytest.mark.parametrize("name", ["../prismfs", "Über", "a/b", "", "-x"])
def test_kb_add_under_a_name_that_is_a_path_is_refused(place: CommandLine, name: str) -> None:
    answer = place.call("kb", "add", "--title", "x", "--source", "x", "--body", "x", "--json", "--", name)
    assert (answer.code, answer.error["field"]) == (3, "/name")
    assert place.git("status", "--porcelain") == ""


def test_kb_add_is_for_operators_and_whom_the_roster_allows(place: CommandLine) -> None:
    answer = place.call(*ARTICLE, "--json", actor="jade")
    assert (answer.code, answer.error["code"]) == (7, "not_allowed")


def test_kb_add_takes_secrets_out_and_says_how_many(place: CommandLine) -> None:
    secret = "ghp_" + "Ab3dE6gH" * 4 + "Ij9k"
    place.call("kb", "add", "token", "--title", "Token", "--source", "x", "--body", f"use {secret} to log in")
    assert secret not in place.git("log", "-p", "--all")
    (row,) = place.call("audit", "--action", "kb.added", "--json").data["items"]
    assert row["meta"] == {"redacted": 1}


def test_todo_goes_from_its_list_to_done_and_stays(place: CommandLine) -> None:
    todo = place.call("todo", "add", "rotate the key", "--owner", "mayor", "--json", actor="jade").data["subject"]
    (item,) = place.call("todo", "list", "--owner", "MAYOR", "--json").data["items"]
    assert (item["id"], item["title"], item["status"]) == (todo, "rotate the key", "open")
    assert place.call("todo", "list", "--owner", "jade").out == "no todo matches\n"
    refused = place.call("todo", "done", todo, "--json", actor="jade")
    assert (refused.code, refused.error["code"]) == (7, "not_yours")
    assert place.call("todo", "done", todo, "--json", actor="mayor").data["actions"] == ["todo.done"]
    assert place.call("todo", "done", todo, actor="mayor").out == "nothing to do: the todo is done already\n"
    assert place.call("todo", "list", "--json").data["total"] == 0
    assert place.call("todo", "list", "--all", "--json").data["items"][0]["status"] == "done"
    assert place.call("verify").code == 0


def test_todo_without_an_owner_is_ones_own(place: CommandLine) -> None:
    place.call("todo", "add", "tidy up", actor="jade")
    assert place.call("todo", "list", "--owner", "jade", "--json").data["total"] == 1


def test_journal_lists_what_was_noted_newest_first(place: CommandLine) -> None:
    first = place.call("journal", "add", "moved the export", "--body", "to the new disk", "--json", actor="jade")
    place.call("journal", "add", "looked at it", "--about", first.data["subject"], actor="onyx")
    items = place.call("journal", "list", "--json").data["items"]
    assert sorted(item["subject"] for item in items) == ["looked at it", "moved the export"]
    (own,) = place.call("journal", "list", "--by", "JADE", "--json").data["items"]
    assert (own["from"], own["body"]) == ("jade", "to the new disk")
    (about,) = place.call("journal", "list", "--about", first.data["subject"], "--json").data["items"]
    assert about["from"] == "onyx"


def test_mail_read_dry_run_shows_and_marks_nothing(place: CommandLine) -> None:
    """R-000-13."""
    mail = place.call("mail", "send", "--to", "mayor", "--subject", "x", "--json").data["subject"]
    before = place.state()
    assert place.call("mail", "read", mail, "--dry-run", "--json", actor="mayor").data["status"] == "unread"
    assert place.state() == before
    assert place.call("mail", "read", mail, "--json", actor="mayor").data["status"] == "read"
    assert place.call("mail", "inbox", "--all", "--json", actor="mayor").data["total"] == 1


def test_thread_of_what_is_no_signal_is_not_found(busy: CommandLine) -> None:
    answer = busy.call("signal", "thread", busy.newest("incident"), "--json")
    assert (answer.code, answer.error["code"]) == (4, "not_found")


def test_thread_holds_what_was_written_to_its_sender_and_no_other(place: CommandLine, report: dict[str, Any]) -> None:
    place.drop(report, "one.json")
    place.turn()
    first = place.newest("signal")
    place.drop(report | {"from": "onyx"}, "two.json")
    place.turn()
    items = place.call("signal", "thread", first, "--json").data["items"]
    assert items[0]["id"] == first
    assert {item["to"] for item in items[1:]} == {"jade"}
    assert [item["created_at"] for item in items] == sorted(item["created_at"] for item in items)
    shown = place.call("signal", "thread", first[:-3]).out
    assert "jade@PID-DESK01 (claimed) to Sage" in shown
    assert "onyx" not in shown


def test_send_says_where_the_signal_goes(place: CommandLine) -> None:
    send = ("signal", "send", "--type", "Question", "--subject", "x", "--json")
    assert place.call(*send, "--to", "sage", actor="jade").data["goes_to"]["way"] == "local"
    assert place.call(*send, "--to", "Sage@PID-DESK01", actor="jade").data["goes_to"]["way"] == "local"
    far = place.call(*send, "--to", "Sage@PID-HOME01", actor="jade").data["goes_to"]
    assert (far["to"], far["pid"], far["way"]) == ("Sage", "PID-HOME01", "bridge")
    own = (place.root / "prismfs.yaml").read_text().replace("home: false\n", "")
    (place.root / "prismfs.yaml").write_text(f"{own}home:\n  pid: PID-HOME01\n  root: {'0' * 40}\n")
    bridged = place.call(*send, "--to", "Zoe", actor="jade").data["goes_to"]
    assert (bridged["pid"], bridged["way"]) == ("PID-HOME01", "bridge")
    reply = place.call(*send, "--in-reply-to", "sig-01k5aaaaaaaaaaaaaaaaaaaaaa", actor="jade").data
    assert (reply["goes_to"]["way"], "to" in reply["signal"]) == ("reply", False)
    nobody = place.call(*send, actor="jade")
    assert (nobody.code, nobody.error["code"]) == (2, "nobody_named")


def test_answer_to_a_signal_goes_to_its_sender(place: CommandLine) -> None:
    """R-000-10: it names the signal that it answers."""
    asked = ("signal", "send", "--to", "deacon", "--type", "Question", "--subject", "how far is it?")
    assert place.call(*asked, actor="mayor").code == 0
    signal = place.newest("signal")
    sent = place.call(
        *("signal", "send", "--in-reply-to", signal, "--type", "StatusUpdate", "--subject", "done", "--json"),
        actor="deacon",
    )
    assert sent.code == 0
    place.turn()
    items = place.call("signal", "thread", signal, "--json").data["items"]
    assert [(item["from"], item["to"]) for item in items if item["kind"] == "signal"] == [
        ("mayor", "deacon"),
        ("deacon", "mayor"),
    ]


def test_signal_ack_is_given_by_the_intake_desk_only(place: CommandLine) -> None:
    sage = place.root / "roster" / "sage.yaml"
    sage.write_text(sage.read_text() + "automation: {mode: person}\n")
    place.git("commit", "--quiet", "--all", "--message", "a person sorts")
    place.drop(QUESTION)
    place.turn()
    signal = place.newest("signal")
    assert place.call("signal", "ack", signal, "--json", actor="jade").code == 7
    before = place.state()
    assert place.call("signal", "ack", signal, "--dry-run", "--json", actor="Sage").data["dry_run"]
    assert place.state() == before
    answer = place.call("signal", "ack", signal, "--note", "on it", "--json", actor="Sage")
    assert (answer.code, answer.data["subject"]) == (0, signal), answer.out
    assert place.call("show", signal, "--json").data["acknowledged_at"] is not None


def test_status_of_a_signal_tells_how_far_the_matter_has_come(busy: CommandLine) -> None:
    """R-000-81."""
    signal, incident = busy.newest("signal"), busy.newest("incident")
    for identifier in (signal, incident):
        data = busy.call("status", identifier, "--json").data
        assert data["stage"] in ("classified", "triaged")
        assert (data["owner"], data["severity"]) == ("Clara", "P2")
        assert data["next_due"] is not None
        assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", data["last_event"])
        assert (data["issue_url"], data["issue_number"]) == (None, None)
    assert busy.call("status", signal, "--json").data["status"] == "handed_off"
    busy.call("incident", "resolve", incident, "--note", "restarted")
    assert busy.call("status", signal, "--json").data["stage"] == "resolved"
    shown = busy.call("status", signal).out
    assert re.search(r"^stage +resolved$", shown, re.MULTILINE)
    assert re.search(r"^owner +Clara$", shown, re.MULTILINE)


def test_status_of_a_signal_over_a_bridge_is_what_was_told_last(place: CommandLine) -> None:
    """R-000-81: from the project's own files, without a new signal."""
    place.drop(QUESTION | {"to": "mayor"})
    place.turn()
    signal = place.newest("signal")
    path = next((place.root / "signals").rglob(f"{signal}.yaml"))
    told = {
        "stage": "shipped", "at": "2999-01-01T00:00:00.000Z", "owner": "Clara", "severity": "P1",
        "incident": "inc-01k5aaaaaaaaaaaaaaaaaaaaaa", "issue_url": "https://github.com/acme/product/issues/12",
    }  # fmt: skip
    text = path.read_text() + f"progress: {json.dumps(told)}\n"
    place.force(**{str(path.relative_to(place.root)): text.encode()})
    data = place.call("status", signal, "--json").data
    assert (data["stage"], data["owner"], data["severity"], data["last_event"]) == ("shipped", "Clara", "P1", "shipped")
    assert (data["issue_url"], data["issue_number"]) == (told["issue_url"], 12)
    assert (data["at"], data["incident"]) == (told["at"], told["incident"])


def test_status_of_an_ambiguous_beginning_lists_the_candidates(busy: CommandLine) -> None:
    answer = busy.call("status", "sig-", "--json")
    if answer.code == 0:
        busy.drop(QUESTION)
        busy.turn()
        answer = busy.call("status", "sig-", "--json")
    assert (answer.code, answer.error["code"]) == (4, "ambiguous")
    assert answer.error["hint"].count("sig-") == 2


def test_signal_send_to_several_is_refused_at_once(place: CommandLine) -> None:
    """R-000-64."""
    answer = place.call("signal", "send", "--to", "Sage, Clara", "--type", "Question", "--subject", "hi", "--json")
    assert (answer.code, answer.error["code"]) == (4, "broadcast_refused")
    assert not list((place.root / "inbox").iterdir())
