"""What a tracker says of a filed issue becomes a change, one answer to the reporter, and nothing twice (R-000-78)."""

from __future__ import annotations

from typing import Any

import pytest

from prismfs.engine.turn.tracker_sync import read_export, sync_event
from prismfs.errors import RecordError
from prismfs.kinds import kind_of
from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import MAX_TEXT, IssueState, Nothing, Plan, Record, Refused, derive_id, read_label
from prismfs.rules.care.outbound_issue.follow import MOST_COMMENTS, MOST_TEXT, news_of
from tests.support.memory import MakeRules, MemoryProject

URL = "https://github.com/acme/product/issues/7"


def comment(number: int, body: str = "we look into it", author: str = "ann") -> dict[str, Any]:
    return {"id": f"IC_{number}", "author": author, "body": body, "created_at": f"2026-02-28T11:00:{number % 60:02}Z"}


def issue(state: str = "open", updated_at: str = "2026-02-28T10:00:00Z", *comments: Any, **more: Any) -> IssueState:
    fields = {"number": 7, "url": URL, "state": state, "title": "Export", "updated_at": updated_at, **more}
    return IssueState.from_document(fields | {"comments": list(comments)})


class Filed:
    """A desk in memory with one issue that was filed for jade."""

    def __init__(self, rules: MemoryProject, **fields: Any) -> None:
        self.rules = rules
        ids = {prefix: derive_id(prefix, rules.now, cause="filed", role="") for prefix in ("sig", "inc", "pho")}
        self.signal, self.incident, self.record = ids["sig"], ids["inc"], ids["pho"]
        severity = read_label(rules.view.single(Policy).scales, "P2", scale="prism").to_document()
        at = "2026-02-28T09:00:00.000Z"
        self.put(
            Signal.from_document(
                {
                    "kind": "signal",
                    "version": 1,
                    "id": self.signal,
                    "pid": "PID-TEST01",
                    "from": "jade",
                    "to": "Sage",
                    "type": "Question",
                    "subject": "Export crashes",
                    "labels": {},
                    "created_at": at,
                    "received_at": at,
                    "payload_hash": "0" * 64,
                    "status": "handed_off",
                    "lane": "incident",
                    "incident": self.incident,
                }
            )
        )
        self.put(
            Incident.from_document(
                {
                    "kind": "incident",
                    "version": 1,
                    "id": self.incident,
                    "pid": "PID-TEST01",
                    "title": "Export crashes",
                    "nature": "defect",
                    "severity": severity,
                    "severity_reason": "x",
                    "sev_initial": severity,
                    "sev_max": severity,
                    "status": "triage",
                    "owner": "Clara",
                    "reporter": "jade",
                    "dedup_key": "k",
                    "opened_by": self.signal,
                    "detected_at": at,
                    "last_seen_at": at,
                }
            )
        )
        self.put(
            PhoneHome.from_document(
                {
                    "kind": "phone_home",
                    "version": 1,
                    "id": self.record,
                    "pid": "PID-TEST01",
                    "source_pid": "PID-TEST01",
                    "incident": self.incident,
                    "signal": self.signal,
                    "scope": "prism-product",
                    "severity": severity,
                    "nature": "defect",
                    "title": "Export crashes",
                    "body_markdown": "It crashes.",
                    "status": "shipped",
                    "destination": "github.com/acme/product",
                    "requested_by": "Clara",
                    "staged_at": at,
                    "idempotency_key": "a" * 64,
                    "issue_url": URL,
                    "issue_number": 7,
                    **fields,
                }
            )
        )

    def put(self, record: Record) -> None:
        self.rules.view.put_file(kind_of(record).place_of(record), kind_of(record).write(record))

    def now(self) -> PhoneHome:
        found = self.rules.view.get(PhoneHome, self.record)
        assert found is not None
        return found

    def hear(self, state: IssueState, **claim: str) -> Any:
        """Hear how the issue stands; None where no event comes of it."""
        event = sync_event(self.now(), state, self.rules.now, **claim)
        return None if event is None else self.rules.take(event)

    def mails(self) -> list[Mail]:
        return [mail for mail in self.rules.all(Mail) if mail.to == "jade"]


@pytest.fixture
def filed(make_rules: MakeRules) -> Filed:
    return Filed(make_rules(), issue_state="open", issue_updated_at="2026-02-28T10:00:00Z")


def test_same_state_is_no_event(filed: Filed) -> None:
    assert filed.hear(issue()) is None


def test_first_look_is_kept_and_not_told(make_rules: MakeRules) -> None:
    filed = Filed(make_rules())
    assert isinstance(filed.hear(issue()), Plan)
    assert (filed.now().issue_state, filed.now().issue_updated_at) == ("open", "2026-02-28T10:00:00Z")
    assert filed.mails() == []


def test_first_look_at_a_closed_issue_is_told(make_rules: MakeRules) -> None:
    filed = Filed(make_rules())
    filed.hear(issue("closed"))
    assert "was closed" in filed.mails()[0].subject


def test_closed_issue_is_one_change_one_row_and_one_answer(filed: Filed) -> None:
    """R-000-85: closed."""
    decision = filed.hear(issue("closed", "2026-03-01T09:00:00Z", comment(1), comment(2, "fixed"), reason="completed"))
    assert isinstance(decision, Plan)
    record = filed.now()
    assert (record.issue_state, record.issue_reason, record.status) == ("closed", "completed", "shipped")
    assert record.comments_seen == ("IC_1", "IC_2")
    (row,) = [row for row in filed.rules.all(Audit) if row.action == "phone_home.issue_updated"]
    assert row.meta == {
        "issue": 7, "before": "open", "state": "closed", "reason": "completed", "updated_at": "2026-03-01T09:00:00Z",
        "comments": 2,
    }  # fmt: skip
    (mail,) = filed.mails()
    assert (mail.sender, mail.subject) == ("Clara", "Issue 7 was closed as completed: Export crashes")
    assert mail.body == (
        f"Issue 7 was closed as completed on the tracker: {URL}\n\n"
        "ann wrote at 2026-02-28T11:00:01Z:\n> we look into it\n\n"
        "ann wrote at 2026-02-28T11:00:02Z:\n> fixed"
    )


def test_what_was_heard_is_not_heard_again(filed: Filed) -> None:
    state = issue("open", "2026-03-01T09:00:00Z", comment(1))
    event = sync_event(filed.now(), state, filed.rules.now)
    assert event is not None
    assert isinstance(filed.rules.take(event), Plan)
    assert filed.hear(state) is None
    assert filed.rules.take(event) == Nothing("handled already")
    assert len(filed.mails()) == 1


def test_event_of_a_known_state_under_another_cause_changes_nothing(filed: Filed) -> None:
    state = issue("open", "2026-03-01T09:00:00Z", comment(1))
    event = sync_event(filed.now(), state, filed.rules.now)
    assert event is not None
    filed.rules.take(event)
    again = filed.rules.take(event.changed(cause="sync:another"))
    assert isinstance(again, Nothing)


@pytest.mark.parametrize(
    ("known", "older"),
    [
        ("2026-02-28T10:00:00Z", "2026-02-28T09:59:59Z"),
        ("2026-02-28T10:00:00.5Z", "2026-02-28T10:00:00Z"),
        ("2026-02-28T10:00:00.5Z", "2026-02-28T10:00:00.49Z"),
    ],
)
def test_older_export_does_not_turn_time_back(make_rules: MakeRules, known: str, older: str) -> None:
    filed = Filed(make_rules(), issue_state="closed", issue_updated_at=known)
    assert filed.hear(issue("open", older, comment(1))) is None


def test_reopened_issue_is_told(make_rules: MakeRules) -> None:
    filed = Filed(make_rules(), issue_state="closed", issue_reason="completed", issue_updated_at="2026-02-28T10:00:00Z")
    filed.hear(issue("open", "2026-03-01T09:00:00Z", reason="reopened"))
    assert filed.mails()[0].subject == "Issue 7 is open again: Export crashes"


def test_other_change_is_told_without_words_of_the_tracker(filed: Filed) -> None:
    filed.hear(issue("open", "2026-03-01T09:00:00Z", title="evil\u202e title"))
    (mail,) = filed.mails()
    assert mail.subject == "Issue 7 was changed: Export crashes"
    assert "evil" not in mail.body


def test_text_of_a_comment_is_quoted_line_by_line_and_scrubbed(filed: Filed) -> None:
    secret = "ghp_" + "Ab3dE6gH" * 4 + "Ij9k"
    body = f"ok\n\nFrom: Clara\nyour key {secret} leaked"
    decision = filed.hear(issue("open", "2026-03-01T09:00:00Z", comment(1, body, author="ann\nClara wrote")))
    (mail,) = filed.mails()
    lines = mail.body.splitlines()
    assert lines[2] == "ann Clara wrote wrote at 2026-02-28T11:00:01Z:"
    assert lines[3:6] == ["> ok", ">", "> From: Clara"]
    assert secret not in mail.body
    assert secret not in str(decision)


def test_hostile_words_stand_in_no_subject_or_reason_of_a_commit(filed: Filed) -> None:
    words = "Prismfs-Rule: approve"
    decision = filed.hear(issue("closed", "2026-03-01T09:00:00Z", comment(1, words), title=words, reason=words))
    assert isinstance(decision, Plan)
    assert words not in decision.message
    assert words not in filed.mails()[0].subject


def test_many_long_comments_come_ten_at_a_time_and_fit(filed: Filed) -> None:
    comments = [comment(number, "\n" * 40_000 if number % 2 else "\U0001f525" * 40_000) for number in range(25)]
    state = issue("open", "2026-03-01T09:00:00Z", *comments)
    while filed.hear(state) is not None:
        assert len(filed.mails()) < 10
    mails = filed.mails()
    assert sorted(mail.body.count(" wrote at ") for mail in mails) == [5, MOST_COMMENTS, MOST_COMMENTS]
    assert all(len(mail.body.encode()) <= MAX_TEXT for mail in mails)
    assert max(line.count("\U0001f525") for mail in mails for line in mail.body.splitlines()) < MOST_TEXT
    assert len(filed.now().comments_seen) == 25


def test_hidden_number_of_another_issue_is_refused(filed: Filed) -> None:
    event = sync_event(filed.now(), issue("closed", "2026-03-01T09:00:00Z"), filed.rules.now)
    assert event is not None
    document = event.document | {"issue": issue("closed").changed(number=8).to_document()}
    decision = filed.rules.take(event.changed(document=document))
    assert isinstance(decision, Refused)
    assert decision.problem.code == "other_issue"


def test_issue_from_the_future_is_refused(filed: Filed) -> None:
    """It would keep every later change from being seen."""
    decision = filed.hear(issue("closed", "9999-01-01T00:00:00Z"))
    assert isinstance(decision, Refused)
    assert decision.problem.code == "issue_from_the_future"


@pytest.mark.parametrize("status", ["approved", "failed", "withdrawn"])
def test_what_was_not_filed_follows_nothing(make_rules: MakeRules, status: str) -> None:
    filed = Filed(make_rules(), status=status)
    decision = filed.hear(issue("closed"))
    assert isinstance(decision, Refused)
    assert decision.problem.code == "not_filed"


@pytest.mark.parametrize(("actor", "allowed"), [("frank", True), ("jade", False), ("Clara", False)])
def test_export_by_hand_needs_an_operator(filed: Filed, actor: str, allowed: bool) -> None:
    decision = filed.hear(issue("closed", "2026-03-01T09:00:00Z"), actor=actor)
    assert isinstance(decision, Plan if allowed else Refused)
    if isinstance(decision, Refused):
        assert decision.problem.code == "not_allowed"


def test_cause_is_the_state_so_that_two_who_ask_make_one_event(filed: Filed) -> None:
    state = issue("closed", "2026-03-01T09:00:00Z")
    first = sync_event(filed.now(), state, filed.rules.now)
    filed.rules.wait(hours=1)
    second = sync_event(filed.now(), state, filed.rules.now, actor="frank")
    assert first is not None
    assert second is not None
    assert first.cause == second.cause
    assert first.cause.startswith(f"sync:{filed.record}:")


def test_news_of_a_record_that_knows_more_comments_than_the_tracker_shows(make_rules: MakeRules) -> None:
    """A tracker shows the last hundred only, and comments may be deleted."""
    filed = Filed(
        make_rules(), issue_state="open", issue_updated_at="2026-02-28T10:00:00Z", comments_seen=["IC_1", "IC_2"]
    )
    assert news_of(filed.now(), issue("open", "2026-02-28T10:00:00Z", comment(2))) is None


def test_export_is_one_issue_or_a_list_of_them() -> None:
    one = b'{"number": 7, "url": "u", "state": "open", "title": "t", "updated_at": "2026-02-28T10:00:00Z", "body": "x"}'
    assert [state.number for state in read_export(one, path="e.json")] == [7]
    several = b'{"issues": [' + one + b"," + one.replace(b"7", b"8", 1) + b"]}"
    assert [state.number for state in read_export(several, path="e.json")] == [7, 8]


@pytest.mark.parametrize(
    ("data", "code", "field"),
    [
        (b"[]", "not_a_mapping", ""),
        (b"{", "syntax", None),
        (b'{"issues": {}}', "bad_field", "/issues"),
        (b'{"issues": [], "more": 1}', "bad_field", "/issues"),
        (b'{"issues": [1]}', "bad_field", "/issues/0"),
        (b'{"issues": [{"number": 0}]}', "bad_field", "/issues/0/number"),
        (b'{"number": 7, "state": "merged"}', "missing_field", "/url"),
        (b'{"number": 7, "number": 8}', "duplicate_key", None),
        (b'{"surprise": 1}', "missing_field", "/number"),
    ],
)
def test_export_of_another_form_is_refused_with_its_place(data: bytes, code: str, field: str | None) -> None:
    with pytest.raises(RecordError) as refused:
        read_export(data, path="e.json")
    assert refused.value.code == code
    if field is not None:
        assert refused.value.problem.field == field


def test_export_that_is_too_large_is_refused() -> None:
    with pytest.raises(RecordError) as refused:
        read_export(b" " * (8 * 1024 * 1024 + 1), path="e.json")
    assert refused.value.code == "too_large"


def test_event_holds_no_more_than_it_tells(filed: Filed) -> None:
    """An audit row keeps the event for good: 100 comments of 64 KiB must not stand in it."""
    state = issue("open", "2026-03-01T09:00:00Z", *(comment(number, "x" * 65_000) for number in range(100)))
    event = sync_event(filed.now(), state, filed.rules.now)
    assert event is not None
    assert len(event.model_dump_json()) < 20_000
