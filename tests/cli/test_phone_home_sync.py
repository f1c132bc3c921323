"""`phone-home sync`: asking by hand, and going by an export where there is no network (R-000-78)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import format_instant
from prismfs.store import listing
from prismfs.store.reading import reading
from tests.support.command_line import CommandLine
from tests.support.github import GitHub

URL = "https://github.com/acme/product/issues/7"
EXPORT = {
    "number": 7,
    "url": URL,
    "state": "closed",
    "reason": "completed",
    "title": "export crashes",
    "updated_at": format_instant(datetime.now(UTC)),
    "comments": [{"id": "c1", "author": "ann", "body": "fixed", "created_at": "2026-03-02T10:00:00Z"}],
}


def commit(place: CommandLine, *records: Any) -> None:
    place.force(*records)


def filed(place: CommandLine, number: int = 7, url: str = URL, **settings: Any) -> str:
    """Put the record of an issue that was filed for jade's report, and the settings; return its id."""
    with reading(place.root) as connection:
        text = listing.read_document(connection, place.newest("incident"))
    incident = Incident.model_validate_json(text or "")
    tracker = Tracker.from_document({"kind": "tracker", "version": 1, **settings})
    record = PhoneHome.from_document(
        {
            "kind": "phone_home", "version": 1, "id": f"pho-{incident.id[4:]}", "pid": incident.pid,
            "source_pid": incident.pid, "incident": incident.id, "signal": incident.opened_by,
            "scope": "prism-product", "severity": incident.severity.to_document(), "nature": "defect",
            "title": "export crashes", "body_markdown": "It crashes.", "status": "shipped",
            "destination": tracker.destination, "requested_by": "Clara", "staged_at": "2026-03-01T10:00:00.000Z",
            "idempotency_key": "a" * 64, "issue_url": url, "issue_number": number, "issue_state": "open",
            "issue_updated_at": "2026-03-01T10:00:00Z",
        }
    )  # fmt: skip
    commit(place, record, tracker)
    return record.id


def export(place: CommandLine, document: Any, name: str = "export.json") -> str:
    path = place.root.parent / name
    path.write_text(json.dumps(document))
    return str(path)


def answers(place: CommandLine) -> list[str]:
    items = place.call("mail", "inbox", "--json", actor="jade").data["items"]
    return [item["subject"] for item in items if item["subject"].startswith("Issue")]


def test_export_is_committed_and_told_and_the_same_again_changes_nothing(busy: CommandLine) -> None:
    identifier = filed(busy)
    path = export(busy, EXPORT)
    answer = busy.call("phone-home", "sync", "--file", path, "--json")
    assert answer.code == 0, answer.out
    (item,) = answer.data["items"]
    assert (item["subject"], item["actions"], item["issue"], item["state"]) == (
        *(identifier, ["phone_home.issue_updated"]),
        *(7, "closed"),
    )
    assert len(answers(busy)) == 1
    (row,) = busy.call("audit", "--action", "phone_home.issue_updated", "--json").data["items"]
    assert (row["actor"], row["assurance"]) == ("olga", "local")
    head = busy.git("rev-parse", "HEAD")
    assert busy.call("phone-home", "sync", "--file", path).out == "nothing differs (1 issues)\n"
    assert busy.git("rev-parse", "HEAD") == head
    standing = busy.call("status", busy.newest("signal"), "--json").data
    assert (standing["stage"], standing["issue_number"]) == ("closed", 7)


def test_export_with_more_comments_than_one_answer_holds_is_told_whole(busy: CommandLine) -> None:
    filed(busy)
    comments = [dict(EXPORT["comments"][0], id=f"c{number}") for number in range(23)]  # type: ignore[index]
    data = busy.call("phone-home", "sync", "--file", export(busy, EXPORT | {"comments": comments}), "--json").data
    assert data["total"] == 3
    assert busy.call("show", data["items"][0]["subject"], "--json").data["comments_seen"][-1] == "c22"


def test_export_of_issues_that_are_not_ours_is_said_and_changes_nothing(busy: CommandLine) -> None:
    """The same number in another repository is another issue."""
    filed(busy)
    others = [EXPORT | {"url": URL.replace("acme", "evil")}, EXPORT | {"number": 8}]
    head = busy.git("rev-parse", "HEAD")
    data = busy.call("phone-home", "sync", "--file", export(busy, {"issues": others}), "--json").data
    assert (data["items"], data["not_ours"], data["looked_at"]) == ([], [7, 8], 0)
    assert busy.git("rev-parse", "HEAD") == head


def test_export_by_somebody_who_is_no_operator_is_refused(busy: CommandLine) -> None:
    filed(busy)
    answer = busy.call("phone-home", "sync", "--file", export(busy, EXPORT), "--json", actor="jade")
    assert (answer.code, answer.error["code"]) == (7, "not_allowed")


@pytest.mark.parametrize(
    ("document", "code", "field"),
    [
        (EXPORT | {"state": "merged"}, "bad_field", "/state"),
        ({"issues": [EXPORT, EXPORT | {"more": 1}]}, "unknown_field", "/issues/1/more"),
        (EXPORT | {"updated_at": "yesterday"}, "bad_field", "/updated_at"),
        (EXPORT | {"comments": [{"id": "x"}]}, "missing_field", "/comments/0/body"),
    ],
)
def test_export_that_is_invalid_names_file_and_field(
    busy: CommandLine, document: dict[str, Any], code: str, field: str
) -> None:
    filed(busy)
    path = export(busy, document)
    answer = busy.call("phone-home", "sync", "--file", path, "--json")
    assert (answer.code, answer.error["code"], answer.error["field"]) == (3, code, field)
    assert answer.error["path"] == path


def test_export_that_is_not_there_is_said(busy: CommandLine) -> None:
    answer = busy.call("phone-home", "sync", "--file", str(busy.root / "none.json"), "--json")
    assert (answer.code, answer.error["code"]) == (3, "not_readable")


def test_export_comes_from_standard_input(busy: CommandLine) -> None:
    filed(busy)
    done = busy.spawn("--as", "olga", "phone-home", "sync", "--file", "-", "--json", input=json.dumps(EXPORT))
    assert done.data["total"] == 1


def test_dry_run_says_what_would_be_told_and_changes_nothing(busy: CommandLine) -> None:
    filed(busy)
    path = export(busy, EXPORT)
    before = busy.state()
    answer = busy.call("phone-home", "sync", "--file", path, "--dry-run")
    assert answer.out.startswith("would do: pho-")
    assert busy.state() == before


def test_tracker_in_a_folder_is_asked(busy: CommandLine) -> None:
    filed(busy, 1, "run/tracker/1.json", transport="file")
    folder = busy.root / "run" / "tracker"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text(json.dumps(EXPORT | {"number": 1, "url": "run/tracker/1.json", "body": "x"}))
    assert busy.call("phone-home", "sync", "--json").data["total"] == 1
    assert busy.call("phone-home", "sync").out == "nothing differs (1 issues)\n"
    (folder / "1.json").write_text("{")
    assert "not read" in busy.call("phone-home", "sync").out


def test_dry_run_transport_is_not_asked(busy: CommandLine) -> None:
    answer = busy.call("phone-home", "sync")
    assert (answer.code, answer.out) == (0, "nothing to ask: settings/tracker.yaml says transport: dry-run\n")


def test_tracker_that_cannot_be_asked_is_an_error_with_its_code(busy: CommandLine) -> None:
    filed(busy, transport="gh", repository="acme/product", gh=["/nonexistent/gh"])
    answer = busy.call("phone-home", "sync", "--json")
    assert (answer.code, answer.error["code"]) == (4, "phone_home_auth_required")


def test_github_is_asked_by_gh(busy: CommandLine, github: GitHub) -> None:
    issue = github.forge.add_issue("export crashes")
    filed(busy, 1, issue["url"], transport="gh", repository="acme/product", gh_config=str(github.config))
    github.forge.comment(issue, "ann", "@jade we look into it")
    data = busy.call("phone-home", "sync", "--json").data
    assert (data["total"], data["looked_at"]) == (1, 1)
    (subject,) = answers(busy)
    assert "has new comments" in subject
