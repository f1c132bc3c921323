"""The watcher as a process: what wakes it, what stops it, and what it never loses."""

from __future__ import annotations

import json
import os
import re
import signal
import threading

import pytest

from tests.support.drops import EXPORT_REPORT, twin_of
from tests.support.waiting import until
from tests.support.watched import Watched

ARTICLE = """\
kind: kb
version: 1
name: rotating-keys
title: How to rotate the signing key of the exporter
source: docs/keys.md
body: |
  To rotate the signing key of the exporter, run rotate-key and restart the exporter.
"""


def test_watch_file_renamed_into_the_inbox_is_committed(watched: Watched) -> None:
    child = watched.start()
    watched.drop(EXPORT_REPORT, "report.json")
    until(lambda: watched.rows("incident.escalated"), "the incident")
    until(lambda: not list((watched.root / "inbox").iterdir()), "the inbox to be empty")
    until(lambda: watched.git("status", "--porcelain") == "", "the index to follow")
    assert re.search(r"^signal: open_incident sig-", watched.subjects(), re.MULTILINE)
    assert watched.stop(child) == 0
    assert any("incident.detected" in line["actions"] for line in watched.lines(child))
    assert watched.verified()


def test_watch_file_written_in_place_is_taken_only_when_complete(watched: Watched) -> None:
    """A writer that takes its time is waited for: its file is one record, not one and a refused half."""
    watched.start()
    data = json.dumps(watched.journal("slow") | {"body": "x" * 4000}).encode()
    path = watched.root / "inbox" / "slow.json"
    done = threading.Event()

    def write_slowly() -> None:
        with path.open("wb", buffering=0) as file:
            for position in range(2000):
                file.write(data[position : position + 1])
                if done.wait(0.02):
                    break
            file.write(data[position + 1 :])

    writer = threading.Thread(target=write_slowly)
    writer.start()
    try:
        watched.drop(watched.journal("between"), "between.json")
        until(lambda: watched.taken("between"), "the other file")
        assert path.exists()
    finally:
        done.set()
        writer.join()
    until(lambda: watched.taken("slow"), "the slow file")
    assert watched.rows("inbox.refused") == []
    (entry,) = [one for one in watched.records("journal") if one["subject"] == "slow"]
    assert len(entry["body"]) == 4000


def test_watch_sigterm_finishes_and_says_stopped(watched: Watched) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        child = watched.start()
        for step in range(20):
            watched.drop(watched.journal(f"{number}-{step}"), f"{number}-{step:02}.json")
        assert watched.stop(child, number) == 0
        assert watched.health()["state"] == "stopped"
        assert not list((watched.root / ".git").rglob("*.lock.tmp"))
    assert watched.start()
    until(lambda: len(watched.rows("journal.noted")) == 40, "all that was dropped")
    assert watched.verified()


def test_watch_killed_and_started_again_goes_on_and_doubles_nothing(watched: Watched) -> None:
    for attempt in range(3):
        child = watched.start()
        for step in range(20):
            watched.drop(watched.journal(f"{attempt}-{step}"), f"{attempt}-{step:02}.json")
        until(lambda done=attempt: len(watched.rows("journal.noted")) > 20 * done, "the first of them")
        assert watched.stop(child, signal.SIGKILL) == -signal.SIGKILL
    watched.start()
    until(lambda: len(watched.rows("journal.noted")) >= 60, "all that was dropped")
    until(lambda: watched.git("status", "--porcelain") == "", "the index to follow")
    assert sorted(one["subject"] for one in watched.records("journal")) == sorted(
        f"{attempt}-{step}" for attempt in range(3) for step in range(20)
    )
    assert watched.verified()


def test_watch_second_watcher_is_refused_and_the_first_stays(watched: Watched) -> None:
    """Once the refused one wrote "stopped" into the health file of the one that ran."""
    first = watched.start()
    second = watched.spawn()
    assert second.wait(20) == 5
    (line,) = watched.lines(second)
    assert line["error"]["code"] == "watched"
    assert (watched.health()["state"], watched.health()["process_id"]) == ("watching", first.pid)
    watched.drop(watched.journal("still here"), "a.json")
    until(lambda: watched.taken("still here"), "the first watcher")


def test_watch_commit_by_hand_is_observed_and_its_signal_taken_up(watched: Watched) -> None:
    watched.start()
    watched.drop(EXPORT_REPORT | {"to": "mayor", "subject": "a pattern to copy"}, "a.json")
    until(lambda: watched.rows("signal.delivered"), "a first signal")
    until(lambda: watched.git("status", "--porcelain") == "", "the index to follow")
    (path,) = (watched.root / "signals").rglob("*.yaml")
    text = re.sub(r"^status: .*$", "status: received", path.read_text(), flags=re.MULTILINE)
    text = text.replace("to: mayor", "to: Sage").replace("a pattern to copy", "The export crashes with an error")
    twin = twin_of(path.stem)
    (path.parent / f"{twin}.yaml").write_text(text.replace(path.stem, twin))
    watched.commit("a report, by pull request")
    until(lambda: watched.rows("incident.detected"), "the incident")
    (observed,) = watched.rows("commit.observed")
    assert observed["meta"]["subject"] == "a report, by pull request"
    (incident,) = watched.records("incident")
    assert incident["opened_by"] == twin
    until(lambda: watched.git("status", "--porcelain") == "", "the index to follow both")
    assert watched.verified()


def test_watch_article_committed_by_hand_answers_the_next_question(watched: Watched) -> None:
    watched.start()
    question = EXPORT_REPORT | {"subject": "How do I rotate the signing key of the exporter?", "body": ""}
    watched.drop(question, "before.json")
    until(lambda: watched.rows("signal.asked"), "the question to be asked back")
    (watched.root / "kb").mkdir(exist_ok=True)
    (watched.root / "kb" / "rotating-keys.yaml").write_text(ARTICLE)
    watched.commit("an article")
    until(lambda: watched.rows("commit.observed"), "the commit to be seen")
    watched.drop(question, "after.json")
    until(lambda: watched.rows("signal.answered"), "the answer")
    assert watched.verified()


def test_watch_record_that_is_invalid_is_observed_loudly_and_changes_nothing(watched: Watched) -> None:
    watched.start()
    (watched.root / "kb").mkdir(exist_ok=True)
    (watched.root / "kb" / "broken.yaml").write_text("kind: kb\nkind: kb\n")
    watched.commit("a broken article")
    (row,) = until(lambda: watched.rows("commit.observed"), "the commit to be seen")
    assert (row["level"], row["meta"]["refused"]) == ("error", {"kb/broken.yaml": "duplicate_key"})
    watched.drop(watched.journal("goes on"), "a.json")
    until(lambda: watched.taken("goes on"), "the next file")


def test_watch_due_time_wakes_it(watched: Watched) -> None:
    """R-004-21, R-004-23: raised by itself after the threshold, twice, then no more."""
    path = watched.root / "settings" / "escalation.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"stale_threshold": "1s"}))
    watched.commit("one second")
    watched.start()
    watched.drop({"kind": "escalation", "from": "jade", "severity": "LOW", "title": "nobody answers"}, "a.json")
    until(lambda: len(watched.rows("escalation.raised")) == 2, "both raises")
    created, (first, second) = watched.rows("escalation.created")[0], watched.rows("escalation.raised")
    instants = [row["at"] for row in (created, first, second)]
    assert instants == sorted(instants)
    (bead,) = watched.records("bead")
    assert (bead["severity"]["label"], bead["reescalation_count"]) == ("HIGH", 2)
    assert "due_at" not in bead
    until(lambda: [one["status"] for one in watched.records("outbox")].count("sent") == 2, "the mails")
    assert watched.verified()


def test_watch_tenant_folder_serves_all_its_projects(tenant: tuple[Watched, Watched]) -> None:
    docs, code = tenant
    child = docs.start()
    until(lambda: code.health().get("process_id") == child.pid, "the second project")
    for one in tenant:
        one.drop(one.journal(f"for {one.root.name}"), "a.json")
    for one in tenant:
        until(lambda one=one: one.taken(f"for {one.root.name}"), one.root.name)
        assert len(one.records("journal")) == 1
    assert docs.stop(child) == 0
    assert {line["project"] for line in docs.lines(child)} == {"docs", "code"}
    assert {one.health()["state"] for one in tenant} == {"stopped"}


def test_watch_tenant_project_that_fails_does_not_stop_the_other(tenant: tuple[Watched, Watched]) -> None:
    docs, code = tenant
    child = docs.start()
    aside = code.root / "run" / "inbox-aside"
    until(lambda: code.health().get("state") == "watching", "the second project")
    (code.root / "inbox").rename(aside)
    (code.root / ".git" / "refs" / "heads" / "nudge").write_text(code.git("rev-parse", "HEAD"))
    until(lambda: code.health().get("state") == "failing", "the broken project to be told of")
    docs.drop(docs.journal("unhurt"), "a.json")
    until(lambda: docs.taken("unhurt"), "the other project")
    aside.rename(code.root / "inbox")
    until(lambda: code.health().get("state") == "watching", "the mended project")
    assert docs.stop(child) == 0


def test_watch_invalid_setting_is_refused_and_the_last_good_one_holds(watched: Watched) -> None:
    watched.start()
    path = watched.root / "settings" / "escalation.json"
    good = path.read_text()
    path.write_text(good.replace('"4h"', '"soon"'))
    watched.commit("four hours is too exact")
    (row,) = until(lambda: watched.rows("commit.observed"), "the commit to be seen")
    assert (row["level"], row["meta"]["refused"]) == ("error", {"settings/escalation.json": "bad_field"})
    until(lambda: path.read_text() == good, "the file as it holds")
    watched.drop(EXPORT_REPORT, "report.json")
    until(lambda: watched.rows("incident.detected"), "the report to be taken")
    assert watched.health()["state"] == "watching"
    assert watched.verified()


def test_watch_engines_file_edited_by_hand_is_left_alone(watched: Watched) -> None:
    """What a person is editing is never overwritten; what they commit is what stands."""
    watched.start()
    watched.drop({"kind": "todo", "from": "jade", "title": "write it down"}, "a.json")
    until(lambda: watched.rows("todo.created"), "the todo")
    until(lambda: watched.git("status", "--porcelain") == "", "the index to follow")
    (path,) = (watched.root / "todos").rglob("*.yaml")
    path.write_text(path.read_text() + "# mine\n")
    watched.drop(watched.journal("meanwhile"), "b.json")
    until(lambda: watched.taken("meanwhile"), "another file")
    assert path.read_text().endswith("# mine\n")
    watched.commit("a remark")
    until(lambda: watched.rows("commit.observed"), "the commit to be seen")
    assert path.read_text().endswith("# mine\n")
    assert watched.verified()


def test_watch_persons_commit_takes_nothing_back(watched: Watched) -> None:
    """Once the index kept the signal as a person had committed it, and their next commit undid the engine's."""
    watched.start()
    watched.drop(EXPORT_REPORT | {"to": "mayor", "subject": "a pattern to copy"}, "a.json")
    until(lambda: watched.rows("signal.delivered"), "a first signal")
    until(lambda: watched.git("status", "--porcelain") == "", "the index to follow")
    (path,) = (watched.root / "signals").rglob("*.yaml")
    twin = twin_of(path.stem)
    text = path.read_text().replace(path.stem, twin)
    (path.parent / f"{twin}.yaml").write_text(re.sub(r"^status: .*$", "status: received", text, flags=re.MULTILINE))
    watched.commit("a second one")
    until(lambda: len(watched.rows("signal.delivered")) == 2, "the second one")
    until(lambda: watched.git("status", "--porcelain") == "", "the index to follow")
    (watched.root / "notes.txt").write_text("mine\n")
    watched.git("add", "notes.txt")
    watched.git("commit", "--quiet", "--message", "notes")
    assert watched.git("show", "--name-only", "--format=", "HEAD").split() == ["notes.txt"]


def test_watch_branch_that_was_set_back_is_carried_on(watched: Watched) -> None:
    """Nothing that a person does to the branch takes a record back."""
    watched.start()
    watched.drop(watched.journal("not to be lost"), "a.json")
    until(lambda: watched.taken("not to be lost"), "a commit")
    until(lambda: watched.git("status", "--porcelain") == "", "the window to follow")
    head = watched.git("rev-parse", "HEAD")
    watched.git("reset", "--quiet", "--hard", "HEAD~1")
    until(lambda: watched.git("rev-parse", "HEAD") == head, "the window to be back")
    watched.drop(watched.journal("on top of that"), "b.json")
    until(lambda: watched.taken("on top of that"), "the next file")
    assert watched.verified()


def test_watch_inbox_that_is_gone_is_loud_and_taken_again_when_back(watched: Watched) -> None:
    """It says so once, however often it tries."""
    child = watched.start()
    aside = watched.root / "run" / "inbox-aside"
    (watched.root / "inbox").rename(aside)
    (watched.root / ".git" / "refs" / "heads" / "nudge").write_text(watched.git("rev-parse", "HEAD"))
    until(lambda: watched.health().get("state") == "failing", "the complaint")
    assert watched.health()["error"]["code"] == "inbox_missing"
    tries = {watched.health()["at"]}
    until(lambda: len(tries) > 3 or tries.add(watched.health()["at"]), "three more tries")  # type: ignore[func-returns-value]
    assert (watched.errors(child) + watched.printed(child)).count("inbox_missing") == 1
    aside.rename(watched.root / "inbox")
    until(lambda: watched.health().get("state") == "watching", "it to go on")
    watched.drop(watched.journal("back"), "a.json")
    until(lambda: watched.taken("back"), "the next file", 70)


@pytest.mark.slow
def test_watch_burst_of_files_loses_none(watched: Watched) -> None:
    child = watched.start()
    for step in range(1500):
        watched.drop(watched.journal(f"burst {step}"), f"{step}.json")
    until(lambda: not os.listdir(watched.root / "inbox"), "the burst", 90)
    assert watched.stop(child) == 0
    assert len({row["entity_id"] for row in watched.rows("journal.noted")}) == 1500
    assert watched.git("status", "--porcelain") == ""
