"""Transports that use no network: the dry run, and the tracker that is a folder."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from pydantic import JsonValue

from prismfs.delivery.issues import Transport, transport_of
from prismfs.delivery.issues.file import DryRunTransport, FileTransport
from prismfs.errors import RecordError, RefusedError
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.records.api import IssueDraft, IssueState, Receipt, marker_of

KEY = "0123456789abcdef" * 4
DRAFT = IssueDraft(key=KEY, title="the export stops", body="It stops.\r\nAt 500.\n")
AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
FILED: dict[str, JsonValue] = {
    "issue_url": "run/tracker/1.json",
    "issue_number": 1,
    "existed": False,
    "visibility": None,
}


@pytest.fixture
def tracker(tmp_path: Path) -> Transport:
    return FileTransport(tmp_path, now=lambda: AT)


def files(root: Path) -> list[str]:
    """Return every file below `root`."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_default_transport_is_the_dry_run(tmp_path: Path) -> None:
    """R-000-41: nothing leaves unless somebody configures it."""
    assert isinstance(transport_of(tmp_path, Tracker()), DryRunTransport)
    assert isinstance(transport_of(tmp_path, Tracker(transport="file")), FileTransport)


def test_dry_run_writes_the_exact_issue_once(tmp_path: Path) -> None:
    transport = DryRunTransport(tmp_path)
    document: dict[str, JsonValue] = {"issue_url": None, "issue_number": None, "dry_run": True}
    told = [transport.file(DRAFT), transport.file(DRAFT)]
    assert told == [Receipt(outcome="sent", detail=f"run/phone-home/{KEY}.md", document=document)] * 2
    assert files(tmp_path) == [f"run/phone-home/{KEY}.md"]
    text = (tmp_path / told[0].detail).read_bytes().decode()
    assert text == f"# {DRAFT.title}\n\n{DRAFT.marked_body}"
    assert transport.look([1]) == []
    assert transport.preflight().outcome == "sent"


@pytest.mark.parametrize("name", ["dry-run", "file"])
def test_folder_that_cannot_be_used_is_for_later(tmp_path: Path, name: Literal["dry-run", "file"]) -> None:
    (tmp_path / "run").symlink_to(tmp_path)
    receipt = transport_of(tmp_path, Tracker(transport=name)).file(DRAFT)
    assert receipt.outcome == "temporary"
    assert receipt.document == {"code": "phone_home_issue_create_failed"}
    assert files(tmp_path) == []


@pytest.mark.parametrize("name", ["dry-run", "file"])
def test_text_that_no_tracker_takes_is_refused(tmp_path: Path, name: Literal["dry-run", "file"]) -> None:
    receipt = transport_of(tmp_path, Tracker(transport=name)).file(IssueDraft(key=KEY, title="a\nb", body=""))
    assert receipt.outcome == "permanent"
    assert receipt.document == {"code": "phone_home_issue_create_failed"}
    assert files(tmp_path) == []


@pytest.mark.parametrize("key", ["", "a", "../" * 21 + "a", "A" * 64, "a" * 63 + "\n"])
def test_draft_with_another_key_cannot_be_made(key: str) -> None:
    """The names of files and searches are built from it."""
    with pytest.raises(ValueError, match="64 hexadecimal"):
        IssueDraft(key=key, title="t", body="")


def test_file_tracker_numbers_issues_and_finds_them_again(tmp_path: Path, tracker: Transport) -> None:
    assert tracker.file(DRAFT) == Receipt(outcome="sent", detail="run/tracker/1.json", document=FILED)
    other = tracker.file(IssueDraft(key="f" * 64, title="other", body=""))
    assert other.document == FILED | {"issue_url": "run/tracker/2.json", "issue_number": 2}
    assert tracker.file(DRAFT).document == FILED | {"existed": True}
    assert files(tmp_path) == ["run/tracker/1.json", "run/tracker/2.json"]
    issue = json.loads((tmp_path / "run/tracker/1.json").read_bytes())
    assert issue == {
        "number": 1,
        "url": "run/tracker/1.json",
        "state": "open",
        "title": "the export stops",
        "updated_at": "2026-03-01T10:00:00.000Z",
        "body": f"It stops.\r\nAt 500.\n\n{marker_of(KEY)}\n",
        "reason": None,
        "comments": [],
    }


def test_number_that_is_taken_is_not_written_over(tmp_path: Path, tracker: Transport) -> None:
    folder = tmp_path / "run" / "tracker"
    folder.mkdir(parents=True)
    for name in ("7.json", "08.json", "notes.json", "9.txt"):
        (folder / name).write_text("{}")
    receipt = tracker.file(DRAFT)
    assert receipt.document == FILED | {"issue_url": "run/tracker/8.json", "issue_number": 8}
    assert (folder / "08.json").read_text() == "{}"


def test_many_at_once_get_a_number_each(tmp_path: Path, tracker: Transport) -> None:
    told: list[Receipt] = []
    threads = [
        threading.Thread(
            target=lambda key=f"{n:064x}": told.append(tracker.file(IssueDraft(key=key, title="t", body="")))
        )
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = sorted(int(str(receipt.document["issue_number"])) for receipt in told if receipt.document)
    assert numbers == list(range(1, 13))


def test_look_reads_what_people_made_of_it(tmp_path: Path, tracker: Transport) -> None:
    """R-000-78: offline, a changed file or an export of the same form is how it stands."""
    tracker.file(DRAFT)
    path = tmp_path / "run/tracker/1.json"
    (before,) = tracker.look([1])
    assert (before.state, before.comments) == ("open", ())
    issue = json.loads(path.read_bytes())
    comment = {"id": "c1", "author": "op-olga", "body": "fixed in 2.4", "created_at": "2026-03-02T10:00:00Z"}
    issue |= {"state": "closed", "reason": "completed", "comments": [comment]}
    path.write_text(json.dumps(issue))
    (after,) = tracker.look([3, 1])
    assert (after.state, after.reason) == ("closed", "completed")
    assert after.comments[0].to_document() == comment
    assert IssueState.from_document(after.to_document()) == after


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "syntax"),
        ('{"number": 1}', "missing_field"),
        (
            '{"number": 1, "url": "u", "state": "gone", "title": "t", "updated_at": "2026-03-01T10:00:00Z"}',
            "bad_field",
        ),
        (
            '{"number": 1, "url": "u", "state": "open", "title": "t", "updated_at": "yesterday"}',
            "bad_field",
        ),
    ],
)
def test_look_names_the_file_that_is_wrong(tmp_path: Path, tracker: Transport, text: str, code: str) -> None:
    tracker.file(DRAFT)
    (tmp_path / "run/tracker/1.json").write_text(text)
    with pytest.raises(RecordError) as told:
        tracker.look([1])
    assert told.value.code == code
    assert told.value.problem.path == "run/tracker/1.json"


def test_look_where_nothing_was_filed_finds_nothing(tmp_path: Path, tracker: Transport) -> None:
    assert tracker.look([1]) == []
    assert files(tmp_path) == []
    (tmp_path / "run").symlink_to(tmp_path)
    with pytest.raises(RefusedError):
        tracker.look([1])
