"""Phone-homes by their rules alone: what must hold before anything leaves, and in which order it is looked at."""

from __future__ import annotations

from typing import Any

import pytest

from prismfs.engine.turn.deliver import receipt_event
from prismfs.engine.turn.due import due_event
from prismfs.errors import RecordError
from prismfs.kinds.care.approval import Approval
from prismfs.kinds.care.phone_home import PhoneHome, hash_of
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Decision, Event, Nothing, Plan, Receipt, Record
from prismfs.rules.care.outbound_issue import wording
from prismfs.rules.care.outbound_issue.checks import CHECKS, digest_of
from tests.support.drops import PRODUCT_REPORT
from tests.support.memory import MakeRules, MemoryProject, code, planned
from tests.support.rows import rows_of

SUSPECT = {"pointer": "/body", "kind": "ipv4", "count": 1, "level": "suspect"}


class Filing:
    """The rules, and the hands that lead one report to the tracker; the scanner finds what the test says."""

    def __init__(self, rules: MemoryProject) -> None:
        self.rules = rules
        self.findings: list[dict[str, Any]] = []
        self.status = "passed"
        self.seen: dict[str, Any] = {}

    def event(self, type_: str, kind: str, document: dict[str, Any], actor: str = "prismfs", **more: Any) -> Event:
        return self.rules.event(type_, kind, document, actor=actor, **more)

    def scan(self, record: PhoneHome, **redacted: str) -> dict[str, Any]:
        texts = wording.texts_of(record)
        return {
            "status": self.status, "scanner": "test", "version": "1", "redacted": texts | redacted,
            "findings": self.findings, "input_hash": hash_of(texts),
            "output_hash": hash_of(texts | redacted),
        }  # fmt: skip

    def staged(self, **fields: str) -> PhoneHome:
        document = {"document": PRODUCT_REPORT | fields, "name": "x.yaml", "sha256": "0" * 64, "size": 1}
        self.take(self.event("drop", "signal", document, actor="jade"))
        return self.record

    def look(self, **redacted: str) -> PhoneHome:
        """Let the draft be looked through."""
        self.rules.wait(milliseconds=1)
        event = due_event(self.record)
        looked = {"scan": self.scan(self.record, **redacted)} | ({"destination": self.seen} if self.seen else {})
        self.take(event.changed(document=event.document | looked))
        return self.record

    def give(self, verb: str, *, actor: str, scanned: bool = True, **document: Any) -> Decision:
        document = {"id": self.record.id} | document
        if scanned:
            document["scan"] = self.scan(self.record)
        return self.rules.take(self.event("command", f"phone_home.{verb}", document, actor=actor))

    def take(self, event: Event) -> Decision:
        return planned(self.rules.take(event))

    def put(self, record: Record) -> None:
        """Change a record past every rule."""
        self.rules.put(record)

    @property
    def record(self) -> PhoneHome:
        return self.rules.all(PhoneHome)[-1]

    def mails(self, to: str) -> list[Mail]:
        return self.rules.mails(to)

    def automate(self, mode: str) -> None:
        self.rules.automate("Clara", mode=mode, command=["x"])


@pytest.fixture
def desk(make_rules: MakeRules) -> Filing:
    return Filing(make_rules())


@pytest.fixture
def waiting(desk: Filing) -> Filing:
    """A desk whose phone-home waits for an operator; a person sends it."""
    desk.staged()
    desk.automate("person")
    assert desk.look().status == "pending_operator_review"
    return desk


@pytest.fixture
def approved(waiting: Filing) -> Filing:
    assert isinstance(waiting.give("approve", actor="frank"), Plan)
    assert waiting.record.status == "approved"
    return waiting


def test_checks_stand_in_the_order_that_is_required() -> None:
    """R-000-43: schema, operator review, redaction, retained fields, destination; then an earlier issue."""
    assert [name for name, _ in CHECKS] == ["schema", "operator review", "redaction", "retained fields", "destination"]


def test_of_several_things_wrong_the_first_in_order_is_said(approved: Filing) -> None:
    """R-000-43: each fault is mended in turn, and the next one in the order comes to light."""
    good, scan = approved.record, approved.status
    incident = approved.rules.all(Incident)[-1]
    review = good.operator_review
    assert review is not None
    retained = good.changed(
        retained_sensitive_fields=({"path": "/body", "kind": "ipv4", "reason": "it is the fault"},),
        redaction_report=good.redaction_report.changed(status="failed"),
    )
    worst = retained.changed(operator_review=None)
    approved.put(worst)
    approved.put(incident.changed(scope="customer-internal"))
    approved.status = "failed"
    codes = [code(approved.give("send", actor="Clara"))]
    approved.put(incident)
    codes.append(code(approved.give("send", actor="Clara")))
    approved.put(again := retained.changed(operator_review=review.changed(content_hash=retained.content_hash)))
    approved.put(resealed(approved, again))
    codes.append(code(approved.give("send", actor="Clara")))
    approved.status = scan
    mended = approved.record.changed(redaction_report=good.redaction_report)
    approved.put(mended)
    codes.append(code(approved.give("send", actor="Clara")))
    assert codes == [
        "phone_home_scope_forbidden",
        "phone_home_operator_review_required",
        "phone_home_redaction_required",
        "phone_home_sensitive_retention_unapproved",
    ]


def resealed(desk: Filing, record: PhoneHome) -> PhoneHome:
    """Let the record, its approval file and the row of its approval agree, as if an operator had approved it so."""
    from prismfs.kinds.core.audit import Audit

    given = record.operator_review
    assert given is not None
    approval = desk.rules.view.get(Approval, given.approval).changed(content_hash=record.content_hash)
    desk.put(approval)
    given = given.changed(content_hash=record.content_hash, approval_digest=digest_of(approval))
    row = next(row for row in desk.rules.all(Audit) if row.action == "phone_home.approved")
    meta = row.meta | {"approval_digest": given.approval_digest, "content_hash": record.content_hash}
    desk.put(row.changed(meta=meta))
    return record.changed(operator_review=given)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "another title"},
        {"body_markdown": "another body"},
        {"scope": "mixed"},
        {"destination": "github.com/acme/elsewhere"},
        {"destination_facts": {"state": "seen", "visibility": "internal", "seen_at": "2026-03-01T10:00:00Z"}},
        {"retained_sensitive_fields": ({"path": "/body", "kind": "ipv4", "reason": "x"},)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_any_change_after_approval_makes_it_void(approved: Filing, changes: dict[str, Any]) -> None:
    """An approval is of exactly what was seen, for exactly that place."""
    approved.put(approved.record.changed(**changes))
    assert code(approved.give("send", actor="Clara")) == "phone_home_operator_review_required"


def facts(visibility: str = "private", *, at: str = "2026-03-01T10:00:00Z") -> dict[str, Any]:
    return {"state": "seen", "visibility": visibility, "permission": "WRITE", "seen_at": at}


def test_content_hash_holds_what_was_seen_of_the_destination_and_not_when(waiting: Filing) -> None:
    """FT-09: the approval is of a private place, not of a name."""
    unseen = waiting.record.content_hash
    private = waiting.record.changed(destination_facts=facts()).content_hash
    later = waiting.record.changed(destination_facts=facts(at="2026-03-02T10:00:00Z")).content_hash
    public = waiting.record.changed(destination_facts=facts("public")).content_hash
    assert private == later
    assert len({unseen, private, public}) == 3


def test_public_place_is_kept_back_and_needs_setting_and_word_until_it_leaves(desk: Filing) -> None:
    """FT-09: the settings are asked again at sending."""
    desk.staged()
    desk.automate("person")
    desk.seen = facts("public")
    assert (desk.look().status, desk.record.code) == ("draft", "destination_public")
    assert desk.mails("frank") == []
    assert any("is public" in mail.body for mail in desk.mails("Clara"))
    tracker = desk.rules.view.single(Tracker)
    desk.put(tracker.changed(public="allowed"))
    desk.rules.give("phone_home.stage", {"id": desk.record.incident}, actor="Clara")
    assert desk.look().status == "pending_operator_review"
    assert code(desk.give("approve", actor="frank")) == "destination_public"
    assert isinstance(desk.give("approve", actor="frank", public=True), Plan)
    assert desk.rules.all(Approval)[-1].public
    desk.put(tracker)
    assert code(desk.give("send", actor="Clara")) == "destination_public"
    desk.put(tracker.changed(public="allowed"))
    assert isinstance(desk.give("send", actor="Clara"), Plan)
    (message,) = (each for each in desk.rules.all(Outbox) if each.channel == "tracker")
    assert message.expected == {"state": "seen", "visibility": "public", "permission": "WRITE"}


def test_destination_that_is_another_at_sending_opens_the_review_again(desk: Filing) -> None:
    """FT-09: nothing was filed; the operators are shown what is there now."""
    desk.staged()
    desk.automate("person")
    desk.seen = facts()
    desk.look()
    desk.give("approve", actor="frank")
    desk.give("send", actor="Clara")
    (message,) = (each for each in desk.rules.all(Outbox) if each.channel == "tracker")
    desk.rules.attempt(message)
    seen: dict[str, Any] = {"state": "seen", "visibility": "internal", "permission": "WRITE"}
    receipt = Receipt("permanent", "is internal", {"code": "destination_changed", "seen": seen})
    desk.take(receipt_event(desk.rules.fresh(message), receipt, desk.rules.now))
    record = desk.record
    assert (record.status, record.operator_review, record.code) == (
        "pending_operator_review", None, "destination_changed",
    )  # fmt: skip
    assert "internal; our permission is WRITE" in desk.mails("frank")[-1].body
    (row,) = desk.rules.rows("phone_home.reopened")
    assert row.level == "error"
    assert row.meta == {"approved": seen | {"visibility": "private"}, "seen": seen}
    assert isinstance(desk.give("approve", actor="frank"), Plan)
    assert isinstance(desk.give("send", actor="Clara"), Plan)
    assert desk.rules.fresh(message).expected == seen


def test_approval_edited_by_a_byte_counts_no_more(approved: Filing) -> None:
    """R-000-82: the approval's digest was taken when it was decided on."""
    (approval,) = approved.rules.all(Approval)
    approved.put(approval.changed(notes="x"))
    assert code(approved.give("send", actor="Clara")) == "phone_home_operator_review_required"


def test_approval_written_by_hand_into_record_and_file_counts_nothing(waiting: Filing) -> None:
    """R-000-06: no bypass. Everything agrees, but no decision of the desk stands behind it."""
    record = waiting.record
    approval = Approval.from_document(
        {
            "kind": "approval", "id": record.id.replace("pho-", "apr-"), "about": record.id, "decision": "approve",
            "content_hash": record.content_hash, "by": "frank", "at": "2026-03-01T10:00:00Z", "surface": "cli",
        }
    )  # fmt: skip
    waiting.put(approval)
    forged = {
        "approved": True, "approved_by": "frank", "approved_at": approval.at, "review_surface": "cli", "notes": "",
        "content_hash": record.content_hash, "approval": approval.id, "approval_digest": digest_of(approval),
    }  # fmt: skip
    waiting.put(record.changed(status="approved", operator_review=forged))
    assert code(waiting.give("send", actor="Clara")) == "phone_home_operator_review_required"


def test_operator_who_is_none_any_more_has_not_approved(approved: Filing) -> None:
    """R-000-42: who may approve is looked at again when it is sent."""
    approved.put(approved.rules.view.single(Project).changed(operators=("gwen",)))
    assert code(approved.give("send", actor="Clara")) == "phone_home_operator_review_required"


def test_approval_is_over_when_its_request_would_be(approved: Filing) -> None:
    """An approval that nobody uses expires with its record."""
    approved.rules.wait(hours=73)
    assert code(approved.give("send", actor="Clara")) == "phone_home_operator_review_required"
    approved.take(due_event(approved.record))
    assert approved.record.status == "expired"


def test_scanner_that_finds_something_later_stops_it(approved: Filing) -> None:
    """R-000-37, R-000-42: the scan at the time of sending must come out the same."""
    approved.findings = [SUSPECT]
    assert code(approved.give("send", actor="Clara")) == "phone_home_redaction_required"
    approved.findings = []
    assert code(approved.give("send", actor="Clara", scanned=False)) == "phone_home_redaction_required"


def test_draft_with_a_suspect_place_stays_and_the_manager_is_told_where_but_not_what(desk: Filing) -> None:
    """R-000-36: kinds and places, never a value."""
    desk.staged(body=f"{PRODUCT_REPORT['body']} It listens on 198.51.100.7.")
    desk.findings = [SUSPECT]
    record = desk.look()
    assert (record.status, record.due_at, record.code) == ("draft", None, "phone_home_redaction_required")
    assert record.redaction_report.status == "failed"
    [mail] = [mail for mail in desk.mails("Clara") if "ipv4 at /body" in mail.body]
    assert "198.51" not in mail.body
    assert desk.mails("frank") == []


@pytest.mark.parametrize("status", ["failed", "not_run"])
def test_draft_that_the_scanner_could_not_pass_stays(desk: Filing, status: str) -> None:
    """R-000-37: a scanner that fails has not passed anything."""
    desk.staged()
    desk.status = status
    assert desk.look().status == "draft"
    assert desk.record.redaction_report.status == status


def test_kept_field_needs_the_word_in_the_approval(desk: Filing) -> None:
    """R-000-38, R-000-39: what is kept on purpose is shown, and acknowledged by a word of its own."""
    desk.staged()
    desk.automate("person")
    desk.findings = [SUSPECT]
    desk.look()
    incident = desk.record.incident
    retain = [{"path": "/body", "kind": "ipv4", "reason": "the address is the fault"}]
    assert isinstance(desk.give("stage", actor="Clara", id=incident, retain=retain), Plan)
    assert desk.look().status == "pending_operator_review"
    assert "the address is the fault" in desk.mails("frank")[-1].body
    desk.give("approve", actor="frank", notes="no-ack-retained-sensitive")
    assert code(desk.give("send", actor="Clara")) == "phone_home_sensitive_retention_unapproved"
    desk.give("withdraw", actor="Clara")
    desk.give("stage", actor="Clara", id=incident, retain=retain)
    desk.look()
    desk.give("approve", actor="frank", notes="fine, ack-retained-sensitive")
    assert isinstance(desk.give("send", actor="Clara"), Plan)
    assert desk.record.status == "shipping"


def test_what_the_scanner_takes_out_is_out_of_what_operators_see(desk: Filing) -> None:
    """R-000-36, R-000-31: title and body are replaced by the redacted ones, still harmless and marked."""
    desk.staged()
    key = desk.record.idempotency_key
    desk.findings = [{"pointer": "/body", "kind": "token", "count": 2, "level": "redact"}]
    record = desk.look(body="[redacted:token] of @team, fixes #3")
    assert record.body_markdown == (
        f"[redacted:token] of @\u200bteam, fixes #\u200b3\n\n<!-- prismfs:phone-home:{key} -->\n"
    )
    assert record.redaction_report.findings[0].count == 2
    assert record.redaction_report.output_hash == hash_of(wording.texts_of(record))
    assert record.body_markdown in desk.mails("frank")[-1].body


def test_operator_sees_everything_that_the_decision_is_about(waiting: Filing) -> None:
    """R-000-31: exact title and body, and what is to know of them."""
    record, body = waiting.record, waiting.mails("frank")[-1].body
    wanted = [
        record.title, record.body_markdown, record.scope, record.severity.label, record.nature, record.destination,
        record.source_pid, record.idempotency_key, record.content_hash, "Redacted:", "Kept on purpose:",
    ]  # fmt: skip
    assert [part for part in wanted if part not in body] == []
    assert waiting.mails("frank")[-1].sender == "Donna"


def test_issue_names_neither_reporter_nor_project(waiting: Filing) -> None:
    """R-000-41: all that leads back is a part of the idempotency key."""
    record = waiting.record
    assert "jade" not in record.body_markdown
    assert "PID-" not in record.body_markdown
    assert f"Reference: {record.idempotency_key[:12]}" in record.body_markdown


def test_reporter_is_not_named_however_the_name_is_written(desk: Filing) -> None:
    """R-000-41: identities are compared without regard to case, and so are they taken out."""
    body = f"{PRODUCT_REPORT['body']} JADE saw it first, then Jade asked PID-OTHER1."
    record = desk.staged(subject="prismfs watch crashes with a traceback for Jade", body=body)
    for text in (record.title, record.body_markdown):
        assert "jade" not in text.casefold()
        assert "[reporter]" in text
    assert "PID-" not in record.body_markdown


def test_only_what_may_leave_does(desk: Filing) -> None:
    """R-000-41: an allow-list beside the scanner."""
    desk.put(desk.rules.view.single(Tracker).changed(may_leave=("severity",)))
    record = desk.staged()
    assert PRODUCT_REPORT["body"] not in record.body_markdown
    assert PRODUCT_REPORT["subject"] not in record.title
    assert "severity: P2" in record.body_markdown
    assert "nature" not in record.body_markdown.replace("Severity and nature", "")


def test_scope_customer_internal_is_no_phone_home(waiting: Filing) -> None:
    """R-000-27: the schema itself refuses it, by a code of its own."""
    with pytest.raises(RecordError) as refused:
        PhoneHome.from_document(waiting.record.to_document() | {"scope": "customer-internal"})
    assert (refused.value.code, refused.value.problem.field) == ("phone_home_scope_forbidden", "/scope")


def test_same_incident_is_staged_once(waiting: Filing) -> None:
    """R-000-50: one active record of one incident and destination."""
    decision = waiting.give("stage", actor="Clara", id=waiting.record.incident)
    assert isinstance(decision, Nothing)
    assert len(waiting.rules.all(PhoneHome)) == 1


def test_key_stays_over_edits_and_differs_by_incident(waiting: Filing) -> None:
    """R-000-50: the key is of tenant, project, incident and destination."""
    key = waiting.record.idempotency_key
    waiting.give("stage", actor="Clara", id=waiting.record.incident, body="other words")
    assert waiting.record.idempotency_key == key
    waiting.automate("rules")
    waiting.staged(subject="prismfs verify crashes with a traceback", body="prismfs verify fails with an exception.")
    assert waiting.record.idempotency_key != key


class TestReceipts:
    """R-000-34, R-000-47 to R-000-49: what the transport says."""

    def shipping(self, desk: Filing) -> Outbox:
        assert isinstance(desk.give("send", actor="Clara"), Plan)
        (message,) = desk.rules.messages(channel="tracker", status="pending")
        return message

    def end(self, desk: Filing, message: Outbox, outcome: str, document: dict[str, Any]) -> PhoneHome:
        from prismfs.engine.turn.deliver import begin_event, receipt_event
        from prismfs.records.message import Receipt

        desk.take(begin_event(message, desk.rules.now))
        begun = desk.rules.fresh(message)
        desk.take(receipt_event(begun, Receipt(outcome, "said", document), desk.rules.now))  # type: ignore[arg-type]
        return desk.record

    def test_message_is_the_approved_bytes(self, approved: Filing) -> None:
        message = self.shipping(approved)
        record = approved.record
        assert (message.subject, message.body) == (record.title, record.body_markdown)
        assert record.status == "shipping"

    def test_filed_is_shipped_and_the_approval_used_up(self, approved: Filing) -> None:
        told = {"issue_url": "https://github.com/acme/desk/issues/7", "issue_number": 7, "existed": False}
        record = self.end(approved, self.shipping(approved), "sent", told)
        assert (record.status, record.issue_number, record.code) == ("shipped", 7, None)
        assert record.operator_review is not None
        assert record.operator_review.used_at is not None
        assert "#7" in approved.mails("jade")[-1].body

    @pytest.mark.parametrize(
        "code",
        ["phone_home_auth_required", "phone_home_repo_access_denied", "phone_home_issue_create_failed"],
    )
    def test_refused_is_failed_by_its_code_and_may_be_sent_again(self, approved: Filing, code: str) -> None:
        """The incident stays here; the approval still counts, as nothing was filed."""
        first = self.shipping(approved)
        record = self.end(approved, first, "permanent", {"code": code})
        assert (record.status, record.code) == ("failed", code)
        assert code in approved.mails("Clara")[-1].subject
        again = self.shipping(approved)
        assert (again.id, again.attempts_before) == (first.id, 1)
        told = {"issue_url": "https://x/1", "issue_number": 1}
        assert self.end(approved, again, "sent", told).status == "shipped"

    def test_unknown_end_is_tried_again_and_not_failed(self, approved: Filing) -> None:
        code = "phone_home_issue_create_failed"
        record = self.end(approved, self.shipping(approved), "unknown", {"code": code})
        assert (record.status, record.code) == ("shipping", code)
        assert approved.rules.messages(channel="tracker")[0].status == "unknown"

    def test_dead_after_the_last_attempt_is_failed(self, approved: Filing) -> None:
        message = self.shipping(approved)
        for _ in range(6):
            record = self.end(approved, message, "temporary", {"code": "phone_home_repo_access_denied"})
            approved.rules.wait(hours=7)
            message = approved.rules.fresh(message)
        assert (record.status, message.status) == ("failed", "dead")

    def test_message_changed_on_its_way_does_not_leave(self, approved: Filing) -> None:
        """R-000-42: asked again before every attempt."""
        from prismfs.engine.turn.deliver import begin_event

        message = self.shipping(approved)
        approved.put(message.changed(body=f"{message.body}\nour customers: …"))
        approved.take(begin_event(approved.rules.fresh(message), approved.rules.now))
        assert approved.rules.fresh(message).status == "failed"
        assert approved.record.code == "phone_home_operator_review_required"

    def test_approval_that_is_over_between_attempts_stops_it(self, approved: Filing) -> None:
        from prismfs.engine.turn.deliver import begin_event

        message = self.shipping(approved)
        self.end(approved, message, "temporary", {"code": "phone_home_repo_access_denied"})
        approved.rules.wait(hours=80)
        approved.take(begin_event(approved.rules.fresh(message), approved.rules.now))
        assert approved.record.status == "failed"

    def test_outbox_retry_is_no_way_around(self, approved: Filing) -> None:
        """R-000-42: sending again goes through the checks again."""
        message = self.shipping(approved)
        self.end(approved, message, "permanent", {"code": "phone_home_auth_required"})
        decision = approved.rules.give("outbox.retry", {"id": message.id})
        assert code(decision) == "send_anew"


class TestCommittedApprovals:
    """R-000-82: an approval that comes in by a commit, with what the engine found of its signature."""

    def bring(self, desk: Filing, *, trust: str = "signed", **endorsement: Any) -> Plan:
        project = desk.rules.view.single(Project)
        desk.put(project.changed(trust=trust))
        fields: dict[str, Any] = {
            name: endorsement.pop(name) for name in ("by", "decision", "notes", "content_hash") if name in endorsement
        }
        record = desk.record
        approval = Approval.from_document(
            {
                "kind": "approval", "id": record.id.replace("pho-", "apr-"), "about": record.id, "decision": "approve",
                "content_hash": record.content_hash, "by": "frank", "at": "2026-03-01T10:00:00Z",
                "surface": "pull_request",
            } | fields
        )  # fmt: skip
        desk.put(approval)
        found = {"verified": True, "signer": "frank", "operator": True, "code": None} | endorsement
        document = {
            "id": approval.id, "commit": "c" * 40, "approval": approval.to_document(), "trust": trust,
            "endorsement": found, "scan": desk.scan(record),
        }  # fmt: skip
        decision = desk.take(desk.event("commit", "approval", document))
        assert isinstance(decision, Plan)
        return decision

    def refusal(self, desk: Filing, **endorsement: Any) -> str:

        plan = self.bring(desk, **endorsement)
        (row,) = [row for row in rows_of(plan.puts) if row.action == "phone_home.approval_refused"]
        assert row.level == "error"
        assert desk.record.status == "pending_operator_review"
        return str(row.meta["code"])

    def test_signed_by_an_operator_approves(self, waiting: Filing) -> None:
        self.bring(waiting)
        record = waiting.record
        assert record.status == "approved"
        assert record.operator_review is not None
        assert record.operator_review.review_surface == "pull_request"

    def test_where_rules_send_it_leaves_at_once(self, waiting: Filing) -> None:
        waiting.automate("rules")
        self.bring(waiting)
        assert waiting.record.status == "shipping"

    def test_unsigned_one_counts_where_trust_is_local(self, waiting: Filing) -> None:
        self.bring(waiting, trust="local", verified=False, signer=None, operator=False, code="unsigned")
        assert waiting.record.status == "approved"

    def test_committed_no_rejects(self, waiting: Filing) -> None:
        self.bring(waiting, decision="reject", notes="no")
        assert waiting.record.status == "rejected"

    @pytest.mark.parametrize(
        ("endorsement", "code"),
        [
            ({"verified": False, "signer": None, "operator": False, "code": "unsigned"}, "signature_required"),
            ({"verified": False, "signer": "frank", "code": "forged_signature"}, "forged_signature"),
            ({"signer": "gwen"}, "forged_signature"),
            ({"operator": False}, "not_operator"),
            ({"by": "jade"}, "not_operator"),
            ({"content_hash": "0" * 64}, "approval_stale"),
        ],
        ids=["unsigned", "forged", "other signer", "no operator", "names no operator", "stale"],
    )
    def test_what_may_not_count_approves_nothing(self, waiting: Filing, endorsement: dict[str, Any], code: str) -> None:
        assert self.refusal(waiting, **endorsement) == code

    def test_author_does_not_approve(self, waiting: Filing) -> None:
        waiting.put(waiting.record.changed(authors=("Frank",)))
        assert self.refusal(waiting) == "self_approval"

    def test_command_is_not_enough_where_signatures_are_wanted(self, waiting: Filing) -> None:
        waiting.put(waiting.rules.view.single(Project).changed(trust="signed"))
        assert code(waiting.give("approve", actor="frank")) == "signature_required"


def test_title_and_body_are_finished_once() -> None:
    key = "a" * 64
    title = wording.finished_title("@ops: fixes #3 " + "x" * 400)
    body = wording.finished_body("- @ops\n<!-- prismfs:phone-home:x --> " + "é" * 40_000, key)
    assert (wording.finished_title(title), wording.finished_body(body, key)) == (title, body)
    assert len(title) <= 256
    assert len(body.encode()) < 41_000
    assert body.endswith(f"<!-- prismfs:phone-home:{key} -->\n")
