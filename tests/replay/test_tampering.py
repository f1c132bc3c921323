"""Whatever is changed in a history afterwards, verifying names the first commit and record that differ."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from prismfs.rules import RULES_VERSION
from tests.support.history import History
from tests.support.rows import audit_rows

BEFORE = "signal: open_incident"


def first(history: History) -> tuple[str, int, str | None]:
    """Return code, step and record of the first problem found."""
    found, ids = history.verify()
    assert found.problems, "nothing was noticed"
    problem = found.problems[0]
    return problem.code, ids.index(problem.path), problem.field


@pytest.mark.parametrize(
    ("folder", "old", "new"),
    [
        ("incidents", b"owner: Clara", b"owner: clara"),
        ("incidents", b"\n", b"\n\n"),
        ("signals", b"status: handed_off", b"status: answered"),
        ("beads", b"severity:", b"severity: "),
        ("outbox", b'"attempts"', b'"attempts "'),
        ("mail", b"status: unread", b"status: read"),
    ],
)
def test_tampering_one_byte_of_a_record_names_commit_and_record(
    history: History, folder: str, old: bytes, new: bytes
) -> None:
    number = history.find("outbox: deliver" if folder == "outbox" else BEFORE)
    path = history.steps[number].path(folder)
    history.edit(number, path, old, new)
    code, at, record = first(history)
    assert (code, at, record) == ("differs", number, path)


@pytest.mark.parametrize("row", range(7))
def test_tampering_one_byte_of_an_audit_row_is_noticed_there(history: History, row: int) -> None:
    """R-002-43: no row is altered unseen."""
    number = history.find(BEFORE)
    path = history.steps[number].path("audit")
    rows = audit_rows(history.read(history.steps[number].changes[path]))
    reason = json.dumps(rows[row]["reason"])
    assert len(rows) == 7
    history.edit(number, path, f'"reason": {reason}'.encode(), f'"reason":  {reason}'.encode())
    code, at, record = first(history)
    assert (code, at, record) == ("differs", number, path)


@pytest.mark.parametrize("row", range(7))
def test_tampering_audit_row_dropped_is_noticed_there(history: History, row: int) -> None:
    """R-002-43: no row is taken out unseen, be it the one that carries the event or another."""
    number = history.find(BEFORE)
    path = without_a_row(history, number, row)
    assert first(history) == ("differs", number, path)


def test_tampering_audit_file_dropped_is_noticed_there(history: History) -> None:
    """R-002-43: neither are all rows of a commit."""
    number = history.find(BEFORE)
    step = history.steps[number]
    gone = step.path("audit")
    history.steps[number] = step.with_(changes={path: blob for path, blob in step.changes.items() if path != gone})
    assert first(history) == ("no_event", number, None)


def test_tampering_commit_dropped_is_noticed_at_the_next(history: History) -> None:
    number = history.find("bead: count_repeat")
    del history.steps[number]
    _, at, _ = first(history)
    assert at == number


def test_tampering_commits_swapped_is_noticed_at_the_first(history: History) -> None:
    number = history.find("signal: hand_off")
    history.steps[number], history.steps[number + 1] = history.steps[number + 1], history.steps[number]
    _, at, _ = first(history)
    assert at == number


def test_tampering_file_added_to_a_commit_is_named(history: History) -> None:
    number = history.find(BEFORE)
    step = history.steps[number]
    history.steps[number] = step.with_(changes=step.changes | {"kb/x.yaml": history.blob(b"kind: kb\n")})
    assert first(history) == ("not_planned", number, "kb/x.yaml")


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("message_differs", {"old": "lane incident", "new": "lane info"}),
        ("message_differs", {"old": "Prismfs-Actor: jade", "new": "Prismfs-Actor: onyx"}),
        ("bad_trailer", {"old": "Prismfs-Version: ", "new": "Prismfs-Version: v"}),
        ("no_event", {"old": "Prismfs-Cause: drop:", "new": "Prismfs-Cause: drip:"}),
        ("author_differs", {"author": "mayor"}),
        ("time_differs", {"seconds": 1772400000}),
    ],
)
def test_tampering_what_a_commit_says_is_noticed_there(history: History, code: str, changes: dict[str, Any]) -> None:
    number = history.find(BEFORE)
    step = history.steps[number]
    if "old" in changes:
        assert changes["old"] in step.message
        changes = {"message": step.message.replace(changes["old"], changes["new"])}
    history.steps[number] = step.with_(**changes)
    assert first(history)[:2] == (code, number)


def test_tampering_trailers_forged_without_an_event_are_noticed(history: History) -> None:
    number = history.find("commit: take")
    step = history.steps[number]
    trailers = history.steps[number - 1].message.strip().rpartition("\n\n")[2]
    history.steps[number] = step.with_(message=f"incident: resolve x\n\nforged\n\n{trailers}\n")
    assert first(history)[:2] == ("no_event", number)


def test_tampering_decision_given_again_is_noticed(history: History) -> None:
    """An answered event decides nothing a second time, however genuine its commit looks."""
    number = history.find(BEFORE)
    history.steps.insert(number + 1, history.steps[number])
    assert first(history)[:2] in (("not_decided", number + 1), ("no_event", number + 1))


def test_tampering_row_changed_by_a_later_commit_is_noticed(history: History) -> None:
    """R-002-43: a row, once written, is never changed."""
    number = history.find("commit: take")
    row = history.steps[history.find(BEFORE)].path("audit")
    data = history.read(history.steps[history.find(BEFORE)].changes[row])
    for blob in (history.blob(data + b" "), None):
        step = history.steps[number]
        history.steps[number] = step.with_(changes=step.changes | {row: blob})
        assert first(history) == ("not_planned", number, row)
        history.steps[number] = step


def test_tampering_row_forged_by_a_person_is_noticed(history: History) -> None:
    """R-002-43: a row stands for a decision, however well it is chained to the one before."""
    number = history.find("commit: take")
    row = history.steps[number].path("audit")
    blob = history.steps[number].changes[row]
    history.steps[number] = history.steps[number].with_(message="resolved it myself\n", author="Pat")
    assert first(history) == ("not_the_engines", number, None)
    assert history.steps[number].changes[row] == blob


def without_a_row(history: History, number: int, row: int) -> str:
    """Take a row out of the audit file of a step; return the file's path."""
    step = history.steps[number]
    path = step.path("audit")
    document = json.loads(history.read(step.changes[path]))
    del document["rows"][row]
    data = (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()
    history.steps[number] = step.with_(changes=step.changes | {path: history.blob(data)})
    return path


def test_tampering_row_of_older_rules_dropped_is_noticed_there(history: History) -> None:
    """What older rules decided is decided again by them, its rows as well."""
    number = history.find(BEFORE)
    without_a_row(history, number, 1)
    found, ids = history.verify(rules=RULES_VERSION + 1)
    assert (found.problems[0].code, ids.index(found.problems[0].path)) == ("differs", number)


def test_tampering_row_of_newer_rules_dropped_breaks_the_chain(history: History) -> None:
    """What newer rules decided cannot be decided again here, but its rows still stand in the chain."""
    number = history.find(BEFORE)
    without_a_row(history, number, 1)
    found, ids = history.verify(rules=RULES_VERSION - 1)
    assert found.decided == 0
    broken = next(problem for problem in found.problems if problem.code == "chain_broken")
    assert ids.index(broken.path) in (number, number + 1)


@pytest.mark.parametrize("old", [b"intake: [Sage]", b"answer_coverage: 0.5", b"kind: policy"])
def test_tampering_settings_is_noticed_by_the_first_decision_that_needs_them(history: History, old: bytes) -> None:
    """Settings that are no longer valid are a finding, and not the end of verifying."""
    history.edit(0, "settings/policy.yaml", old, old.replace(b":", b"_:"))
    found, ids = history.verify()
    assert found.problems
    assert found.problems[0].path == ids[1]


def without_document(event: dict[str, Any]) -> None:
    event["document"] = {}


def with_a_list_for_a_form(event: dict[str, Any]) -> None:
    event["document"]["document"] = []


def with_another_subject(event: dict[str, Any]) -> None:
    event["document"]["document"]["subject"] = "all is well"


def of_another_kind(event: dict[str, Any]) -> None:
    event["kind"] = "escalation"


def of_no_type(event: dict[str, Any]) -> None:
    event["type"] = "whim"


@pytest.mark.parametrize(
    "forge", [without_document, with_a_list_for_a_form, with_another_subject, of_another_kind, of_no_type]
)
def test_tampering_event_in_a_row_is_noticed_there(history: History, forge: Callable[[dict[str, Any]], None]) -> None:
    """The event that a row carries may have been made to be anything: it is judged, never trusted."""
    number = history.find(BEFORE)
    step = history.steps[number]
    rows = {path: json.loads(history.read(blob)) for path, blob in step.changes.items() if path.startswith("audit/")}
    path, row = next((path, row) for path, row in rows.items() if row.get("event"))
    forge(row["event"])
    data = (json.dumps(row, ensure_ascii=False, indent=2) + "\n").encode()
    history.steps[number] = step.with_(changes=step.changes | {path: history.blob(data)})
    assert first(history)[1] == number
