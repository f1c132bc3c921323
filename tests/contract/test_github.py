"""Issues filed by the real `gh` at a GitHub of our own: each way it can end, and what leaves this machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from prismfs.delivery.issues import Transport, transport_of
from prismfs.errors import RecordError, RefusedError
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.records.api import IssueDraft, Receipt, marker_of, neutralised
from tests.support.github import TOKEN, GitHub

KEY = "0123456789abcdef" * 4
OTHER_KEY = "f" * 64
DRAFT = IssueDraft(key=KEY, title="the export stops at row 500", body="It stops.\n")
URL = "https://github.com/acme/product/issues/1"

Make = Callable[..., Transport]


@pytest.fixture
def make(tmp_path: Path, github: GitHub) -> Make:
    """Give the transport of a project at `tmp_path` with more settings of its tracker."""

    def do(**more: Any) -> Transport:
        settings = {"transport": "gh", "repository": "acme/product", "gh_config": str(github.config)} | more
        return transport_of(tmp_path, Tracker.model_validate(settings))

    return do


@pytest.fixture
def spy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a program `gh` that writes what it is given there and goes on as the real one."""
    folder = tmp_path_factory.mktemp("spy")
    (folder / "gh").write_text(
        "#!/bin/sh\n"
        f"echo $$ >> {folder}/processes\n"
        f"tr '\\0' '\\n' < /proc/$$/environ >> {folder}/environment\n"
        f"printf '%s\\n' \"$@\" >> {folder}/arguments\n"
        f"pwd >> {folder}/folders\n"
        'exec gh "$@"\n'
    )
    (folder / "gh").chmod(0o755)
    return folder


def failed(receipt: Receipt) -> tuple[str, Any]:
    """Return outcome and code of a receipt."""
    assert receipt.document is not None
    assert receipt.detail
    return receipt.outcome, receipt.document["code"]


def test_issue_is_filed_with_title_body_marker_and_labels(make: Make, github: GitHub) -> None:
    receipt = make(labels=["bug"]).file(DRAFT)
    document: dict[str, JsonValue] = {"issue_url": URL, "issue_number": 1, "existed": False, "visibility": "private"}
    assert receipt == Receipt(outcome="sent", detail=URL, document=document)
    (issue,) = github.forge.issues
    assert issue["title"] == DRAFT.title
    assert issue["body"] == f"It stops.\n\n{marker_of(KEY)}\n"
    assert issue["labelIds"] == ["LA_bug"]


def test_steps_are_in_order_and_create_is_the_last(make: Make, github: GitHub) -> None:
    """R-000-43: who we are and the repository, the marker, the issue."""
    make().file(DRAFT)
    assert github.forge.steps == ["access", "list", "repository", "create"]
    assert {asked.host for asked in github.forge.asked} == {"api.github.com"}


@pytest.mark.parametrize("state", ["OPEN", "CLOSED"])
def test_issue_that_is_there_is_found_by_its_marker(make: Make, github: GitHub, state: str) -> None:
    """R-000-50: filed once, whatever became of it; an issue with another marker is another one."""
    github.forge.add_issue("theirs", marker_of(OTHER_KEY))
    ours = github.forge.add_issue("renamed since", f"edited\r\n{marker_of(KEY)}", state=state)
    receipt = make().file(DRAFT)
    document = {"issue_url": ours["url"], "issue_number": 2, "existed": True, "visibility": "private"}
    assert receipt == Receipt(outcome="sent", detail=ours["url"], document=document)
    assert len(github.forge.issues) == 2


def test_old_issue_is_found_by_a_search(make: Make, github: GitHub) -> None:
    github.forge.add_issue("ours, long ago", marker_of(KEY))
    for number in range(100):
        github.forge.add_issue(f"issue {number}")
    receipt = make().file(DRAFT)
    assert receipt.document is not None
    assert (receipt.document["issue_number"], receipt.document["existed"]) == (1, True)
    assert github.forge.steps == ["access", "list", "search"]


@pytest.mark.parametrize("fault", ["drop_after", 502, "hang"])
def test_retry_after_an_unknown_end_files_nothing_twice(make: Make, github: GitHub, fault: int | str) -> None:
    """The connection is lost when the issue exists already, or before: after the retry there is exactly one."""
    github.forge.faults["create"] = [fault]
    receipt = make(timeout="2s").file(DRAFT)
    assert failed(receipt) == ("unknown", "phone_home_issue_create_failed")
    assert len(github.forge.issues) == (1 if fault == "drop_after" else 0)
    again = make().file(DRAFT)
    assert again.outcome == "sent"
    assert again.document is not None
    assert (again.document["issue_url"], again.document["existed"]) == (URL, fault == "drop_after")
    assert len(github.forge.issues) == 1


@pytest.mark.parametrize(
    ("step", "fault", "outcome", "code"),
    [
        ("access", 401, "permanent", "phone_home_auth_required"),
        ("access", 403, "permanent", "phone_home_repo_access_denied"),
        ("access", 404, "permanent", "phone_home_repo_access_denied"),
        ("access", "FORBIDDEN", "permanent", "phone_home_repo_access_denied"),
        ("access", "RATE_LIMITED", "temporary", "phone_home_repo_access_denied"),
        ("access", "INTERNAL", "temporary", "phone_home_repo_access_denied"),
        ("access", 502, "temporary", "phone_home_repo_access_denied"),
        ("access", "drop", "temporary", "phone_home_repo_access_denied"),
        ("list", 401, "permanent", "phone_home_auth_required"),
        ("list", 404, "permanent", "phone_home_repo_access_denied"),
        ("list", "RATE_LIMITED", "temporary", "phone_home_repo_access_denied"),
        ("list", 502, "temporary", "phone_home_repo_access_denied"),
        ("list", "drop", "temporary", "phone_home_repo_access_denied"),
        ("create", 401, "permanent", "phone_home_auth_required"),
        ("create", 403, "permanent", "phone_home_issue_create_failed"),
        ("create", 404, "permanent", "phone_home_issue_create_failed"),
        ("create", "FORBIDDEN", "permanent", "phone_home_issue_create_failed"),
        ("create", "RATE_LIMITED", "temporary", "phone_home_repo_access_denied"),
        ("create", "INTERNAL", "unknown", "phone_home_issue_create_failed"),
        ("create", 502, "unknown", "phone_home_issue_create_failed"),
        ("create", "drop", "unknown", "phone_home_issue_create_failed"),
    ],
)
def test_fault_is_told_by_its_code(
    make: Make, github: GitHub, step: str, fault: int | str, outcome: str, code: str
) -> None:
    """R-000-47, R-000-48, R-000-49: and a fault before the create leaves nothing behind."""
    github.forge.faults[step] = [fault]
    receipt = make().file(DRAFT)
    assert failed(receipt) == (outcome, code)
    assert github.forge.issues == []
    assert ("create" in github.forge.steps) == (step == "create")


def test_wait_that_is_asked_for_is_passed_on(make: Make, github: GitHub) -> None:
    github.forge.faults["access"] = [403]
    github.forge.headers["Retry-After"] = "90"
    receipt = make().preflight()
    assert failed(receipt) == ("temporary", "phone_home_repo_access_denied")
    assert receipt.retry_after == timedelta(seconds=90)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"nameWithOwner": "acme/elsewhere"}, "does not exist"),
        ({"hasIssuesEnabled": False}, "no issues"),
        ({"isArchived": True}, "archived"),
    ],
)
def test_repository_that_takes_no_issues_is_access_denied(
    make: Make, github: GitHub, changes: dict[str, Any], word: str
) -> None:
    """R-000-48: the incident stays local."""
    github.forge.repository |= changes
    receipt = make().file(DRAFT)
    assert failed(receipt) == ("permanent", "phone_home_repo_access_denied")
    assert word in receipt.detail
    assert github.forge.steps == ["access"]


def test_label_that_is_missing_is_named(make: Make, github: GitHub) -> None:
    receipt = make(labels=['odd, "one"']).file(DRAFT)
    assert failed(receipt) == ("permanent", "phone_home_issue_create_failed")
    assert '"one"' in receipt.detail
    assert github.forge.issues == []


def test_nobody_logged_in_is_auth_required(make: Make, github: GitHub) -> None:
    """R-000-47: and the detail says what to do."""
    github.log_in(None)
    receipt = make().file(DRAFT)
    assert failed(receipt) == ("permanent", "phone_home_auth_required")
    assert "gh auth login" in receipt.detail
    assert [asked.authorization for asked in github.forge.asked] == [""]


def test_token_that_is_not_taken_is_auth_required(make: Make, github: GitHub) -> None:
    github.log_in("ghp_stale")
    assert failed(make().preflight()) == ("permanent", "phone_home_auth_required")


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"token": "env:NO_SUCH_TOKEN"}, "NO_SUCH_TOKEN"),
        ({"gh": ["/not/there"]}, "install gh"),
        ({"gh": ["/bin/sh", "-c", "exit 4"]}, "gh auth login"),
        ({"gh_config": "relative"}, "gh_config"),
    ],
)
def test_setting_that_cannot_be_used_is_named(make: Make, settings: dict[str, Any], word: str) -> None:
    receipt = make(**settings).file(DRAFT)
    assert failed(receipt) == ("permanent", "phone_home_auth_required")
    assert word in receipt.detail


def test_configuration_in_the_project_is_refused(make: Make, tmp_path: Path, github: GitHub) -> None:
    """Agents write there, and it says where the token is sent."""
    (tmp_path / "run").symlink_to(github.config)
    os.rename(github.config, tmp_path / "inside")
    (github.config).symlink_to(tmp_path / "inside")
    assert failed(make().file(DRAFT)) == ("permanent", "phone_home_auth_required")
    assert github.forge.asked == []


def test_preflight_tells_account_and_visibility(make: Make, github: GitHub) -> None:
    """R-000-40: the operator is told that a destination is public."""
    assert make().preflight().document == {
        "repository": "acme/product",
        "visibility": "private",
        "login": "op-olga",
        "permission": "WRITE",
    }
    github.forge.repository["visibility"] = "PUBLIC"
    receipt = make().preflight()
    assert receipt.document is not None
    assert receipt.document["visibility"] == "public"
    assert "public" in receipt.detail
    assert github.forge.steps == ["access", "access"]


@pytest.mark.parametrize("step", ["access", "list", "create"])
def test_hanging_server_is_left_at_the_timeout(make: Make, github: GitHub, spy: Path, step: str) -> None:
    github.forge.faults[step] = ["hang"]
    receipt = make(timeout="2s", gh=[str(spy / "gh")]).file(DRAFT)
    assert receipt.outcome == ("unknown" if step == "create" else "temporary")
    assert "within 2s" in receipt.detail
    processes = (spy / "processes").read_text().split()
    assert processes
    assert [process for process in processes if Path("/proc", process).exists()] == []


def test_program_sees_a_clean_environment(
    make: Make, github: GitHub, spy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No variable of the desk reaches it, nor does one that would lead it elsewhere."""
    for name in ("DESK_SECRET", "GH_REPO", "GH_DEBUG", "GITHUB_TOKEN", "HTTPS_PROXY", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, "left-horse-9")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert make(gh=[str(spy / "gh")]).file(DRAFT).outcome == "sent"
    seen = dict(line.partition("=")[::2] for line in (spy / "environment").read_text().splitlines())
    assert seen.keys() - {"PATH", "HOME", "LANG"} == {
        "LC_ALL",
        "GH_HOST",
        "GH_CONFIG_DIR",
        "GH_PROMPT_DISABLED",
        "GH_NO_UPDATE_NOTIFIER",
        "NO_COLOR",
        "GIT_TERMINAL_PROMPT",
    }
    assert "left-horse-9" not in seen.values()
    assert set((spy / "folders").read_text().splitlines()) == {str(tmp_path)}


def test_token_of_the_settings_is_used_and_told_to_nobody(
    make: Make, github: GitHub, spy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes by the environment: not into arguments, which everybody on the machine can read, nor receipts."""
    github.log_in(None)
    monkeypatch.setenv("TRACKER_TOKEN", TOKEN)
    transport = make(gh=[str(spy / "gh")], token="env:TRACKER_TOKEN")
    told = [transport.preflight(), transport.file(DRAFT)]
    github.forge.faults = {step: [401] for step in ("access", "list", "create")}
    told += [transport.file(IssueDraft(key=OTHER_KEY, title="t", body="")) for _ in range(3)]
    assert [receipt.outcome for receipt in told] == ["sent", "sent", *["permanent"] * 3]
    assert TOKEN not in repr(told) + (spy / "arguments").read_text()
    assert {asked.authorization for asked in github.forge.asked} == {f"token {TOKEN}"}
    assert f"GH_TOKEN={TOKEN}\n" in (spy / "environment").read_text()


@pytest.mark.parametrize(
    ("host", "variable"),
    [("github.com", "GH_TOKEN"), ("acme.ghe.com", "GH_TOKEN"), ("github.acme.example", "GH_ENTERPRISE_TOKEN")],
)
def test_token_goes_in_the_variable_of_its_host(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, variable: str
) -> None:
    """A token for another host must not go to github.com."""
    monkeypatch.setenv("TRACKER_TOKEN", TOKEN)
    make(host=host, token="env:TRACKER_TOKEN", gh=["/bin/sh", "-c", "env > seen; exit 4"]).preflight()
    seen = (tmp_path / "seen").read_text().splitlines()
    assert [line for line in seen if TOKEN in line] == [f"{variable}={TOKEN}"]
    assert f"GH_HOST={host}" in seen


def test_text_of_the_issue_stands_in_no_argument_but_its_title(make: Make, spy: Path) -> None:
    """And every command that could take its repository from the folder names it."""
    transport = make(gh=[str(spy / "gh")])
    transport.file(IssueDraft(key=KEY, title="a title", body="the secret of the body"))
    arguments = (spy / "arguments").read_text().splitlines()
    assert "--title=a title" in arguments
    assert not [argument for argument in arguments if "secret" in argument]
    assert arguments.count("issue") == 2
    assert arguments.count("-R") == 2
    assert arguments.count("github.com/acme/product") == 2


@pytest.mark.parametrize(
    "title",
    [
        "--repo=evil/repo",
        "-R evil/repo",
        "--help",
        "$(touch owned) `touch owned`; touch owned",
        "@me",
        '"quoted", ä 🎉',
    ],
)
def test_title_is_text_whatever_it_looks_like(make: Make, github: GitHub, tmp_path: Path, title: str) -> None:
    assert make().file(IssueDraft(key=KEY, title=title, body="x")).outcome == "sent"
    assert [issue["title"] for issue in github.forge.issues] == [title]
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "x" * 61_440,
        "one\r\ntwo\r\n\tthree \x1b[31mred\x07",
        "@/etc/passwd",
        "-",
        "---\ntitle: other\n---\n<!-- prismfs:phone-home: -->",
        neutralised("fixes #1, thanks @acme/core"),
    ],
)
def test_body_arrives_byte_for_byte(make: Make, github: GitHub, body: str) -> None:
    draft = IssueDraft(key=KEY, title="t", body=body)
    assert make().file(draft).outcome == "sent"
    (issue,) = github.forge.issues
    assert issue["body"] == draft.marked_body
    assert issue["body"].startswith(body)
    assert make().file(draft).document == {
        "issue_url": URL,
        "issue_number": 1,
        "existed": True,
        "visibility": "private",
    }


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("", "x"),
        (" ", "x"),
        ("t" * 257, "x"),
        ("a\nb", "x"),
        ("a\x00b", "x"),
        ("t", "a\x00b"),
        ("t", "\ud800"),
        ("t", "x" * 65_536),
    ],
)
def test_text_that_no_tracker_takes_is_refused_before_anything_is_asked(
    make: Make, github: GitHub, title: str, body: str
) -> None:
    receipt = make().file(IssueDraft(key=KEY, title=title, body=body))
    assert failed(receipt) == ("permanent", "phone_home_issue_create_failed")
    assert github.forge.asked == []


def test_look_tells_state_reason_and_comments(make: Make, github: GitHub) -> None:
    """R-000-78: in the order asked for; what is not there is left out, an account that is gone is `ghost`."""
    first = github.forge.add_issue("one")
    github.forge.add_issue("two", state="CLOSED", stateReason="NOT_PLANNED", updatedAt="2026-03-03T12:00:00Z")
    github.forge.comment(first, "op-olga", "which version?\r\n@jade")
    github.forge.comment(first, None, "gone")
    two, one = make().look([2, 9, 1])
    assert two.to_document() == {
        "number": 2,
        "url": "https://github.com/acme/product/issues/2",
        "state": "closed",
        "reason": "not_planned",
        "title": "two",
        "updated_at": "2026-03-03T12:00:00Z",
    }
    assert [(comment.author, comment.body) for comment in one.comments] == [
        ("op-olga", "which version?\r\n@jade"),
        ("ghost", "gone"),
    ]
    assert (one.state, one.reason) == ("open", None)


def test_look_asks_for_many_in_few_questions(make: Make, github: GitHub) -> None:
    for number in range(25):
        github.forge.add_issue(f"issue {number}")
    assert [state.number for state in make().look(range(1, 26))] == list(range(1, 26))
    assert github.forge.steps == ["states"] * 3
    assert make().look([]) == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (401, "phone_home_auth_required"),
        (404, "phone_home_repo_access_denied"),
        ("drop", "phone_home_repo_access_denied"),
    ],
)
def test_look_that_fails_says_so(make: Make, github: GitHub, fault: int | str, code: str) -> None:
    """It must not look as though the issues were gone."""
    github.forge.add_issue("one")
    github.forge.faults["states"] = [fault]
    with pytest.raises(RefusedError) as told:
        make().look([1])
    assert told.value.code == code


def test_look_at_an_answer_of_another_form_is_refused(make: Make, github: GitHub) -> None:
    github.forge.add_issue("one", updatedAt="yesterday")
    with pytest.raises(RecordError):
        make().look([1])
