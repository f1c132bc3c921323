"""When an escalation is looked at again: its raise, the hops of its chain, and what they leave behind."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from tests.support.memory import MakeRules, MemoryProject, planned

LOG = {"route": {"name": "root", "actions": ["log"]}}
HOPS = {
    "hops": [
        {"name": "urgent", "tier": "deacon", "matchers": ["severity=~CRITICAL|HIGH"], "reason": "too urgent"},
        {"name": "old", "tier": "deacon", "after": "2h", "reason": "older than two hours"},
        {"name": "older", "tier": "mayor", "after": "3h", "reason": "older than three hours"},
    ]
}


def hops_of(rules: MemoryProject, bead: Escalation) -> list[tuple[str, str]]:
    """Return the hops that the audit rows tell of, in order."""
    rows = [row for row in rules.all(Audit) if row.action == "escalation.forwarded" and row.entity_id == bead.id]
    return [(str(row.meta["from"]), str(row.meta["tier"])) for row in sorted(rows, key=lambda row: row.number)]


def test_hop_after_comes_strictly_after_its_time(make_rules: MakeRules) -> None:
    """R-004-11: at exactly the time nothing happens, one instant later it does."""
    rules = make_rules(**LOG, **HOPS)
    bead = rules.escalate(severity="LOW")
    assert (bead.hop_at, bead.due_at) == (rules.now + timedelta(hours=2),) * 2
    rules.wait(hours=2)
    assert rules.run_due() == []
    rules.wait(milliseconds=1)
    rules.run_due()
    bead = rules.fresh(bead)
    assert (bead.tier, hops_of(rules, bead)) == ("mayor", [("deacon", "mayor")])
    assert bead.comments[0].text == "forwarded from deacon to mayor: older than two hours (old)"
    assert bead.hop_at == bead.created_at + timedelta(hours=3)


def test_hop_without_a_time_is_taken_at_once_and_on_a_raise(make_rules: MakeRules) -> None:
    rules = make_rules(**LOG, **HOPS)
    assert rules.fresh(rules.escalate("now", severity="HIGH")).tier == "mayor"
    later = rules.escalate("later", severity="LOW")
    assert rules.fresh(later).tier == "deacon"
    rules.escalate("later", severity="CRITICAL")
    assert rules.fresh(later).tier == "mayor"


def test_hops_that_are_due_together_are_taken_one_by_one_each_with_its_row(make_rules: MakeRules) -> None:
    """R-004-11, R-004-12: after a time down no tier is left out, and each has its row, remark and message."""
    rules = make_rules(**LOG, **HOPS)
    bead = rules.escalate(severity="LOW")
    rules.wait(hours=3, seconds=1)
    (decision,) = rules.run_due()
    bead = rules.fresh(bead)
    assert bead.tier == "overseer"
    assert hops_of(rules, bead) == [("deacon", "mayor"), ("mayor", "overseer")]
    assert [mail.to for mail in rules.all(Mail)].count("mayor") == 1
    assert {mail.to for mail in rules.all(Mail)} == {"mayor", "overseer"}
    assert len(bead.comments) == 2
    assert (bead.hop_at, bead.due_at) == (None, bead.raise_at)
    assert planned(decision).subject == bead.id


def test_hop_of_a_setting_that_is_gone_leaves_no_due_time_behind(make_rules: MakeRules) -> None:
    rules = make_rules(**LOG, **HOPS)
    bead = rules.escalate(severity="LOW")
    rules.view.put_file("settings/routing.yaml", routing_file())
    rules.wait(hours=2, seconds=1)
    rules.run_due()
    bead = rules.fresh(bead)
    assert (bead.tier, bead.hop_at, bead.due_at) == ("deacon", None, bead.raise_at)


def routing_file() -> bytes:
    return b"kind: routing\nversion: 1\ntiers: [deacon, mayor, overseer]\nroute: {name: root, actions: [log]}\n"


def test_raise_comes_strictly_after_the_threshold_and_counts_from_the_last(make_rules: MakeRules) -> None:
    """R-004-22, R-004-23: and the first severity is kept."""
    rules = make_rules(**LOG)
    bead = rules.escalate(severity="MEDIUM")
    rules.wait(hours=4)
    assert rules.run_due() == []
    rules.wait(minutes=10)
    rules.run_due()
    bead = rules.fresh(bead)
    assert (bead.severity.label, bead.reescalation_count, bead.raise_at) == (
        "HIGH",
        1,
        rules.now + timedelta(hours=4),
    )
    rules.wait(hours=4, seconds=1)
    rules.run_due()
    bead = rules.fresh(bead)
    assert (bead.severity.label, bead.original_severity.label, bead.reescalation_count) == ("CRITICAL", "MEDIUM", 2)
    assert (bead.raise_at, bead.due_at) == (None, None)


def test_what_is_due_for_one_reason_is_not_yet_for_the_other_at_its_very_instant(make_rules: MakeRules) -> None:
    """R-004-22: neither by a hop that was due before the threshold, nor by a repeat at the hop's time."""
    rules = make_rules(**LOG, hops=[{"name": "old", "tier": "deacon", "after": "3h", "reason": "old"}])
    bead = rules.escalate("a", severity="LOW")
    rules.wait(hours=4)
    rules.run_due()
    assert (rules.fresh(bead).tier, rules.fresh(bead).reescalation_count) == ("mayor", 0)
    louder = rules.escalate("b", severity="LOW")
    rules.wait(hours=3)
    rules.escalate("b", severity="MEDIUM")
    assert rules.fresh(louder).tier == "deacon"
    rules.wait(milliseconds=1)
    rules.run_due()
    assert rules.fresh(louder).tier == "mayor"


def test_late_raise_is_marked_and_does_not_pile_up(make_rules: MakeRules) -> None:
    """R-004-24."""
    rules = make_rules(**LOG)
    bead = rules.escalate(severity="LOW")
    rules.wait(hours=400)
    rules.run_due()
    rows = [row for row in rules.all(Audit) if row.action == "escalation.raised"]
    assert [row.meta["late_seconds"] for row in rows] == [396 * 3600]
    assert rules.fresh(bead).raise_at == rules.now + timedelta(hours=4)


def test_settled_escalation_is_no_candidate_whatever_it_says(make_rules: MakeRules) -> None:
    """R-004-25."""
    rules = make_rules(**LOG, **HOPS)
    text = "acknowledged:false status:open stale"
    acknowledged = rules.escalate("a", severity="LOW", body=text, labels={"acknowledged": "false", "status": "open"})
    closed = rules.escalate("b", severity="LOW", body=text)
    rules.give("escalate.ack", {"id": acknowledged.id})
    rules.give("escalate.close", {"id": closed.id, "reason": text})
    rules.wait(hours=900)
    assert rules.run_due() == []
    assert {bead.reescalation_count for bead in rules.all(Escalation)} == {0}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.one_of(
            st.sampled_from(("ack", "unack", "forward", "LOW", "HIGH", "CRITICAL")),
            st.integers(1, 9).map(lambda hours: hours * 47),
        ),
        max_size=20,
    )
)
def test_raises_are_a_threshold_apart_and_never_more_than_the_maximum(
    make_rules: MakeRules, steps: list[str | int]
) -> None:
    """R-004-21, R-004-22, R-004-25: and an open one is always due while it may still be raised."""
    rules = make_rules(**LOG, **HOPS)
    bead = rules.escalate(severity="LOW")
    raised = [bead.created_at]
    for step in steps:
        if isinstance(step, int):
            rules.wait(minutes=step)
        elif step in ("ack", "unack", "forward"):
            rules.give(f"escalate.{step}", {"id": bead.id, "reason": "x"})
        else:
            rules.escalate(severity=step)
        before = rules.fresh(bead)
        rules.run_due()
        after = rules.fresh(bead)
        if after.reescalation_count > before.reescalation_count:
            assert (before.status, after.reescalation_count) == ("open", before.reescalation_count + 1)
            assert after.last_reescalated_at - raised[-1] > timedelta(hours=4)
            raised.append(after.last_reescalated_at)
        assert after.severity.rank <= before.severity.rank
        assert after.reescalation_count <= 2
        assert (after.raise_at is not None) == (after.status == "open" and after.reescalation_count < 2)
        levels = [(message.action, message.level) for message in rules.messages(about=bead.id)]
        assert len(levels) == len(set(levels))
    assert all(message.status != "held" for message in rules.all(Outbox))
