"""What the phases of incident response do to their incident, and the action items that they leave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from prismfs.kinds import kind_of
from prismfs.kinds.core.audit import INCIDENT_META, Audit
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.core.settings.persona import Automation, Persona
from prismfs.kinds.gates.artifact import Artifact
from prismfs.kinds.response.incident import Incident
from prismfs.kinds.work.bead import WorkItem
from prismfs.records.api import Decision, Event, Nothing, Plan, Refused
from prismfs.rules.gates.facts import template_of
from prismfs.rules.gates.progress import phase_of
from prismfs.rules.gates.reading import parse
from prismfs.rules.response.postmortem.drafting import draft_of
from prismfs.rules.response.postmortem.storing import check
from tests.support.memory import MakeRules, MemoryProject

TRIAGE = """## Severity

{severity}

## Impact

- **Users affected:** everybody who pays
- **Services affected:** billing
- **Data impact:** None

## Status

Ongoing

## Timeline

- 2026-03-01 09:55Z — payments answer with errors

## Initial Hypothesis

The disk is full.

## Immediate Actions Needed

- look at the disk
"""
MITIGATION = """## Mitigation Strategy

Old logs were removed.

## Steps Taken

1. removed logs — 20 GB free

## Current Status

{status}

## Metrics

- error rate — 40 % → 0.1 %

## Residual Risk

It fills up again in a week.
"""
MESSAGE = """## Audience

all customers

## Message

### What Happened

Payments failed.

### Current Status

Mitigated

### What We're Doing

We look for the cause.

### Next Update

{time}
"""
ANALYSIS = """## Detailed Timeline

- 2026-03-01 09:50Z — the disk is full — graph 4
- 2026-03-01 09:55Z — payments answer with errors — alert 7

## Triggering Event

A deploy with more logs.

## Causal Chain

1. a deploy with more logs → the disk filled up
2. the disk filled up → payments answered with errors

## Root Cause

{cause}

## Contributing Factors

- logs are not rotated

## Systemic Factors

- no alert on disk space
"""
POST_MORTEM = """## Incident Summary

Payments failed for half an hour.

## What Went Well

- the alert came at once

## What Went Poorly

- {poorly}

## Lessons Learned

- disks are watched

## Recommended Action Items

1. [P0] Rotate the logs — gwen
2. [P1] Alert on disk space — jade
3. [P2] Write a runbook — onyx
"""
TRACKER = """## Quick Wins (do this week)

{quick}

## Short-Term (do this sprint/cycle)

{short}

## Long-Term (schedule for planning)

{long}

## Post-Mortem Document

kb/review
"""


def tracker(
    quick: str = "- [ ] Rotate the logs — @gwen",
    short: str = "- [ ] Alert on disk space — @jade",
    long: str = "- [ ] Write a runbook — @onyx",
) -> str:
    return TRACKER.format(quick=quick, short=short, long=long)


class Response:
    """One incident on its way through the phases."""

    def __init__(self, rules: MemoryProject, severity: str = "P2") -> None:
        self.rules = rules
        self.id = rules.open_incident(subject="Payments answer with errors", severity=severity).id

    @property
    def incident(self) -> Incident:
        found = self.rules.view.get(Incident, self.id)
        assert isinstance(found, Incident)
        return found

    def give(self, verb: str, *, actor: str = "frank", **document: Any) -> Decision:
        self.rules.wait(minutes=1)
        return self.rules.give(verb, document, actor=actor)

    def submit(self, phase: str, body: str, *, actor: str = "Petra", **more: Any) -> Decision:
        return self.give("phase.submit", id=self.id, phase=phase, body=body, actor=actor, **more)

    def pass_gate(self, phase: str, body: str, **more: Any) -> Decision:
        """Submit as Petra, approve as the operator."""
        submitted = self.submit(phase, body, **more)
        assert isinstance(submitted, Plan), submitted
        approved = self.give("gate.approve", id=submitted.subject)
        assert isinstance(approved, Plan), approved
        return approved

    def until(self, phase: str) -> Response:
        """Go through all the phases before `phase`."""
        ways: dict[str, Callable[[], Any]] = {
            "INC-1": lambda: self.pass_gate("INC-1", TRIAGE.format(severity="Major")),
            "INC-2": lambda: self.pass_gate("INC-2", MITIGATION.format(status="Mitigated")),
            "INC-3": lambda: self.submit("INC-3", MESSAGE.format(time="none")),
            "INC-4": lambda: self.pass_gate("INC-4", ANALYSIS.format(cause="Logs are never rotated.")),
            "INC-5": lambda: self.pass_gate("INC-5", POST_MORTEM.format(poorly="nobody saw the graph")),
        }
        for name, way in ways.items():
            if name == phase:
                break
            assert isinstance(way(), Plan)
        return self

    def rows(self, action: str) -> list[Audit]:
        return self.rules.rows(action)

    def items(self) -> dict[str, WorkItem]:
        """The action items, by title."""
        return {item.title: item for item in self.rules.all(WorkItem)}

    def mails(self, to: str) -> list[str]:
        return [mail.subject for mail in self.rules.mails(to)]


Respond = Callable[..., Response]


@pytest.fixture
def respond(make_rules: MakeRules) -> Respond:
    return lambda severity="P2": Response(make_rules(), severity)


# Triage and mitigation


@pytest.mark.parametrize(
    ("before", "said", "after"),
    [
        ("P2", "Major", "P2"),
        ("P1", "Major", "P1"),
        ("P3", "Major", "P1"),
        ("P2", "Critical", "P0"),
        ("P2", "Minor", "P3"),
        ("P3", "Minor", "P3"),
    ],
)
def test_approved_assessment_judges_severity_in_its_own_scale(
    respond: Respond, before: str, said: str, after: str
) -> None:
    """A scale with fewer levels says nothing of ranks that it writes as the same label."""
    case = respond(before)
    case.pass_gate("INC-1", TRIAGE.format(severity=said))
    incident = case.incident
    assert incident.severity.label == after
    changed = before != after
    assert incident.severity.source is not None
    assert incident.severity.source.label == said
    assert [entry.by for entry in incident.severity_history] == (["Petra"] if changed else [])
    updated = [row.meta for row in case.rows("incident.updated")]
    assert [(meta["fields"], meta["before"]) for meta in updated] == ([(["severity"], before)] if changed else [])
    assert all(set(INCIDENT_META) <= set(meta) for meta in updated)


def test_assessment_counts_once_it_is_approved_and_not_before(respond: Respond) -> None:
    case = respond("P2")
    case.submit("INC-1", TRIAGE.format(severity="Critical"))
    assert (case.incident.severity.label, case.incident.status) == ("P2", "triage")


def test_approved_assessment_that_is_critical_takes_the_incident_up_the_chain(respond: Respond) -> None:
    case = respond("P2")
    assert case.incident.level == "support"
    case.pass_gate("INC-1", TRIAGE.format(severity="Critical"))
    assert (case.incident.level, case.incident.escalations) == ("executive", 3)
    assert case.incident.status == "mitigating"


def test_approved_assessment_is_a_judgement_where_triage_still_waits(make_rules: MakeRules) -> None:
    rules = make_rules()
    clara = rules.view.get(Persona, "Clara")
    rules.view.put_file("roster/clara.yaml", kind_of(clara).write(clara.changed(automation=Automation(mode="person"))))
    form = {
        "kind": "signal",
        "from": "jade",
        "to": "Sage",
        "type": "Question",
        "subject": "Export crashes with an error: data loss",
    }
    dropped = {"type": "drop", "kind": "signal", "cause": "drop:1", "at": rules.now, "actor": "jade"}
    rules.take(Event.model_validate({**dropped, "document": {"document": form}}))
    case = Response.__new__(Response)
    case.rules, case.id = rules, rules.all(Incident)[0].id
    before = case.incident
    assert (before.severity.rank, before.level) == (1, "support")  # proposed only
    case.pass_gate("INC-1", TRIAGE.format(severity="Major"))
    assert (case.incident.severity.rank, case.incident.level) == (1, "coordination")


@pytest.mark.parametrize(("status", "after"), [("Mitigated", "mitigated"), ("Partially mitigated", "mitigating")])
def test_approved_mitigation_ends_the_impact_only_if_it_is_gone(respond: Respond, status: str, after: str) -> None:
    case = respond().until("INC-2")
    case.pass_gate("INC-2", MITIGATION.format(status=status))
    assert case.incident.status == after
    assert (case.incident.mitigated_at is not None) is (after == "mitigated")


# Promises to stakeholders


def due(case: Any) -> datetime | None:
    return case.incident.timers.promised  # type: ignore[no-any-return]


def test_promised_update_that_does_not_come_is_told_to_owner_and_author(respond: Respond) -> None:
    case = respond().until("INC-3")
    case.submit("INC-3", MESSAGE.format(time="2026-03-01 11:00Z"), actor="Cheryl")
    assert due(case) == case.rules.now.replace(hour=11, minute=0)
    case.rules.now = due(case)
    case.rules.run_due()
    assert case.rows("incident.promise_lapsed") == []  # at its very time it is not late
    case.rules.wait(seconds=1)
    case.rules.run_due()
    (row,) = case.rows("incident.promise_lapsed")
    assert row.level == "warn"
    assert set(INCIDENT_META) <= set(row.meta)
    late = "Stakeholders wait: Payments answer with errors"
    told = [mail for mail in case.rules.all(Mail) if mail.subject == late]
    assert {mail.to for mail in told} == {case.incident.owner, "Cheryl"}
    assert {mail.priority for mail in told} == {"urgent"}
    case.rules.wait(days=3)
    case.rules.run_due()
    assert len(case.rows("incident.promise_lapsed")) == 1


def test_next_message_sets_the_promise_anew_or_takes_it_away(respond: Respond) -> None:
    case = respond().until("INC-3")
    case.submit("INC-3", MESSAGE.format(time="2026-03-01 11:00Z"))
    case.submit("INC-3", MESSAGE.format(time="2026-03-01 11:30:00Z"))
    assert due(case) == case.rules.now.replace(hour=11, minute=30)
    case.submit("INC-3", MESSAGE.format(time="none"))
    assert due(case) is None
    case.rules.wait(days=1)
    case.rules.run_due()
    assert case.rows("incident.promise_lapsed") == []


def test_promise_of_a_time_that_has_passed_is_not_waited_for(respond: Respond) -> None:
    case = respond().until("INC-3")
    case.submit("INC-3", MESSAGE.format(time="2026-03-01 09:00Z"))
    assert due(case) is None


def test_promise_outlives_the_resolution_and_ends_with_the_incident(respond: Respond) -> None:
    case = respond().until("INC-3")
    case.submit("INC-3", MESSAGE.format(time="2026-03-01 11:00Z"))
    case.give("incident.resolve", id=case.id, note="rolled back")
    assert due(case) is not None
    assert case.incident.due_at == due(case)
    case.give("incident.close", id=case.id)
    assert due(case) is None


def test_word_that_is_no_time_is_refused(respond: Respond) -> None:
    case = respond().until("INC-3")
    decision = case.submit("INC-3", MESSAGE.format(time="soon"))
    assert isinstance(decision, Refused)
    assert decision.problem.code == "bad_section_value"


# The root cause


def test_root_cause_has_the_same_name_for_the_same_words(respond: Respond, make_rules: MakeRules) -> None:
    names = []
    for cause in ("Logs are never rotated.", "logs are NEVER rotated", "The alert was muted."):
        case = Response(make_rules()).until("INC-4")
        case.pass_gate("INC-4", ANALYSIS.format(cause=cause))
        names.append(case.incident.root_cause_id)
    assert names[0] == names[1] != names[2]
    assert names[0] is not None
    assert names[0].startswith("auto:logs-are-never-rotated-")


def test_root_cause_that_somebody_named_stays(respond: Respond) -> None:
    case = respond().until("INC-4")
    case.give("incident.update", id=case.id, root_cause_id="RC-7")
    case.pass_gate("INC-4", ANALYSIS.format(cause="Logs are never rotated."))
    assert case.incident.root_cause_id == "RC-7"


# The panel and its words


def finding(severity: str) -> dict[str, str]:
    said = {"evidence": "no rule on it", "remediation": "add one"}
    return {"member": "jade", "finding": "No alert on disk space", "severity": severity, **said}


def test_post_mortem_with_a_finding_of_unknown_severity_is_refused(respond: Respond) -> None:
    case = respond().until("INC-5")
    body = POST_MORTEM.format(poorly="the disk was full")
    decision = case.submit("INC-5", body, findings=[finding("P0")])
    assert isinstance(decision, Refused)
    assert (decision.problem.code, decision.problem.field) == ("unknown_severity", "/findings/0/severity")
    assert isinstance(case.submit("INC-5", body, findings=[finding("High")]), Plan)


def test_post_mortem_that_blames_is_taken_with_advice(respond: Respond) -> None:
    case = respond().until("INC-5")
    assert isinstance(case.submit("INC-5", POST_MORTEM.format(poorly="Cheryl should have seen the graph")), Plan)
    (row,) = case.rows("incident.advice")
    assert row.meta["advice"] == ["line 11: 'Cheryl' beside 'should have'; say what of the system let it happen"]
    assert set(INCIDENT_META) <= set(row.meta)


def test_post_mortem_without_blame_has_no_advice(respond: Respond) -> None:
    case = respond().until("INC-6")
    assert case.rows("incident.advice") == []


# Action items


def test_tracker_becomes_work_items_with_owner_deadline_and_priority(respond: Respond) -> None:
    case = respond().until("INC-6")
    assert isinstance(case.submit("INC-6", tracker()), Plan)
    items = case.items()
    assert {title: (item.assignee, item.priority) for title, item in items.items()} == {
        "Rotate the logs": ("gwen", 0),
        "Alert on disk space": ("jade", 1),
        "Write a runbook": ("onyx", 2),
    }
    item = items["Alert on disk space"]
    assert item.labels == ("action-item", "short-term", f"incident:{case.id}")
    assert (item.related, item.status, item.created_by) == (case.id, "open", "Petra")
    assert item.deadline == item.due_at == case.rules.now + timedelta(days=30)
    assert items["Rotate the logs"].deadline == case.rules.now + timedelta(days=7)
    assert case.mails("jade") == [f"Action items of {case.id}"]
    (row,) = case.rows("incident.actions_tracked")
    assert {name: row.meta[name] for name in ("created", "updated", "closed")} == {
        "created": 3,
        "updated": 0,
        "closed": 0,
    }


def test_action_that_the_post_mortem_does_not_have_takes_its_priority_from_its_bucket(respond: Respond) -> None:
    case = respond().until("INC-6")
    case.submit("INC-6", tracker(quick="- [ ] Tell the supplier — @gwen", long="- [ ] Think — @onyx"))
    assert {title: item.priority for title, item in case.items().items()} == {
        "Tell the supplier": 1,
        "Alert on disk space": 1,
        "Think": 3,
    }


def test_later_revision_brings_items_along_and_makes_none_twice(respond: Respond) -> None:
    case = respond().until("INC-6")
    case.submit("INC-6", tracker())
    before = case.items()
    case.submit(
        "INC-6",
        tracker(
            quick="- [ ] rotate the logs. — @Gwen\n- [ ] Alert on disk space — @agate",
            short="- [ ] Try the restore — @jade",
            long="",
        ),
    )
    after = case.items()
    assert set(after) == {*before, "Try the restore"}
    assert after["Rotate the logs"].changed(assignee="gwen") == before["Rotate the logs"].changed(
        updated_at=after["Rotate the logs"].updated_at
    )
    moved = after["Alert on disk space"]
    assert (moved.id, moved.assignee, moved.labels[-1]) == (before["Alert on disk space"].id, "agate", "quick-wins")
    assert moved.deadline == case.rules.now + timedelta(days=7)
    dropped = after["Write a runbook"]
    assert (dropped.status, dropped.close_reason, dropped.due_at) == ("closed", "not in the tracker any more", None)


def test_item_that_is_done_stays_done_and_one_that_was_dropped_comes_back(respond: Respond) -> None:
    case = respond().until("INC-6")
    case.submit("INC-6", tracker())
    case.give("action.done", id=case.items()["Rotate the logs"].id, actor="gwen", note="logrotate")
    case.submit("INC-6", tracker(long=""))
    case.submit("INC-6", tracker(long="- [ ] Write a runbook — @onyx\n- [ ] Think — @onyx"))
    items = case.items()
    assert (items["Rotate the logs"].status, items["Rotate the logs"].close_reason) == ("closed", "logrotate")
    assert (items["Write a runbook"].status, items["Write a runbook"].closed_at) == ("open", None)
    assert items["Write a runbook"].due_at == items["Write a runbook"].deadline
    assert len(items) == 4


def test_line_that_is_ticked_is_closed(respond: Respond) -> None:
    case = respond().until("INC-6")
    case.submit("INC-6", tracker(quick="- [x] Rotate the logs — @gwen"))
    assert case.items()["Rotate the logs"].status == "closed"
    assert case.mails("gwen") == []
    case.submit("INC-6", tracker(quick="- [x] Rotate the logs — @gwen", short="- [x] Alert on disk space — @jade"))
    assert {item.title for item in case.items().values() if item.status == "closed"} == {
        "Rotate the logs",
        "Alert on disk space",
    }


def test_line_without_an_owner_is_refused_and_nothing_is_kept(respond: Respond) -> None:
    case = respond().until("INC-6")
    decision = case.submit("INC-6", tracker(quick="- [ ] Rotate the logs"))
    assert isinstance(decision, Refused)
    assert decision.problem.code == "bad_section_value"
    assert case.items() == {}
    assert [each.phase for each in case.rules.all(Artifact) if each.phase == "INC-6"] == []


def test_item_is_done_by_its_owner_or_whom_the_roster_allows(respond: Respond) -> None:
    case = respond().until("INC-6")
    case.submit("INC-6", tracker())
    items = case.items()
    refused = case.give("action.done", id=items["Rotate the logs"].id, actor="jade")
    assert isinstance(refused, Refused)
    assert refused.problem.code == "not_allowed"
    assert isinstance(case.give("action.done", id=items["Rotate the logs"].id, actor="GWEN"), Plan)
    assert isinstance(case.give("action.done", id=items["Rotate the logs"].id, actor="gwen"), Nothing)
    assert isinstance(case.give("action.done", id=items["Write a runbook"].id, actor="Clara"), Plan)
    assert case.items()["Rotate the logs"].close_reason == "done"


def test_work_item_that_is_no_action_item_is_not_done_by_this_verb(respond: Respond) -> None:
    case = respond()
    made = case.give("bead.create", document={"kind": "task", "from": "jade", "title": "sweep"}, actor="jade")
    assert isinstance(made, Plan)
    decision = case.give("action.done", id=made.subject)
    assert isinstance(decision, Refused)
    assert decision.problem.code == "not_an_action_item"


def test_owner_is_reminded_of_a_late_item_and_again_until_it_is_done(respond: Respond) -> None:
    case = respond().until("INC-6")
    case.submit("INC-6", tracker(short="", long=""))
    item = case.items()["Rotate the logs"]
    case.rules.now = item.deadline
    case.rules.run_due()
    assert case.rows("bead.overdue") == []  # at its very time it is not late
    case.rules.wait(seconds=1)
    case.rules.run_due()
    (row,) = case.rows("bead.overdue")
    assert (row.level, row.entity_id, row.meta["incident"]) == ("warn", item.id, case.id)
    assert case.mails("gwen")[-1] == "Late: Rotate the logs"
    # Nobody here reads gwen's mailbox for sure, so who has the incident hears of it, too.
    assert "Late: Rotate the logs" in case.mails(case.incident.owner)
    case.rules.wait(days=7, seconds=1)
    case.rules.run_due()
    assert len(case.rows("bead.overdue")) == 2
    case.give("action.done", id=item.id, actor="gwen")
    case.rules.wait(days=30)
    case.rules.run_due()
    assert len(case.rows("bead.overdue")) == 2


def test_item_that_is_opened_again_is_waited_for_again(respond: Respond) -> None:
    case = respond().until("INC-6")
    case.submit("INC-6", tracker(short="", long=""))
    item = case.items()["Rotate the logs"]
    case.give("bead.close", id=item.id, reason="done", actor="gwen")
    assert case.items()["Rotate the logs"].due_at is None
    case.give("bead.reopen", id=item.id, actor="gwen")
    assert case.items()["Rotate the logs"].due_at == item.deadline


def test_item_that_another_program_changed_is_still_waited_for(respond: Respond) -> None:
    case = respond().until("INC-6")
    case.submit("INC-6", tracker(short="", long=""))
    item = case.items()["Rotate the logs"]
    line = {
        "id": item.id,
        "title": "Rotate all logs",
        "issue_type": "task",
        "status": "open",
        "priority": 0,
        "created_at": "2026-03-01T10:00:00Z",
        "updated_at": "2026-03-02T10:00:00Z",
        "assignee": "gwen",
    }
    assert isinstance(case.give("bead.import", line=line), Plan)
    changed = case.items()["Rotate all logs"]
    assert (changed.id, changed.related, changed.deadline, changed.due_at) == (
        item.id,
        case.id,
        item.deadline,
        item.due_at,
    )
    closed = {**line, "status": "closed", "updated_at": "2026-03-03T10:00:00Z", "closed_at": "2026-03-03T10:00:00Z"}
    assert isinstance(case.give("bead.import", line=closed), Plan)
    assert case.items()["Rotate all logs"].due_at is None


# The review as a phase


def test_dropped_review_is_an_artifact_and_the_stored_review(respond: Respond) -> None:
    case = respond("P1")
    case.give("incident.resolve", id=case.id, note="rolled back")
    whys = "\n".join(f"{number}. Why? — step {number}" for number in range(1, 6))
    body = (
        "## Timeline\n\n- 2026-03-01 10:00Z — it broke — alert 7\n\n"
        f"## Root Cause\n\n{whys}\n\n"
        "## Impact\n\n- **Customers:** 3\n- **Revenue:** none\n- **Operations:** 2 hours\n\n"
        "## Corrective Actions\n\n1. [P0] rotate — gwen\n\n## Process Improvements\n\n- a runbook\n"
    )
    assert isinstance(case.submit("PIR-1", body), Plan)
    assert (case.incident.status, case.incident.review) == ("in_review", f"review-{case.id}")
    refused = case.submit("PIR-1", body.replace("5. Why? — step 5\n", ""))
    assert isinstance(refused, Refused)
    assert refused.problem.code == "whys_missing"
    assert [each.phase for each in case.rules.all(Artifact)] == ["PIR-1"]


# What a review is drafted from


def test_draft_of_a_review_holds_what_the_phases_said(respond: Respond) -> None:
    case = respond("P1").until("INC-5")
    said = POST_MORTEM.format(poorly="nobody saw the graph")
    case.pass_gate("INC-5", said, findings=[finding("Low"), {**finding("High"), "member": "onyx"}])
    case.give("incident.resolve", id=case.id, note="rolled back")
    phase = phase_of(case.rules.view, "PIR-1")[1]
    text = draft_of(case.rules.view, case.incident)
    told = [line.split(" — ") for line in text.split("## Root Cause")[0].splitlines() if line.startswith("- ")]
    assert [at for at, _, _ in told] == sorted(at for at, _, _ in told)
    assert told[0][1:] == ["the disk is full", "graph 4 (INC-4)"]
    assert told[1][1:] == ["payments answer with errors", "alert 7 (INC-4)"]
    assert told[2][1].startswith("detected: ")
    assert told[-1][1].startswith("resolved: ")
    assert "review_commissioned" not in text  # what follows the resolution is no part of it
    assert [line for line in text.splitlines() if line[1:].startswith(". Why")][:4] == [
        "1. Why: payments answered with errors? — the disk filled up",
        "2. Why: the disk filled up? — a deploy with more logs",
        "3. Why: a deploy with more logs? — Logs are never rotated.",
        "4. Why <why, and why that, five times>",
    ]
    assert "2. [P1] Alert on disk space — jade" in text
    assert "- High: No alert on disk space: add one (jade, onyx)" in text
    done = text.replace("<how many, and what they could not do>", "12").replace(
        "<an amount, or none and how that is known>", "0"
    )
    done = done.replace("Why <why, and why that, five times>", "Why? — nobody asked before")
    check(parse(phase, done))
    assert isinstance(case.give("review.store", id=case.id, body=done), Plan)


def test_draft_of_a_long_incident_stays_as_long_as_a_review_may_be(make_rules: MakeRules) -> None:
    case = Response(make_rules(), "P1")
    for number in range(450):
        case.give("incident.note", id=case.id, text=f"look {number}")
    case.give("incident.resolve", id=case.id, note="over")
    text = draft_of(case.rules.view, case.incident)
    lines = [line for line in text.split("## Root Cause")[0].splitlines() if line.startswith("- ")]
    assert 10 <= len(lines) <= 100
    assert lines[-1].partition("resolved: ")[1]


def test_draft_leaves_audit_rows_that_an_analysis_repeats_out(respond: Respond) -> None:
    case = respond("P1").until("INC-4")
    template = template_of(case.rules.view, phase_of(case.rules.view, "INC-4")[1], case.id)
    rows = [line for line in template.splitlines() if " — audit row " in line]
    assert rows
    analysis = ANALYSIS.format(cause="Logs are never rotated.").replace(
        "\n\n## Trig", "\n" + "\n".join(rows) + "\n\n## Trig"
    )
    case.pass_gate("INC-4", analysis)
    case.give("incident.resolve", id=case.id, note="over")
    assert draft_of(case.rules.view, case.incident).count("(INC-4)") == 2


def test_template_of_the_post_mortem_shows_what_the_panel_found_once(respond: Respond) -> None:
    case = respond().until("INC-5")
    body = POST_MORTEM.format(poorly="the disk was full")
    case.submit("INC-5", body, findings=[finding("Low"), {**finding("Critical"), "member": "onyx"}])
    text = template_of(case.rules.view, phase_of(case.rules.view, "INC-5")[1], case.id)
    assert text.count("No alert on disk space") == 1
    assert "- Critical: No alert on disk space (no rule on it; jade, onyx)" in text
    assert "1. [P0] add one — <owner suggestion>" in text
