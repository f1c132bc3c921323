"""The chain of tiers, taking an acknowledgement back, sending again: rules over a view in memory."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from prismfs.kinds.core.mail import Mail
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.records.api import Decision, Nothing, Plan
from prismfs.store.defaults import default_files
from tests.support.memory import NOW, MemoryProject, code, puts

FORM = {"kind": "escalation", "from": "jade", "severity": "HIGH", "title": "disk almost full"}


@pytest.fixture
def desk() -> MemoryProject:
    return MemoryProject()


@pytest.fixture
def opened(desk: MemoryProject) -> Escalation:
    return bead_of(desk.give("escalation", {"document": FORM}, actor="jade"))


def bead_of(decision: Decision) -> Escalation:
    (found,) = puts(decision, Escalation)
    return found


def test_forward_goes_tier_by_tier_and_not_past_the_last(desk: MemoryProject, opened: Escalation) -> None:
    """R-004-11, R-004-12: each hop is a remark and a message to the new tier; past the last it is refused."""
    first = desk.give("escalate.forward", {"id": opened.id, "reason": "beyond me"}, actor="deacon")
    bead = bead_of(first)
    assert (opened.tier, bead.tier) == ("deacon", "mayor")
    assert bead.comments[0].text == "forwarded from deacon to mayor: beyond me"
    assert isinstance(first, Plan)
    assert [put.to for put in first.puts if isinstance(put, Mail)] == ["mayor"]
    bead = bead_of(desk.give("escalate.forward", {"id": opened.id, "reason": "a person must decide"}, actor="deacon"))
    assert bead.tier == "overseer"
    assert code(desk.give("escalate.forward", {"id": opened.id, "reason": "on"}, actor="deacon")) == "last_tier"


def test_forward_to_a_tier_by_name(desk: MemoryProject, opened: Escalation) -> None:
    given = {"id": opened.id, "reason": "urgent", "to": "overseer"}
    assert bead_of(desk.give("escalate.forward", given, actor="deacon")).tier == "overseer"
    assert isinstance(desk.give("escalate.forward", given, actor="deacon"), Nothing)
    assert code(desk.give("escalate.forward", given | {"to": "king"}, actor="deacon")) == "unknown_tier"
    assert code(desk.give("escalate.forward", given | {"reason": ""}, actor="deacon")) == "reason_missing"


def test_take_back_opens_it_again_with_a_new_clock(desk: MemoryProject, opened: Escalation) -> None:
    """R-004-15: unack returns it to open and restarts the clock."""
    assert isinstance(desk.give("escalate.unack", {"id": opened.id}, actor="deacon"), Nothing)
    acknowledged = bead_of(desk.give("escalate.ack", {"id": opened.id, "note": "on it"}, actor="deacon"))
    assert (acknowledged.raise_at, acknowledged.due_at) == (None, acknowledged.lapse_at)
    desk.wait(hours=9)
    bead = bead_of(desk.give("escalate.unack", {"id": opened.id}, actor="deacon"))
    assert (bead.status, bead.acknowledged_by, bead.due_at) == ("open", None, desk.now + timedelta(hours=4))


def test_chain_closed_escalation_is_left_alone_but_for_remarks(desk: MemoryProject, opened: Escalation) -> None:
    desk.give("escalate.close", {"id": opened.id, "reason": "more room"}, actor="deacon")
    assert code(desk.give("escalate.forward", {"id": opened.id, "reason": "x"}, actor="deacon")) == "already_closed"
    assert code(desk.give("escalate.unack", {"id": opened.id}, actor="deacon")) == "already_closed"
    bead = bead_of(desk.give("escalate.comment", {"id": opened.id, "text": "it was the logs"}, actor="jade"))
    assert (bead.status, bead.comments[0].by, bead.comments[0].text) == ("closed", "jade", "it was the logs")
    assert code(desk.give("escalate.comment", {"id": opened.id, "text": ""}, actor="deacon")) == "text_missing"


def test_chain_somebody_without_authority_may_only_remark(desk: MemoryProject, opened: Escalation) -> None:
    assert code(desk.give("escalate.forward", {"id": opened.id, "reason": "x"}, actor="jade")) == "not_allowed"
    assert code(desk.give("escalate.unack", {"id": opened.id}, actor="jade")) == "not_allowed"


def test_send_again_goes_by_the_contacts_of_now(desk: MemoryProject) -> None:
    """R-004-28: a message without a contact is kept, and leaves once there is one."""
    plan = desk.give("escalation", {"document": FORM}, actor="jade")
    assert isinstance(plan, Plan)
    (email,) = [put for put in plan.puts if isinstance(put, Outbox) and put.channel == "email"]
    assert email.status == "not_configured"
    assert code(desk.give("outbox.retry", {"id": email.id}, actor="deacon")) == "not_configured"
    settings = json.loads(default_files()["settings/escalation.json"])
    settings["contacts"] |= {"human_email": "ops@example.org", "smtp_host": "mail.example.org"}
    desk.view.put_file("settings/escalation.json", json.dumps(settings).encode())
    again = desk.give("outbox.retry", {"id": email.id}, actor="deacon")
    assert isinstance(again, Plan)
    (message,) = [put for put in again.puts if isinstance(put, Outbox)]
    assert (message.status, message.target, message.due_at) == ("pending", "ops@example.org", NOW)
    assert isinstance(desk.give("outbox.retry", {"id": email.id}, actor="deacon"), Nothing)
