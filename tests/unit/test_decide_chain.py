"""The chain of tiers, taking an acknowledgement back, sending again: rules over a view in memory."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prismfs.kinds import kind_of
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.work.bead import Escalation
from prismfs.records.event import Event
from prismfs.records.plan import Decision, Nothing, Plan, Refused
from prismfs.rules import decide
from prismfs.store.defaults import default_files
from prismfs.store.memory import MemoryView

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
FORM = {"kind": "escalation", "from": "jade", "severity": "HIGH", "title": "disk almost full"}


class Desk:
    """A view in memory, and the hands that give it commands."""

    def __init__(self) -> None:
        project = Project(pid="PID-TEST01", tenant="acme", operators=("frank",))
        self.view = MemoryView({**default_files(), "prismfs.yaml": kind_of(project).write(project)})
        self._count = 0

    def give(self, verb: str, document: dict[str, Any], *, actor: str = "deacon", at: datetime = NOW) -> Decision:
        self._count += 1
        event = Event.model_validate(
            {
                "type": "command",
                "kind": verb,
                "cause": f"command:{self._count}",
                "at": at,
                "actor": actor,
                "assurance": "local",
                "document": document,
            }
        )
        decision = decide(self.view, event, at)
        if isinstance(decision, Plan):
            self.view.add(decision)
        return decision

    def bead(self, decision: Decision) -> Escalation:
        assert isinstance(decision, Plan), decision
        (found,) = [put for put in decision.puts if isinstance(put, Escalation)]
        return found


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def opened(desk: Desk) -> Escalation:
    return desk.bead(desk.give("escalation", {"document": FORM}, actor="jade"))


def code(decision: Decision) -> str:
    assert isinstance(decision, Refused), decision
    return decision.problem.code


def test_forward_goes_tier_by_tier_and_not_past_the_last(desk: Desk, opened: Escalation) -> None:
    """R-004-11, R-004-12: each hop is a remark and a message to the new tier; past the last it is refused."""
    first = desk.give("escalate.forward", {"id": opened.id, "reason": "beyond me"})
    bead = desk.bead(first)
    assert (opened.tier, bead.tier) == ("deacon", "mayor")
    assert bead.comments[0].text == "forwarded from deacon to mayor: beyond me"
    assert isinstance(first, Plan)
    assert [put.to for put in first.puts if isinstance(put, Mail)] == ["mayor"]
    bead = desk.bead(desk.give("escalate.forward", {"id": opened.id, "reason": "a person must decide"}))
    assert bead.tier == "overseer"
    assert code(desk.give("escalate.forward", {"id": opened.id, "reason": "on"})) == "last_tier"


def test_forward_to_a_tier_by_name(desk: Desk, opened: Escalation) -> None:
    given = {"id": opened.id, "reason": "urgent", "to": "overseer"}
    assert desk.bead(desk.give("escalate.forward", given)).tier == "overseer"
    assert isinstance(desk.give("escalate.forward", given), Nothing)
    assert code(desk.give("escalate.forward", given | {"to": "king"})) == "unknown_tier"
    assert code(desk.give("escalate.forward", given | {"reason": ""})) == "reason_missing"


def test_take_back_opens_it_again_with_a_new_clock(desk: Desk, opened: Escalation) -> None:
    """R-004-15: unack returns it to open and restarts the clock."""
    assert isinstance(desk.give("escalate.unack", {"id": opened.id}), Nothing)
    acknowledged = desk.bead(desk.give("escalate.ack", {"id": opened.id, "note": "on it"}))
    assert acknowledged.due_at is None
    later = NOW + timedelta(hours=9)
    bead = desk.bead(desk.give("escalate.unack", {"id": opened.id}, at=later))
    assert (bead.status, bead.acknowledged_by, bead.due_at) == ("open", None, later + timedelta(hours=4))


def test_chain_closed_escalation_is_left_alone_but_for_remarks(desk: Desk, opened: Escalation) -> None:
    desk.give("escalate.close", {"id": opened.id, "reason": "more room"})
    assert code(desk.give("escalate.forward", {"id": opened.id, "reason": "x"})) == "already_closed"
    assert code(desk.give("escalate.unack", {"id": opened.id})) == "already_closed"
    bead = desk.bead(desk.give("escalate.comment", {"id": opened.id, "text": "it was the logs"}, actor="jade"))
    assert (bead.status, bead.comments[0].by, bead.comments[0].text) == ("closed", "jade", "it was the logs")
    assert code(desk.give("escalate.comment", {"id": opened.id, "text": ""})) == "text_missing"


def test_chain_somebody_without_authority_may_only_remark(desk: Desk, opened: Escalation) -> None:
    assert code(desk.give("escalate.forward", {"id": opened.id, "reason": "x"}, actor="jade")) == "not_allowed"
    assert code(desk.give("escalate.unack", {"id": opened.id}, actor="jade")) == "not_allowed"


def test_send_again_goes_by_the_contacts_of_now(desk: Desk) -> None:
    """R-004-28: a message without a contact is kept, and leaves once there is one."""
    plan = desk.give("escalation", {"document": FORM}, actor="jade")
    assert isinstance(plan, Plan)
    (email,) = [put for put in plan.puts if isinstance(put, Outbox) and put.channel == "email"]
    assert email.status == "not_configured"
    assert code(desk.give("outbox.retry", {"id": email.id})) == "not_configured"
    settings = json.loads(default_files()["settings/escalation.json"])
    settings["contacts"] |= {"human_email": "ops@example.org", "smtp_host": "mail.example.org"}
    desk.view.put_file("settings/escalation.json", json.dumps(settings).encode())
    again = desk.give("outbox.retry", {"id": email.id})
    assert isinstance(again, Plan)
    (message,) = [put for put in again.puts if isinstance(put, Outbox)]
    assert (message.status, message.target, message.due_at) == ("pending", "ops@example.org", NOW)
    assert isinstance(desk.give("outbox.retry", {"id": email.id}), Nothing)
