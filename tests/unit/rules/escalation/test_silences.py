"""Silences and inhibitions: what they hold back, for how long, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.silence import Silence
from prismfs.records.api import Nothing, Plan, Refused, format_instant
from tests.support.memory import MakeRules, MemoryProject

LOG = {"route": {"name": "root", "actions": ["log"]}}


def silence(rules: MemoryProject, *matchers: str, minutes: int = 60, after: int | None = None) -> Silence:
    """Make a silence, `after` so many minutes, and return it."""
    begins = rules.now + timedelta(minutes=after or 0)
    document: dict[str, Any] = {
        "matchers": list(matchers),
        "reason": "new disks",
        "ends_at": format_instant(begins + timedelta(minutes=minutes)),
    }
    if after is not None:
        document["starts_at"] = format_instant(begins)
    decision = rules.give("silence.add", document)
    assert isinstance(decision, Plan), decision
    return next(put for put in decision.puts if isinstance(put, Silence))


def states(rules: MemoryProject) -> dict[str, str]:
    """Return the status of each escalation's newest message by its title."""
    return {message.subject.partition("] ")[2]: message.status for message in rules.messages()}


def test_silence_holds_by_its_id_and_lets_go_when_it_ends(make_rules: MakeRules) -> None:
    """C-52."""
    rules = make_rules(**LOG)
    held_by = silence(rules, "service=web")
    rules.escalate("a", labels={"service": "web"})
    rules.escalate("b", labels={"service": "db"})
    (held,) = rules.messages(status="held")
    assert (held.held_by, held.due_at) == (held_by.id, None)
    assert states(rules) == {"a": "held", "b": "pending"}
    rules.wait(hours=1, milliseconds=1)
    rules.run_due()
    assert rules.fresh(held_by).status == "expired"
    assert (rules.fresh(held).status, rules.fresh(held).held_by) == ("pending", None)


def test_silence_that_begins_later_holds_nothing_before(make_rules: MakeRules) -> None:
    """C-55: and begins at its time, also while nobody has looked."""
    rules = make_rules(**LOG)
    window = silence(rules, "service=web", after=30)
    assert window.status == "pending"
    rules.escalate("before", labels={"service": "web"})
    rules.wait(minutes=30)
    rules.escalate("at", labels={"service": "web"})
    assert states(rules) == {"before": "pending", "at": "held"}
    rules.wait(milliseconds=1)
    rules.run_due()
    assert rules.fresh(window).status == "active"


def test_two_silences_hold_until_the_later_one_ends(make_rules: MakeRules) -> None:
    rules = make_rules(**LOG)
    silence(rules, "service=web", minutes=10)
    longer = silence(rules, 'source="agent:jade"', minutes=20)
    shorter = silence(rules, "service=~w.*", minutes=15)
    rules.escalate("a", labels={"service": "web"})
    assert rules.messages(status="held")[0].held_by == longer.id
    assert rules.give("silence.expire", {"id": longer.id})
    assert rules.messages(status="held")[0].held_by == shorter.id
    rules.wait(minutes=16)
    rules.run_due()
    assert states(rules) == {"a": "pending"}


def test_silence_made_later_holds_what_is_notified_from_then_on_only(make_rules: MakeRules) -> None:
    """What was put before it stays as it is until it is to leave, or until a later level says it."""
    rules = make_rules(**LOG)
    rules.escalate("a", severity="LOW", labels={"service": "web"})
    silence(rules, "service=web", minutes=600)
    assert [message.status for message in rules.messages()] == ["pending"]
    rules.wait(hours=4, seconds=1)
    rules.run_due()
    assert sorted((message.level, message.status) for message in rules.messages()) == [(0, "withdrawn"), (11, "held")]


@pytest.mark.parametrize(
    ("document", "code", "field"),
    [
        ({"matchers": [], "reason": "x", "ends_at": "2026-03-01T11:00:00Z"}, "matchers_missing", "/matchers"),
        ({"matchers": ["a=b"], "ends_at": "2026-03-01T11:00:00Z"}, "reason_missing", "/reason"),
        ({"matchers": ["a=b"], "reason": "x"}, "end_missing", "/ends_at"),
        ({"matchers": ["a=b"], "reason": "x", "ends_at": "2026-03-01T10:00:00Z"}, "end_too_early", "/ends_at"),
        (
            {
                "matchers": ["a=b"],
                "reason": "x",
                "starts_at": "2026-03-01T12:00:00Z",
                "ends_at": "2026-03-01T11:00:00Z",
            },
            "end_too_early",
            "/ends_at",
        ),
        ({"matchers": ["a"], "reason": "x", "ends_at": "2026-03-01T11:00:00Z"}, "bad_field", "/matchers/0"),
        ({"matchers": ["a=~("], "reason": "x", "ends_at": "2026-03-01T11:00:00Z"}, "bad_field", "/matchers/0"),
        ({"matchers": ["a=b"], "reason": "x", "ends_at": "tomorrow"}, "bad_field", "/ends_at"),
    ],
)
def test_silence_that_cannot_be_is_refused(
    make_rules: MakeRules, document: dict[str, Any], code: str, field: str
) -> None:
    """C-50, C-53: a silence names what it mutes, why and until when."""
    rules = make_rules(**LOG)
    decision = rules.give("silence.add", document)
    assert isinstance(decision, Refused)
    assert (decision.problem.code, decision.problem.field) == (code, field)
    assert rules.all(Silence) == []


def test_silence_is_made_by_those_who_may(make_rules: MakeRules) -> None:
    rules = make_rules(**LOG)
    given_by = {"matchers": ["a=b"], "reason": "x", "ends_at": "2026-03-01T11:00:00Z"}
    decision = rules.give("silence.add", given_by, actor="jade")
    assert isinstance(decision, Refused)
    assert decision.problem.code == "not_allowed"


def test_silence_extended_keeps_its_id_and_replaced_ends_the_old(make_rules: MakeRules) -> None:
    """C-50: what the old one held goes on, or is held by the new one."""
    rules = make_rules(**LOG)
    old = silence(rules, "service=web")
    for name in ("web", "db"):
        rules.escalate(name, labels={"service": name})
    rules.give("silence.change", {"id": old.id, "ends_at": "2026-03-01T13:00:00Z"})
    assert rules.fresh(old).due_at == rules.now + timedelta(hours=3)
    assert isinstance(rules.give("silence.change", {"id": old.id, "ends_at": "2026-03-01T13:00:00Z"}), Nothing)
    rules.give("silence.change", {"id": old.id, "matchers": ["service=~web|db"]})
    new = next(each for each in rules.all(Silence) if each.id != old.id)
    assert (rules.fresh(old).status, new.status, new.replaces) == ("expired", "active", old.id)
    assert [message.held_by for message in rules.messages(status="held")] == [new.id]
    rules.give("silence.change", {"id": new.id, "matchers": ["service=db"]})
    assert states(rules) == {"web": "pending", "db": "pending"}


INHIBIT = LOG | {
    "inhibit_rules": [
        {"name": "host", "source_matchers": ["alert=Host"], "target_matchers": ["alert=~.+"], "equal": ["zone"]}
    ]
}


def test_inhibition_mutes_not_its_own_source_and_survives_a_raise(make_rules: MakeRules) -> None:
    """C-40, C-43."""
    rules = make_rules(**INHIBIT)
    source = rules.escalate("source", severity="LOW", labels={"alert": "Host", "zone": "aa"})
    twin = rules.escalate("twin", severity="LOW", labels={"alert": "Host", "zone": "aa"})
    rules.escalate("target", severity="LOW", labels={"alert": "Disk", "zone": "aa"})
    rules.escalate("elsewhere", severity="LOW", labels={"alert": "Disk", "zone": "ab"})
    assert states(rules) == {"source": "pending", "twin": "pending", "target": "held", "elsewhere": "pending"}
    rules.wait(hours=4, seconds=1)
    rules.run_due()
    assert {message.detail for message in rules.messages(status="held")} == {f"inhibited by {source.id}, rule host"}
    rules.give("escalate.close", {"id": source.id, "reason": "up"})
    # The other source is still open.
    assert {message.held_by for message in rules.messages(status="held")} == {twin.id}
    rules.give("escalate.close", {"id": twin.id, "reason": "up"})
    target = [message for message in rules.messages() if message.subject.endswith("target")]
    assert sorted(message.status for message in target) == ["pending", "withdrawn"]


def test_inhibition_without_equal_labels_and_with_missing_ones(make_rules: MakeRules) -> None:
    """C-43: labels that both lack count as equal, as they do where none is named."""
    rules = make_rules(**INHIBIT)
    rules.escalate("source", labels={"alert": "Host"})
    rules.escalate("target", labels={"alert": "Disk"})
    rules.escalate("zoned", labels={"alert": "Disk", "zone": "aa"})
    assert states(rules) == {"source": "pending", "target": "held", "zoned": "pending"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("open"), st.sampled_from(("Host", "Disk")), st.sampled_from(("aa", "ab"))),
            st.tuples(st.just("silence"), st.sampled_from(("zone=aa", "alert=Disk")), st.integers(1, 90)),
            st.tuples(st.sampled_from(("ack", "close")), st.integers(0, 7), st.none()),
            st.tuples(st.just("wait"), st.integers(1, 300), st.none()),
        ),
        max_size=20,
    )
)
def test_whatever_is_muted_is_told_of_in_the_end_if_it_is_open(
    make_rules: MakeRules, steps: list[tuple[str, Any, Any]]
) -> None:
    """C-40, C-52: nothing is held by what is over, and when all is over each open one was told of at its last level."""
    rules = make_rules(**INHIBIT)
    beads: list[Escalation] = []
    for name, first, second in steps:
        if name == "open":
            beads.append(rules.escalate(f"x{len(beads)}", labels={"alert": first, "zone": second}))
        elif name == "silence":
            silence(rules, first, minutes=second)
        elif name == "wait":
            rules.wait(minutes=first)
            rules.run_due()
        elif first < len(beads):
            rules.give(f"escalate.{name}", {"id": beads[first].id, "reason": "x"})
        holders = {message.held_by for message in rules.messages(status="held")}
        muting: list[Silence | Escalation] = [*rules.all(Silence), *rules.all(Escalation)]
        for record in muting:
            if record.id in holders:
                assert record.status in ("active", "open", "acknowledged")
    rules.wait(hours=9)
    rules.run_due()
    for bead in [bead for bead in beads if bead.match_labels["alert"] == "Host"]:
        rules.give("escalate.close", {"id": bead.id, "reason": "x"})
    assert rules.messages(status="held") == []
    for bead in rules.all(Escalation):
        mine = rules.messages(about=bead.id)
        if bead.status == "open":
            assert max(mine, key=lambda message: message.level).status == "pending"
        else:
            assert {message.status for message in mine} <= {"withdrawn"}
