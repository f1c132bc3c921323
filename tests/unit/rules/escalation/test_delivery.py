"""Which messages leave first, what an attempt leaves behind, and what becomes of an escalation that reaches nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prismfs.delivery import Channel
from prismfs.engine.turn.deliver import Capacity, choose, receipt_event
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.records.api import Message, Outcome, Receipt, derive_id
from tests.support.memory import MakeRules, MemoryProject

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


class Outside:
    """A channel that uses the network and is not asked to carry anything."""

    local: ClassVar[bool] = False

    def send(self, message: Message) -> Receipt:
        raise AssertionError(message)


class Local(Outside):
    """A channel of this machine that is not asked to carry anything."""

    local = True


CHANNELS: dict[str, Channel] = {"sms": Outside(), "slack": Outside(), "log": Local()}


def message(number: int, action: str, now: datetime = NOW) -> Outbox:
    return Outbox(
        id=derive_id("out", now, cause=f"{action}{number}"),
        about=derive_id("bea", now, cause=f"{number}"),
        action=action,
        level=0,
        channel=action.partition(":")[0],
        target="x",
        subject="x",
        body="",
        priority="low",
        created_at=now,
        status="pending",
        due_at=now,
    )


def test_choose_one_of_a_second_place_leaves_before_the_rest_of_the_first() -> None:
    """C-82: 300 wait for one place, one comes for another."""
    waiting = [message(number, "sms:human") for number in range(300)] + [message(300, "slack")]
    local, leaving = choose(waiting, CHANNELS, Capacity(messages=4, jobs=0))
    assert local == []
    assert [each.action for each in leaving] == ["sms:human", "slack", "sms:human", "sms:human"]
    assert leaving[0] == waiting[0]


@given(
    actions=st.lists(st.sampled_from(("sms:human", "slack", "log", "pigeon:x")), max_size=30), room=st.integers(-1, 12)
)
def test_choose_fills_the_room_fairly_and_keeps_the_order_of_each_place(actions: list[str], room: int) -> None:
    """C-82: nobody gets a second turn before everybody had a first; local ones and unknown channels need no room."""
    waiting = [message(number, action) for number, action in enumerate(actions)]
    local, leaving = choose(waiting, CHANNELS, Capacity(messages=room, jobs=0))
    assert local == [each for each in waiting if each.channel in ("log", "pigeon")]
    outside = [each for each in waiting if each not in local]
    assert len(leaving) == min(max(room, 0), len(outside))
    for action in ("sms:human", "slack"):
        mine = [each for each in outside if each.action == action]
        mine_leaving = [each for each in leaving if each.action == action]
        assert mine_leaving == mine[: len(mine_leaving)]
        others = len(leaving) - len(mine_leaving)
        if len(mine_leaving) < len(mine):
            assert others <= len(mine_leaving) + 1


PAGER = {
    "route": {"name": "root", "actions": ["command:pager", "command:siren"]},
    "targets": {name: {"channel": "command", "run": ["true"]} for name in ("pager", "siren")},
}


def reasons(rules: MemoryProject) -> list[dict[str, Any]]:
    """Return what the rows of unreachable escalations say."""
    rows = [row for row in rules.all(Audit) if row.action == "escalation.unreachable"]
    return [row.meta for row in sorted(rows, key=lambda row: row.number)]


def test_escalation_goes_on_only_when_the_last_notice_of_its_level_is_lost(make_rules: MakeRules) -> None:
    """C-66."""
    rules = make_rules(**PAGER)
    bead = rules.escalate()
    pager, siren = rules.messages()
    rules.attempt(pager, "permanent")
    assert (rules.fresh(bead).tier, reasons(rules)) == ("deacon", [])
    rules.attempt(siren, "permanent")
    assert rules.fresh(bead).tier == "mayor"
    assert reasons(rules) == [{"command:pager": "send_failed", "command:siren": "send_failed"}]


def test_escalation_that_somebody_has_does_not_go_on(make_rules: MakeRules) -> None:
    rules = make_rules(**PAGER)
    bead = rules.escalate()
    begun = [rules.attempt(each) for each in rules.messages()]
    rules.give("escalate.ack", {"id": bead.id})
    for each in begun:
        rules.attempt(each, "permanent")
    assert (rules.fresh(bead).tier, reasons(rules)) == ("deacon", [])


def test_message_that_failed_for_now_waits_as_the_policy_says_until_it_is_dead(make_rules: MakeRules) -> None:
    """R-004-28: back-off, at least as long as the place asked, and an end."""
    rules = make_rules(**PAGER | {"route": {"name": "root", "actions": ["command:pager"]}})
    rules.escalate()
    (pager,) = rules.messages()
    waits = []
    while pager.status == "pending":
        rules.now = max(rules.now, pager.due_at)
        pager = rules.attempt(pager, "temporary")
        if pager.due_at is not None:
            waits.append(pager.due_at - rules.now)
    assert waits == [timedelta(minutes=each) for each in (1, 5, 30, 120, 360)]
    assert (pager.status, pager.attempts, pager.due_at) == ("dead", 6, None)
    assert reasons(rules) == [{"command:pager": "send_failed"}]


@pytest.mark.parametrize("outcome", ["temporary", "unknown"])
def test_message_of_a_settled_escalation_is_not_tried_again(make_rules: MakeRules, outcome: Outcome) -> None:
    """C-74: nor is one whose attempt was under way when it was settled."""
    rules = make_rules(**PAGER)
    bead = rules.escalate()
    under_way, failed = rules.messages()
    under_way = rules.attempt(under_way)
    failed = rules.attempt(failed, outcome)
    assert failed.due_at is not None
    rules.give("escalate.close", {"id": bead.id, "reason": "done"})
    assert rules.fresh(failed).status == "withdrawn"
    rules.take(receipt_event(under_way, Receipt(outcome=outcome, detail="x"), rules.now))
    assert (rules.fresh(under_way).status, rules.fresh(under_way).due_at) == ("withdrawn", None)


def test_repeats_are_counted_on_one_with_the_notices_of_its_route_once(make_rules: MakeRules) -> None:
    """R-004-27: 1000 equal escalations."""
    rules = make_rules(route={"name": "root", "actions": ["severity"]})
    for _ in range(1000):
        rules.escalate(severity="CRITICAL")
    (bead,) = rules.all(Escalation)
    assert bead.occurrence_count == 1000
    assert sorted(message.action for message in rules.messages()) == ["email:human", "mail:mayor", "sms:human"]


def test_dedup_window_of_the_caller_decides_whether_a_closed_one_is_open_again(make_rules: MakeRules) -> None:
    """R-004-26, C-12, FD-02."""
    rules = make_rules()
    first = rules.escalate()
    rules.give("escalate.close", {"id": first.id, "reason": "done"})
    rules.wait(hours=2)
    back = rules.escalate(dedup_window="3h")
    assert (back.id, back.status, back.reopened) == (first.id, "open", 1)
    rules.give("escalate.close", {"id": first.id, "reason": "done"})
    rules.wait(hours=2)
    again = rules.escalate(dedup_window="1h59m")
    assert (again.id != first.id, again.recurrence_of) == (True, first.id)
    rules.give("escalate.close", {"id": again.id, "reason": "done"})
    rules.wait(seconds=1)
    assert rules.escalate(dedup_window="0s").recurrence_of == again.id


WEBHOOK = {
    "route": {"name": "root", "actions": ["webhook:desk"]},
    "throttle": [{"action": "webhook:desk", "limits": ["1/10m"]}],
    "targets": {"desk": {"channel": "webhook", "url": "https://desk.example.org/"}},
}


def test_louder_repeat_of_an_acknowledged_one_opens_it_again_and_tells_of_it(make_rules: MakeRules) -> None:
    """C-14: who took it did so for something less."""
    rules = make_rules(**(WEBHOOK | {"throttle": []}))
    bead = rules.escalate("a", severity="LOW")
    rules.give("escalate.ack", {"id": bead.id})
    rules.escalate("a", severity="LOW")
    assert rules.fresh(bead).status == "acknowledged"
    rules.wait(hours=1)
    rules.escalate("a", severity="CRITICAL")
    again = rules.fresh(bead)
    assert (again.status, again.acknowledged_by, again.occurrence_count) == ("open", None, 3)
    assert again.raise_at == rules.now + timedelta(hours=4)
    assert [message.level for message in rules.messages(status="pending")] == [3]
    assert "escalation.unacknowledged" in [row.action for row in rules.all(Audit)]


def test_message_that_waited_for_its_limit_is_held_when_it_is_muted_by_then(make_rules: MakeRules) -> None:
    """C-52: a silence holds also what was put before it and has not left yet."""
    rules = make_rules(**WEBHOOK)
    rules.escalate("a")
    rules.escalate("b")
    first, second = sorted(rules.messages(), key=lambda message: message.subject)
    assert rules.attempt(first, "sent").status == "sent"
    ends = rules.now + timedelta(hours=1)
    document = {"matchers": ["title=b"], "reason": "x", "ends_at": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}
    rules.give("silence.add", document)
    rules.wait(minutes=11)
    held = rules.attempt(second)
    assert (held.status, held.attempts, str(held.held_by)[:4]) == ("held", 0, "sil-")
    rules.wait(minutes=50)
    rules.run_due()
    assert rules.fresh(second).status == "pending"
