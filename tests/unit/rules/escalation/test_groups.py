"""Groups: whether there is something to say, and when the next tick is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.group import Group, Told
from prismfs.rules.escalation.groups import reason_to_notify
from tests.support.memory import MakeRules, MemoryProject

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
REPEAT = 10 * MINUTE
GROUPED: dict[str, Any] = {
    "route": {
        "name": "root",
        "actions": ["log"],
        "group_by": ["service"],
        "group_wait": "30s",
        "group_interval": "1m",
        "repeat_interval": "10m",
        "send_resolved": True,
    }
}


def told(opened: str = "", resolved: str = "", *, minutes: int = 0) -> Told:
    return Told(at=NOW - minutes * MINUTE, open=tuple(opened), resolved=tuple(resolved))


@pytest.mark.parametrize(
    ("before", "opened", "resolved", "wants_ends", "reason"),
    [
        # C-21
        (None, "123", "", False, "first"),
        (told("123"), "234", "", False, "new member"),
        (told("123", minutes=9), "123", "", False, None),
        (told("123", minutes=10), "123", "", False, "repeat"),
        (told("123", minutes=11), "123", "", False, "repeat"),
        (told("123", minutes=9), "12", "3", False, None),
        (told("123", minutes=11), "12", "3", False, "repeat"),
        # C-22
        (told("123"), "12", "3", True, "resolved"),
        (told("12", "3"), "12", "3", True, None),
        (told("12", "3"), "1", "23", True, "resolved"),
        (told("1"), "", "1", True, "resolved"),
        (told("1"), "", "1", False, None),
        # C-23
        (None, "", "1", True, None),
        (None, "", "", True, None),
        (told("", "12"), "", "3", True, None),
        (told("", "12"), "", "12", True, None),
        (told("", "12"), "3", "12", True, "first"),
        (told("", "12", minutes=99), "", "12", True, None),
        (told("1", minutes=99), "", "", True, None),
    ],
)
def test_reason_to_notify(
    before: Told | None, opened: str, resolved: str, wants_ends: bool, reason: str | None
) -> None:
    """C-21, C-22, C-23."""
    found = reason_to_notify(before, tuple(opened), tuple(resolved), now=NOW, repeat=REPEAT, send_resolved=wants_ends)
    assert found == reason


def test_reason_to_notify_without_a_repeat_says_nothing_again() -> None:
    again = reason_to_notify(told("1", minutes=9999), ("1",), (), now=NOW, repeat=timedelta(), send_resolved=True)
    assert again is None


MEMBERS = st.sets(st.sampled_from("12345")).map(lambda names: "".join(sorted(names)))


@given(
    before=st.none() | st.builds(told, MEMBERS, MEMBERS, minutes=st.integers(0, 30)),
    members=MEMBERS,
    wants=st.booleans(),
)
def test_reason_to_notify_what_was_just_said_is_not_said_again(before: Told | None, members: str, wants: bool) -> None:
    """C-21: once told, the same is no news before the repeat; somebody open and untold always is."""
    reason = reason_to_notify(before, tuple(members), (), now=NOW, repeat=REPEAT, send_resolved=wants)
    untold = set(members) - set(before.open if before else ())
    assert (reason in ("first", "new member")) == bool(untold)
    said = Told(at=NOW, open=tuple(members))
    assert reason_to_notify(said, tuple(members), (), now=NOW, repeat=REPEAT, send_resolved=wants) is None


def ticks(rules: MemoryProject, seconds: int, step: int = 1) -> list[str]:
    """Let time pass and return the bodies of the group's notices that were made in it, with their second."""
    said = []
    for _ in range(0, seconds, step):
        rules.wait(seconds=step)
        before = {message.id for message in rules.all(Outbox)}
        rules.run_due()
        for message in rules.all(Outbox):
            if message.id not in before:
                said.append(message.body.partition(":")[0])
    return said


def test_group_waits_then_says_once_then_repeats_by_its_ticks(make_rules: MakeRules) -> None:
    """C-24, C-26: the tick after the wait, then one an interval; the repeat rounds up to one of them."""
    rules = make_rules(**GROUPED)
    rules.escalate("a", labels={"service": "web"})
    rules.wait(seconds=10)
    rules.escalate("b", labels={"service": "web"})
    rules.escalate("c", labels={"service": "db"})
    assert len(rules.messages(status="held")) == 3
    rules.wait(seconds=20)
    assert rules.run_due() == []
    rules.wait(milliseconds=1)
    rules.run_due()
    (notice,) = rules.messages(status="pending")
    assert (notice.subject, notice.planned_at) == ("[MEDIUM] 2 open: service=web", rules.now)
    assert {message.sent_with for message in rules.messages(status="grouped")} == {notice.id}
    group = next(group for group in rules.all(Group) if group.labels == {"service": "web"})
    assert group.due_at == group.flushed_at + REPEAT


def test_group_looks_at_missed_ticks_as_one(make_rules: MakeRules) -> None:
    """R-004-24: after a time down there is one notice, and the ticks stay where they were."""
    rules = make_rules(**GROUPED)
    rules.escalate("a", labels={"service": "web"})
    rules.wait(hours=3, seconds=17)
    rules.run_due()
    assert len(rules.messages(status="pending")) == 1
    group = rules.group()
    assert group.flushed_at == NOW + timedelta(hours=3, seconds=-30)
    assert group.due_at == group.flushed_at + REPEAT
    rules.wait(minutes=1)
    rules.escalate("b", labels={"service": "web"})
    assert rules.group().due_at == NOW + timedelta(hours=3, minutes=1, seconds=30)


def test_group_of_which_all_is_closed_ends_and_the_next_begins_anew(make_rules: MakeRules) -> None:
    """C-22, C-31."""
    rules = make_rules(**GROUPED)
    bead = rules.escalate("a", labels={"service": "web"})
    assert ticks(rules, 60, 10) == ["first"]
    rules.give("escalate.close", {"id": bead.id, "reason": "done"})
    assert ticks(rules, 120, 10) == ["resolved"]
    group = rules.group()
    assert (group.status, group.told, group.due_at, group.members) == ("closed", None, None, ())
    rules.escalate("b", labels={"service": "web"})
    groups = rules.all(Group)
    assert sorted(group.status for group in groups) == ["closed", "open"]
    assert next(group for group in groups if group.status == "open").due_at == rules.now + timedelta(seconds=30)


def test_group_notice_that_waits_is_withdrawn_when_somebody_has_all_of_it(make_rules: MakeRules) -> None:
    """C-74."""
    rules = make_rules(**GROUPED)
    first, second = (rules.escalate(title, labels={"service": "web"}) for title in "ab")
    rules.wait(seconds=31)
    rules.run_due()
    (notice,) = rules.messages(status="pending")
    rules.give("escalate.ack", {"id": first.id})
    assert rules.fresh(notice).status == "pending"
    rules.give("escalate.close", {"id": second.id, "reason": "done"})
    assert rules.fresh(notice).status == "withdrawn"


def test_group_goes_on_repeating_when_an_acknowledgement_is_taken_back(make_rules: MakeRules) -> None:
    rules = make_rules(**GROUPED)
    bead = rules.escalate("a", labels={"service": "web"})
    assert ticks(rules, 60, 10) == ["first"]
    rules.give("escalate.ack", {"id": bead.id})
    assert ticks(rules, 1800, 10) == []
    rules.give("escalate.unack", {"id": bead.id})
    assert ticks(rules, 90, 10) == ["repeat"]


def test_group_a_silenced_member_is_left_out_and_told_when_it_ends(make_rules: MakeRules) -> None:
    """C-52: what is silenced while its group waits is no part of the notice."""
    rules = make_rules(**GROUPED)
    rules.escalate("a", labels={"service": "web", "zone": "aa"})
    rules.escalate("b", labels={"service": "web", "zone": "ab"})
    rules.give("silence.add", {"matchers": ["zone=aa"], "reason": "x", "ends_at": "2026-03-01T10:05:00Z"})
    rules.wait(seconds=31)
    rules.run_due()
    assert [message.subject for message in rules.messages(status="pending")] == ["[MEDIUM] 1 open: service=web"]
    assert ticks(rules, 600, 10)[-1] == "new member"


def test_group_a_member_silenced_after_it_was_told_of_is_told_of_again_when_that_ends(make_rules: MakeRules) -> None:
    """C-52: it is still open, so the group goes on saying so."""
    rules = make_rules(**GROUPED)
    rules.escalate("a", labels={"service": "web"})
    assert ticks(rules, 60, 10) == ["first"]
    rules.give("silence.add", {"matchers": ["service=web"], "reason": "x", "ends_at": "2026-03-01T11:00:00Z"})
    assert ticks(rules, 3000, 10) == []
    assert ticks(rules, 900, 10)[0] == "repeat"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("open"), st.sampled_from("abc")),
            st.tuples(st.sampled_from(("ack", "unack", "close")), st.integers(0, 5)),
            st.tuples(st.just("wait"), st.sampled_from((7, 30, 61, 700))),
        ),
        max_size=25,
    )
)
def test_group_nobody_open_stays_untold_and_notices_keep_the_interval(
    make_rules: MakeRules, steps: list[tuple[str, Any]]
) -> None:
    """C-21, C-24: who was open for longer than wait and interval was told of; no two notices are nearer than that."""
    rules = make_rules(**GROUPED)
    beads: list[Any] = []
    for step, value in steps:
        if step == "open":
            beads.append(rules.escalate(f"{value}{len(beads)}", labels={"service": "web"}))
        elif step == "wait":
            for _ in range(value // 7 + 1):
                rules.wait(seconds=7)
                rules.run_due()
        elif value < len(beads):
            rules.give(f"escalate.{step}", {"id": beads[value].id, "reason": "x"})
    rules.wait(seconds=61)
    rules.run_due()
    rules.wait(seconds=61)
    rules.run_due()
    open_now = {bead.id for bead in beads if rules.fresh(bead).status == "open"}
    untold = {message.about for message in rules.messages(status="held")}
    assert not untold & open_now
    notices = [message for message in rules.all(Outbox) if message.about.startswith("grp-")]
    for group in {message.about for message in notices}:
        times = sorted(message.created_at for message in notices if message.about == group)
        # A tick is taken up to seven seconds late here.
        assert all(later - earlier >= MINUTE - timedelta(seconds=7) for earlier, later in pairwise(times))
