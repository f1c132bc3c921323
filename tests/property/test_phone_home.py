"""Random lives of a phone-home: whatever anybody does, nothing leaves without an operator's approval of its bytes.

What may leave is worked out by a model of its own: the hash that an operator who had no hand in it approved, and when.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from prismfs.engine.turn.deliver import begin_event, receipt_event
from prismfs.engine.turn.due import due_event
from prismfs.kinds import kind_of
from prismfs.kinds.care.approval import Approval
from prismfs.kinds.care.phone_home import PhoneHome, content_hash, hash_of
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.project import Project
from prismfs.records.api import Event, Plan, Receipt
from prismfs.rules import decide
from prismfs.rules.care.outbound_issue.wording import texts_of
from prismfs.store.defaults import default_files
from prismfs.store.memory import MemoryView

REPORT = {
    "kind": "signal", "from": "jade", "to": "Sage", "type": "Question",
    "subject": "prismfs watch crashes with a traceback",
    "body": "The prismfs watcher crashes with an exception when the inbox holds a link.",
}  # fmt: skip
PEOPLE = ("Clara", "olga", "frank", "overseer", "jade")
OPERATORS = ("olga", "frank", "Clara")
EXPIRE = timedelta(hours=72)
WAITS = (timedelta(minutes=1), timedelta(hours=3), timedelta(hours=13), timedelta(hours=50))


class PhoneHomeLives(RuleBasedStateMachine):
    """One report, and everything that may be done to the issue made of it."""

    @initialize(mode=st.sampled_from(["rules", "person"]))
    def found(self, mode: str) -> None:
        project = Project(pid="PID-TEST01", tenant="acme", operators=OPERATORS)
        unused = ("kb/", "AGENTS.md")
        files = {path: data for path, data in default_files().items() if not path.startswith(unused)}
        self.view = MemoryView({**files, "prismfs.yaml": kind_of(project).write(project)})
        self.now = datetime(2026, 3, 1, 10, tzinfo=UTC)
        self.count = 0
        self.filed: list[str] = []
        self.allowed: dict[str, datetime] = {}
        document = {"document": REPORT, "name": "x.yaml", "sha256": "0" * 64, "size": 1}
        self.take(self.event("drop", "signal", document, actor="jade"))
        clara = self.view.get(Persona, "Clara")
        assert clara is not None
        self.put(clara.changed(automation={"mode": mode}))
        self.serve()

    @rule(wait=st.sampled_from(WAITS))
    def time_passes(self, wait: timedelta) -> None:
        self.now += wait
        self.serve()

    @rule(
        actor=st.sampled_from(PEOPLE),
        notes=st.sampled_from(["", "ack-retained-sensitive"]),
        outcome=st.sampled_from([None, "sent", "temporary"]),
    )
    def approve(self, actor: str, notes: str, outcome: str | None) -> None:
        record = self.record
        hands = {name.casefold() for name in (record.requested_by, *record.authors)}
        asked = record.review_asked_at
        may = record.status == "pending_operator_review" and actor in OPERATORS and actor.casefold() not in hands
        if may and asked is not None:
            self.allowed[record.content_hash] = asked + EXPIRE
        self.give("approve", actor, notes=notes)
        if outcome is not None:
            self.carry(outcome)

    @rule(actor=st.sampled_from(PEOPLE), verb=st.sampled_from(["reject", "request_changes"]))
    def say_no(self, actor: str, verb: str) -> None:
        before = self.record
        self.give(verb, actor, notes="no")
        if self.record.status != before.status:
            self.allowed.pop(before.content_hash, None)

    @rule(actor=st.sampled_from(PEOPLE), body=st.sampled_from([None, "one", "two"]), keep=st.booleans())
    def stage(self, actor: str, body: str | None, keep: bool) -> None:
        words: dict[str, Any] = {} if body is None else {"body": body}
        if keep:
            words["retain"] = [{"path": "/body", "kind": "ipv4", "reason": "x"}]
        self.give("stage", actor, id=self.record.incident, **words)
        self.serve()

    @rule(actor=st.sampled_from(PEOPLE), verb=st.sampled_from(["send", "withdraw"]))
    def send(self, actor: str, verb: str) -> None:
        self.give(verb, actor)

    @rule(place=st.sampled_from(["title", "body_markdown", "destination", "status", "message", "approval"]))
    def hand(self, place: str) -> None:
        """Somebody changes a file by hand."""
        record = self.record
        if place == "status":
            self.put(record.changed(status="approved"))
        elif place == "message":
            for message in self.messages():
                self.put(message.changed(body=message.body + "x"))
        elif place == "approval":
            for approval in self.all(Approval):
                self.put(approval.changed(notes=approval.notes + "x"))
        else:
            self.put(record.changed(**{place: getattr(record, place) + "x"}))

    @rule(outcome=st.sampled_from(["sent", "temporary", "permanent", "unknown", "dry"]))
    def deliver(self, outcome: str) -> None:
        self.carry(outcome)

    def carry(self, outcome: str) -> None:
        """Attempt every message whose time has come, each ending with `outcome`."""
        for message in self.messages():
            if message.status not in ("pending", "unknown") or message.due_at is None or message.due_at > self.now:
                continue
            self.take(begin_event(message, self.now))
            begun = self.view.get(Outbox, message.id)
            assert begun is not None
            if begun.status != "sending":
                continue
            self.leave(begun)
            told: dict[str, Any] = {"issue_url": "https://x/1", "issue_number": 1, "dry_run": outcome == "dry"}
            receipt = Receipt("sent" if outcome == "dry" else outcome, "x", told)  # type: ignore[arg-type]
            self.take(receipt_event(begun, receipt, self.now))

    @invariant()
    def what_is_shipped_was_filed_once(self) -> None:
        if not hasattr(self, "view"):
            return
        for record in self.all(PhoneHome):
            if record.status == "shipped":
                assert record.operator_review is not None
                assert record.operator_review.used_at is not None

    def leave(self, message: Outbox) -> None:
        """A message is handed to the tracker: this must have been allowed."""
        record = self.view.get(PhoneHome, message.about)
        assert record is not None
        left = content_hash(
            title=message.subject, body=message.body, scope=record.scope,
            retained=record.retained_sensitive_fields, destination=message.target,
        )  # fmt: skip
        assert left in self.allowed, "left without an approval of these bytes"
        assert self.now <= self.allowed[left], "left after its approval was over"

    def give(self, verb: str, actor: str, **document: Any) -> None:
        record = self.record
        texts = texts_of(record)
        own = hash_of(texts)
        scan: dict[str, Any] = {"status": "passed", "redacted": texts, "findings": [], "input_hash": own}
        document = {"id": record.id, "scan": scan | {"output_hash": own}} | document
        self.take(self.event("command", f"phone_home.{verb}", document, actor=actor))

    def serve(self) -> None:
        """Decide what is due of phone-homes."""
        self.now += timedelta(milliseconds=1)
        for _ in range(10):
            due = self.view.due_before(self.now, 100, of=PhoneHome)
            for record in due:
                texts = texts_of(record)
                own = hash_of(texts)
                scan: dict[str, Any] = {"status": "passed", "redacted": texts, "findings": [], "input_hash": own}
                event = due_event(record)
                self.take(event.changed(document=event.document | {"scan": scan | {"output_hash": own}}))
            if not due:
                return
        raise AssertionError("due for ever")

    def take(self, event: Event) -> None:
        decision = decide(self.view, event, self.now)
        if isinstance(decision, Plan):
            self.view.add(decision)

    def event(self, type_: str, kind: str, document: dict[str, Any], *, actor: str) -> Event:
        self.count += 1
        return Event.model_validate(
            {
                "type": type_, "kind": kind, "cause": f"test:{self.count}", "at": self.now, "actor": actor,
                "document": document,
            }
        )  # fmt: skip

    def put(self, record: Any) -> None:
        kind = kind_of(record)
        self.view.put_file(kind.place_of(record), kind.write(record))

    def all(self, model: Any) -> list[Any]:
        return sorted((each for each in self.view.records() if isinstance(each, model)), key=lambda each: each.id)

    def messages(self) -> list[Outbox]:
        return [message for message in self.all(Outbox) if message.channel == "tracker"]

    @property
    def record(self) -> PhoneHome:
        found: PhoneHome = self.all(PhoneHome)[-1]
        return found


@pytest.mark.slow
def test_nothing_leaves_without_an_operators_approval_of_its_bytes() -> None:
    """R-000-06, R-000-41, R-000-42: no bypass, in any order of events."""
    settings_ = settings(
        max_examples=150, stateful_step_count=25, deadline=None, derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
    run_state_machine_as_test(PhoneHomeLives, settings=settings_)
