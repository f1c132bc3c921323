"""`prismfs phone-home` from the report to the issue: what is printed, its exit codes, what the tracker gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.command_line import CommandLine
from tests.support.drops import PRODUCT_REPORT
from tests.support.github import GitHub

REPORT = PRODUCT_REPORT | {"body": PRODUCT_REPORT["body"] + " @ops saw it, fixes #12."}


@pytest.fixture
def waiting(place: CommandLine) -> CommandLine:
    """A place where the issue of a report waits for an operator."""
    return staged(place)


def staged(place: CommandLine, **tracker: Any) -> CommandLine:
    if tracker:
        path = place.root / "settings/tracker.yaml"
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | tracker))
        place.git("commit", "--quiet", "-am", "tracker")
    place.drop(REPORT)
    place.turn()
    place.turn()
    assert place.call("phone-home", "list", "--json").data["items"][0]["status"] == "pending_operator_review"
    return place


def record(place: CommandLine) -> dict[str, Any]:
    found: dict[str, Any] = place.call("phone-home", "list", "--limit", "1", "--json").data["items"][0]
    return found


def test_show_prints_every_byte_that_would_leave_and_how_the_checks_stand(waiting: CommandLine) -> None:
    name = record(waiting)["id"]
    shown = waiting.call("phone-home", "show", name)
    assert (shown.code, shown.err) == (0, "")
    # A terminal is shown the zero-width spaces that part mentions as what they are.
    assert "@\\u200bops saw it, fixes #\\u200b12." in shown.out
    data = waiting.call("phone-home", "show", name[:9], "--json").data
    assert "@\u200bops saw it, fixes #\u200b12." in data["body_markdown"]
    assert data["content_hash"] in shown.out
    assert [check["code"] for check in data["checks"]] == [None, "phone_home_operator_review_required", *[None] * 3]


def test_approved_it_is_written_down_and_nothing_leaves(waiting: CommandLine) -> None:
    """The default transport is dry-run."""
    name = record(waiting)["id"]
    answer = waiting.call("phone-home", "approve", name, "--notes", "fine", "--json")
    assert answer.code == 0
    assert answer.data["actions"] == ["phone_home.approved", "phone_home.shipping"]
    found = record(waiting)
    (written,) = (waiting.root / "run/phone-home").iterdir()
    assert written.read_text() == f"# {found['title']}\n\n{found['body_markdown']}"
    assert found["status"] == "approved"
    assert [check["code"] for check in waiting.call("phone-home", "show", name, "--json").data["checks"]] == [None] * 5


def test_hash_that_was_looked_at_must_be_that_of_now(waiting: CommandLine) -> None:
    found = waiting.call("phone-home", "show", record(waiting)["id"], "--json").data
    wrong = waiting.call("phone-home", "approve", found["id"], "--hash", "0123", "--json")
    assert (wrong.code, wrong.error["code"]) == (4, "approval_stale")
    assert waiting.call("phone-home", "approve", found["id"], "--hash", found["content_hash"][:12]).code == 0


def test_draft_that_is_not_scanned_yet_says_what_comes_first(waiting: CommandLine) -> None:
    """Approving it led to `show`, and sending it to approving it."""
    found = record(waiting)
    assert waiting.call("phone-home", "stage", found["incident"], "--title", "Other words", actor="Clara").code == 0
    for verb, actor in (("approve", "olga"), ("send", "Clara")):
        answer = waiting.call("phone-home", verb, found["id"], "--json", actor=actor)
        assert (answer.error["message"], answer.error["hint"][:30]) == ("it is draft", "prismfs watch, or prismfs reac")
    waiting.call("react")
    assert waiting.call("phone-home", "approve", found["id"]).code == 0


@pytest.mark.parametrize(
    ("actor", "arguments", "code", "exit_code"),
    [
        ("jade", ["approve"], "not_operator", 7),
        ("overseer", ["reject", "--reason", "x"], "not_operator", 7),
        ("olga", ["send"], "not_incident_manager", 7),
        ("Clara", ["send"], "phone_home_operator_review_required", 4),
        ("olga", ["reject", "--reason", " "], "reason_missing", 4),
    ],
)
def test_wrong_hands_and_wrong_times_are_refused_by_code(
    waiting: CommandLine, actor: str, arguments: list[str], code: str, exit_code: int
) -> None:
    before = waiting.kept()
    verb, *more = arguments
    answer = waiting.call("phone-home", verb, record(waiting)["id"], *more, "--json", actor=actor)
    assert (answer.code, answer.error["code"]) == (exit_code, code)
    assert waiting.kept() == before


def test_approval_as_a_file_is_decided_on_when_it_is_committed(waiting: CommandLine) -> None:
    """R-000-82: the file is written, the commands are printed, nothing is decided before the commit."""
    name = record(waiting)["id"]
    answer = waiting.call("phone-home", "approve", name, "--pull-request", "--notes", "as a file", "--json")
    assert answer.code == 0
    path = answer.data["path"]
    assert (waiting.root / path).is_file()
    assert any("commit -S" in command for command in answer.data["commands"])
    assert record(waiting)["status"] == "pending_operator_review"
    waiting.git("add", path)
    waiting.git("commit", "--quiet", "-m", "review")
    waiting.turn()
    review = record(waiting)["operator_review"]
    assert (review["review_surface"], review["approved_by"], review["notes"]) == ("pull_request", "olga", "as a file")


def test_rehearsal_writes_and_sends_nothing(waiting: CommandLine) -> None:
    name = record(waiting)["id"]
    before = waiting.state()
    for arguments in (["approve"], ["approve", "--pull-request"], ["reject", "--reason", "x"]):
        answer = waiting.call("phone-home", arguments[0], name, *arguments[1:], "--dry-run", "--json")
        assert answer.data["dry_run"] is True
    assert waiting.state() == before


def test_kept_field_is_named_by_place_kind_and_reason(waiting: CommandLine) -> None:
    incident = record(waiting)["incident"]
    wrong = waiting.call("phone-home", "stage", incident, "--retain", "body=x", "--json", actor="Clara")
    assert (wrong.code, wrong.error["code"]) == (2, "usage")
    kept = waiting.call("phone-home", "stage", incident, "--retain", "/body:ipv4=it is the fault", actor="Clara")
    assert kept.code == 0
    found = record(waiting)
    assert found["retained_sensitive_fields"] == [{"path": "/body", "kind": "ipv4", "reason": "it is the fault"}]
    assert found["status"] == "draft"


@pytest.mark.parametrize(
    ("settings", "fields", "code"),
    [
        ("prismfs.yaml", {"operators": ["clara"]}, "nobody_may_approve"),
        ("settings/tracker.yaml", {"transport": "gh", "repository": "a/b", "gh": ["/not/there"]}, "gh_missing"),
        ("settings/tracker.yaml", {"timeout": "2m"}, "timeout_too_long"),
    ],
)
def test_doctor_names_what_would_keep_an_issue(
    place: CommandLine, settings: str, fields: dict[str, Any], code: str
) -> None:
    path = place.root / settings
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | fields))
    place.git("commit", "--quiet", "-am", "settings")
    answer = place.call("doctor", "--json")
    assert code in answer.out
    assert answer.code == 1


class TestGitHub:
    """The real `gh` at a GitHub of our own."""

    @pytest.fixture
    def tracked(self, place: CommandLine, github: GitHub) -> CommandLine:
        settings = {"transport": "gh", "repository": "acme/product", "gh_config": str(github.config)}
        return staged(place, **settings)

    def test_approved_bytes_become_one_issue(self, tracked: CommandLine, github: GitHub) -> None:
        """R-000-34: the address and number come back."""
        before = record(tracked)
        answer = tracked.call("phone-home", "approve", before["id"])
        assert answer.code == 0, answer.err
        (issue,) = github.forge.issues
        assert (issue["title"], issue["body"]) == (before["title"], before["body_markdown"])
        after = record(tracked)
        assert (after["status"], after["issue_number"]) == ("shipped", 1)
        assert after["issue_url"] == "https://github.com/acme/product/issues/1"
        told = tracked.call("list", "mail", "--owner", "jade", "--limit", "1", "--json").data["items"][0]
        assert "#1" in told["body"]

    def test_preflight_says_who_can_read_it_there(self, tracked: CommandLine, github: GitHub) -> None:
        """R-000-40: whether the destination is private is asked of the tracker itself."""
        name = record(tracked)["id"]
        private = tracked.call("phone-home", "show", name, "--preflight", "--json").data["preflight"]
        assert (private["outcome"], private["visibility"]) == ("sent", "private")
        github.forge.repository |= {"visibility": "PUBLIC", "isPrivate": False}
        assert "it is public" in tracked.call("phone-home", "show", name, "--preflight").out
        assert github.forge.issues == []

    def test_destination_is_looked_at_and_shown_to_who_decides(self, tracked: CommandLine, github: GitHub) -> None:
        """FT-09: the operator's page promised "private and invite-only", whatever was there."""
        found = record(tracked)
        facts = found["destination_facts"]
        assert (facts["state"], facts["visibility"], facts["permission"]) == ("seen", "private", "WRITE")
        page = tracked.call("phone-home", "show", found["id"]).out
        assert f"acme/product (private; our permission is WRITE; seen at {facts['seen_at']})" in page
        mail = tracked.call("list", "mail", "--owner", "olga", "--limit", "1", "--json").data["items"][0]
        assert "private; our permission is WRITE" in mail["body"]
        assert "invite-only" not in mail["body"]
        assert github.forge.steps.count("access") == 1

    def test_destination_that_became_public_after_the_approval_gets_nothing(
        self, tracked: CommandLine, github: GitHub
    ) -> None:
        """FT-09: it was filed with exit 0, and a row told of it afterwards."""
        github.forge.repository |= {"visibility": "PUBLIC", "isPrivate": False}
        name = record(tracked)["id"]
        answer = tracked.call("phone-home", "approve", name, "--json")
        assert (answer.code, answer.error["code"]) == (6, "destination_public")
        assert github.forge.issues == []
        assert record(tracked)["status"] == "failed"
        again = tracked.call("phone-home", "send", name, "--json", actor="Clara")
        assert (again.code, again.error["code"]) == (4, "phone_home_operator_review_required")
        assert tracked.call("verify").code == 0

    def test_destination_that_changed_after_the_approval_opens_the_gate_again(
        self, tracked: CommandLine, github: GitHub
    ) -> None:
        github.forge.repository |= {"visibility": "INTERNAL"}
        before = record(tracked)
        answer = tracked.call("phone-home", "approve", before["id"], "--json")
        assert (answer.code, answer.error["code"]) == (6, "destination_changed")
        assert github.forge.issues == []
        after = record(tracked)
        assert (after["status"], after["destination_facts"]["visibility"]) == ("pending_operator_review", "internal")
        (row,) = tracked.call("audit", "--action", "phone_home.reopened", "--json").data["items"]
        assert (row["level"], row["meta"]["approved"]["visibility"]) == ("error", "private")
        assert row["meta"]["seen"] == {"state": "seen", "visibility": "internal", "permission": "WRITE"}
        assert tracked.call("phone-home", "approve", before["id"]).code == 0
        assert record(tracked)["status"] == "shipped"
        assert len(github.forge.issues) == 1
        assert tracked.call("verify").code == 0

    def test_public_destination_needs_the_setting_and_the_word(self, place: CommandLine, github: GitHub) -> None:
        github.forge.repository |= {"visibility": "PUBLIC", "isPrivate": False}
        tracker = {"transport": "gh", "repository": "acme/product", "gh_config": str(github.config)}
        with pytest.raises(AssertionError):
            staged(place, **tracker)
        kept = record(place)
        assert (kept["status"], kept["code"]) == ("draft", "destination_public")
        path = place.root / "settings/tracker.yaml"
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"public": "allowed"}))
        place.git("commit", "--quiet", "-am", "public")
        assert place.call("phone-home", "stage", kept["incident"], actor="Clara").code == 0
        place.turn()
        assert record(place)["status"] == "pending_operator_review"
        page = place.call("phone-home", "show", kept["id"]).out
        assert "PUBLIC, everybody can read it" in page
        assert f"phone-home approve {kept['id']} --public" in page
        unsaid = place.call("phone-home", "approve", kept["id"], "--json")
        assert (unsaid.code, unsaid.error["code"]) == (4, "destination_public")
        assert place.call("phone-home", "approve", kept["id"], "--public").code == 0
        assert record(place)["status"] == "shipped"
        approval = place.call("show", record(place)["operator_review"]["approval"], "--json").data
        assert approval["public"] is True
        assert len(github.forge.issues) == 1
        assert place.call("verify").code == 0

    def test_destination_that_could_not_be_asked_is_not_looked_at(self, place: CommandLine, github: GitHub) -> None:
        github.forge.faults["access"] = ["drop", "drop"]
        staged(place, transport="gh", repository="acme/product", gh_config=str(github.config))
        found = record(place)
        assert found["destination_facts"]["state"] == "not_looked_at"
        assert "acme/product (not looked at at " in place.call("phone-home", "show", found["id"]).out
        github.forge.faults.clear()
        answer = place.call("phone-home", "approve", found["id"], "--json")
        assert (answer.code, answer.error["code"]) == (6, "destination_changed"), "what is there is shown first"
        assert record(place)["destination_facts"]["visibility"] == "private"
        assert place.call("phone-home", "approve", found["id"]).code == 0
        assert len(github.forge.issues) == 1

    @pytest.mark.parametrize(
        ("step", "fault", "code", "status"),
        [
            ("access", 401, "phone_home_auth_required", "failed"),
            ("access", "FORBIDDEN", "phone_home_repo_access_denied", "failed"),
            ("create", "FORBIDDEN", "phone_home_issue_create_failed", "failed"),
            ("create", 502, "phone_home_issue_create_failed", "shipping"),
        ],
    )
    def test_refused_by_the_tracker_it_ends_with_six_and_the_code(
        self, tracked: CommandLine, github: GitHub, step: str, fault: int | str, code: str, status: str
    ) -> None:
        """R-000-47 to R-000-49; what is refused for good is sent again by a command, under the same approval."""
        github.forge.faults[step] = [fault]
        answer = tracked.call("phone-home", "approve", record(tracked)["id"], "--json")
        assert (answer.code, answer.error["code"]) == (6, code), answer.out
        assert (record(tracked)["status"], record(tracked)["code"]) == (status, code)
        assert github.forge.issues == []
        if status == "failed":
            again = tracked.call("phone-home", "send", record(tracked)["id"], actor="Clara")
            assert again.code == 0, again.err
            assert record(tracked)["status"] == "shipped"
            assert len(github.forge.issues) == 1
            assert tracked.call("list", "outbox", "--open", "--json").data["total"] == 0

    def test_connection_lost_after_filing_is_found_by_the_marker(self, tracked: CommandLine, github: GitHub) -> None:
        """R-000-50: exactly one issue at the server."""
        github.forge.faults["create"] = ["drop_after"]
        name = record(tracked)["id"]
        assert tracked.call("phone-home", "approve", name).code == 6
        assert record(tracked)["status"] == "shipping"
        (message,) = tracked.call("list", "outbox", "--ref", name, "--json").data["items"]
        assert message["status"] == "unknown"
        policy = tracked.root / "settings/policy.yaml"
        assert "delivery_waits: [1m" in policy.read_text()
        later(tracked, minutes=2)
        assert record(tracked)["status"] == "shipped"
        assert len(github.forge.issues) == 1


def later(place: CommandLine, *, minutes: int) -> None:
    """Let the desk do its turns so much later."""
    from datetime import timedelta

    from prismfs.clock import SystemClock
    from prismfs.engine.turn.desk import Desk
    from prismfs.engine.turn.react import Moment, react

    root: Path = place.root
    with Desk(root) as desk:
        clock = SystemClock()
        now = clock.now() + timedelta(minutes=minutes)
        while react(desk, Moment(now=now, monotonic=clock.monotonic(), wall=clock.wall() + 3600)).more:
            pass
        desk.repo.bring_window()
