"""The chain of people: every condition on both sides of its limit, hops in order, the board, status updates, pauses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prismfs.errors import RecordError
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import Init, Privacy, TriageRecord
from prismfs.kinds.core.audit import INCIDENT_META, Audit
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.response.incident import AGENT, Incident
from prismfs.kinds.response.pause import Pause
from prismfs.kinds.response.settings.response import Response
from prismfs.records.api import Nothing, Plan, Refused, Severity, derive_id
from tests.support.memory import MakeRules, MemoryProject, R, puts
from tests.support.rows import rows_of

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
INC = derive_id("inc", NOW, cause="the fault")
MOMENT = timedelta(milliseconds=1)


class People:
    """A project with one incident, put there as it stands, and the hands that care for it."""

    def __init__(self, rules: MemoryProject) -> None:
        self.rules = rules

    def incident(self, rank: int = 2, *, identifier: str = INC, **fields: Any) -> Incident:
        severity = Severity(rank=rank, scale="prism", label=f"P{rank}")
        given: dict[str, Any] = {
            "id": identifier, "pid": "PID-TEST01", "title": "index damaged", "nature": "defect", "severity": severity,
            "severity_reason": "judged", "sev_initial": severity, "sev_max": severity, "status": "triage",
            "level": "support", "escalations": 1, "owner": "Cheryl", "reporter": "jade", "dedup_key": identifier,
            "detected_at": NOW, "last_seen_at": NOW,
        }  # fmt: skip
        return self.put(Incident.model_validate(given | fields))

    def put(self, record: R) -> R:
        return self.rules.put(record)

    def update(self, *, actor: str = "Cheryl", identifier: str = INC, **facts: Any) -> Any:
        return self.rules.give("incident.update", {"id": identifier} | facts, actor=actor)

    def now(self, identifier: str = INC) -> Incident:
        found = self.rules.view.get(Incident, identifier)
        assert isinstance(found, Incident)
        return found

    def settings(self, **fields: Any) -> None:
        self.put(Response.model_validate(fields))


@pytest.fixture
def people(make_rules: MakeRules) -> People:
    return People(make_rules())


def targets(decision: Any) -> list[Any]:
    """Return where the hops of a decision went, in order."""
    return [row.meta["escalation_target"] for row in rows(decision, "incident.escalated")]


def rows(decision: Any, action: str) -> list[Audit]:
    assert isinstance(decision, Plan), decision
    return [row for row in rows_of(decision.puts) if row.action == action]


def mailed(decision: Any) -> list[tuple[str, str]]:
    assert isinstance(decision, Plan), decision
    return [(put.to, put.type) for put in decision.puts if isinstance(put, Mail)]


def code(decision: Any) -> str:
    assert isinstance(decision, Refused), decision
    return decision.problem.code


@pytest.mark.parametrize(
    ("facts", "reached"),
    [
        ({"several_agents": True}, ["coordination"]),
        ({"needs_change": True}, ["coordination"]),
        ({"financial_impact_usd": "500.00"}, []),
        ({"financial_impact_usd": "500.01"}, ["coordination", "executive"]),
        ({"customer_data": True}, ["coordination", "executive"]),
        ({"needs_decision": True}, ["coordination", "executive"]),
        ({"developer_needed": True, "workaround": "reads from the copy", "root_cause_id": "RC-1"}, []),
    ],
)
def test_fact_takes_the_incident_as_far_as_its_condition_and_no_further(
    people: People, facts: dict[str, Any], reached: list[str]
) -> None:
    """R-002-25, R-002-32, R-002-37: any one condition is enough, the limit of money is exceeded, nobody is skipped."""
    people.incident()
    decision = people.update(**facts)
    assert targets(decision) == reached
    assert people.now().level == (reached or ["support"])[-1]
    assert people.now().escalations == 1 + len(reached)


@pytest.mark.parametrize(("rank", "reached"), [(0, ["coordination", "executive"]), (1, ["coordination"]), (2, [])])
def test_severity_takes_the_incident_as_far_as_its_rank(people: People, rank: int, reached: list[str]) -> None:
    """R-002-25, R-002-32: P0 and P1 to coordination, P0 to the executive, in one decision with a row for each hop."""
    people.incident(rank)
    decision = people.update(root_cause_id="RC-1")
    assert targets(decision) == reached
    assert [row.level for row in rows(decision, "incident.escalated")] == ["error"] * len(reached)
    assert people.now().owner == ("Petra" if reached else "Cheryl")  # R-002-26; the executive owns nothing
    assert [to for to, _ in mailed(decision) if to in ("Petra", "Atlas")] == ["Petra", "Atlas"][: len(reached)]


def test_severity_that_is_only_proposed_takes_it_nowhere(people: People) -> None:
    """A severity that waits for a judgement is a proposal; only its age takes the incident on meanwhile."""
    record = derive_id("tri", NOW, cause="triage")
    people.put(waiting := waiting_triage(record))
    people.incident(0, triage=record)
    assert targets(people.update(root_cause_id="RC-1")) == []
    assert people.now().timers.update is None
    people.rules.wait(hours=2, milliseconds=1)
    assert targets(people.update(root_cause_id="RC-2")) == ["coordination"]
    people.put(waiting.changed(status="done"))
    assert targets(people.update(root_cause_id="RC-3")) == ["executive"]


def waiting_triage(identifier: str) -> TriageRecord:
    return TriageRecord.model_validate(
        {
            "id": identifier, "pid": "PID-TEST01", "incident": INC, "signal": derive_id("sig", NOW, cause="s"),
            "source_pid": "PID-TEST01", "triager": "Cheryl", "mode": "propose", "status": "waiting",
            "init": Init(project="PID-TEST01", tenant="acme"), "reads": (), "privacy": Privacy(status="passed"),
            "opened_at": NOW,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("age", "reached"), [(timedelta(hours=2), []), (timedelta(hours=2) + MOMENT, ["coordination"])]
)
def test_age_counts_when_it_is_exceeded(people: People, age: timedelta, reached: list[str]) -> None:
    """R-002-25: older than two hours is strictly more, at any severity."""
    people.incident(3)
    people.rules.now = NOW + age
    assert targets(people.update(root_cause_id="RC-1")) == reached


def test_age_is_a_timer_that_lapses_one_moment_after_its_time(people: People) -> None:
    """R-002-25: nothing happens at exactly two hours, a hop one millisecond later, and no more hops after that."""
    people.incident(3, timers={"hop": NOW + timedelta(hours=2)}, due_at=NOW + timedelta(hours=2))
    people.rules.now = NOW + timedelta(hours=2)
    assert people.rules.run_due() == []
    people.rules.now += MOMENT
    (decision,) = people.rules.run_due()
    assert targets(decision) == ["coordination"]
    (row,) = rows(decision, "incident.escalated")
    assert (row.level, row.reason) == ("warn", "to coordination: older than 2h")
    people.rules.wait(hours=100)
    assert people.rules.run_due() == []
    assert people.now().level == "coordination"


def test_age_of_a_later_step_counts_where_the_next_has_none(people: People) -> None:
    """R-002-37: what only the last step asks for takes the incident there through all steps before it."""
    people.settings(
        chain=[
            {"level": "support", "role": "support", "owns": True},
            {"level": "coordination", "role": "coordination", "when": {"rank": 1}},
            {"level": "executive", "role": "executive", "when": {"older_than": "8h"}},
        ]
    )
    people.incident(3, level=AGENT, escalations=0)
    people.update(root_cause_id="RC-1")
    assert people.now().timers.hop == NOW + timedelta(hours=8)
    people.rules.now = NOW + timedelta(hours=8) + MOMENT
    (decision,) = people.rules.run_due()
    assert targets(decision) == ["coordination", "executive"]
    assert rows(decision, "incident.escalated")[0].reason == "to coordination: on the way to executive: older than 8h"


def test_age_that_the_settings_allow_by_now_only_moves_the_timer(people: People) -> None:
    people.incident(3, timers={"hop": NOW + timedelta(hours=2)}, due_at=NOW + timedelta(hours=2))
    chain: list[Any] = [level.to_document() for level in Response().chain]
    chain[1]["when"]["older_than"] = "3h"
    people.settings(chain=chain)
    people.rules.now = NOW + timedelta(hours=2) + MOMENT
    (decision,) = people.rules.run_due()
    assert targets(decision) == []
    assert [row.action for row in puts(decision, Audit)] == ["incident.retimed"]
    assert (people.now().level, people.now().timers.hop) == ("support", NOW + timedelta(hours=3))


def test_hops_of_a_closed_or_retried_incident_are_none(people: People) -> None:
    """Nobody is called while the engine itself still tries."""
    people.incident(0, status="retrying", level=AGENT)
    assert targets(people.update(customer_data=True)) == []
    people.incident(0, status="resolved", resolved_at=NOW)
    assert targets(people.update(needs_decision=True)) == []


def test_role_that_nobody_holds_falls_to_the_operator_and_the_row_says_so(people: People) -> None:
    """C-66: somebody always has it, and the audit trail says whom and for which role."""
    people.rules.view.remove_file("roster/petra.yaml")
    people.incident(1)
    (row,) = rows(people.update(root_cause_id="RC-1"), "incident.escalated")
    assert (row.meta["to"], row.meta["role"]) == ("frank", "coordination")
    assert people.now().owner == "frank"


def test_rows_of_every_step_name_the_incident_and_carry_all_six_keys(people: People) -> None:
    """R-002-38, R-002-39, R-002-40, R-002-41, C-116: nothing about an incident is said at the level info."""
    people.incident(0)
    people.update(status_text="reads fail", customers=["acme"], expected_at="2026-03-01T12:00:00Z")
    people.rules.give("incident.note", {"id": INC, "text": "seen"}, actor="jade")
    people.rules.give("incident.pause", {"id": INC, "agent": "jade", "reason": "wrong amounts"}, actor="Petra")
    people.rules.give("incident.unpause", {"id": INC, "agent": "jade"}, actor="Petra")
    people.rules.give("incident.decide", GO, actor="Atlas")
    people.rules.wait(hours=1)
    people.rules.run_due()
    found = {row.action: row for row in people.rules.all(Audit)}
    assert {f"incident.{verb}" for verb in VERBS} <= found.keys()
    for row in found.values():
        assert (row.entity_type, row.entity_id) == ("incident", INC)
        assert row.level in ("warn", "error")
        assert set(INCIDENT_META) <= row.meta.keys()


VERBS = ("escalated", "updated", "noted", "paused", "unpaused", "decided", "board_told", "update_overdue")
GO = {"id": INC, "go": True, "action": "roll back to 4.2", "reason": "no data is lost by it"}


def test_board_is_told_once_when_the_worst_reaches_the_end(people: People) -> None:
    """R-002-35: one memo, at once, also where it becomes P0 only after it came to the executive."""
    people.incident(1)
    assert rows(people.update(needs_decision=True), "incident.board_told") == []
    worst = Severity(rank=0, scale="prism", label="P0")
    people.put(people.now().changed(severity=worst, sev_max=worst))
    decision = people.update(root_cause_id="RC-1")
    assert [row.meta["to"] for row in rows(decision, "incident.board_told")] == ["Chairman"]
    assert ("Chairman", "notification") in mailed(decision)
    assert people.now().board_told_at == NOW
    assert rows(people.update(root_cause_id="RC-2"), "incident.board_told") == []


def test_board_is_not_told_before_the_end_of_the_chain(people: People) -> None:
    chain: list[Any] = [level.to_document() for level in Response().chain]
    chain[2]["when"] = {"needs_decision": True}
    people.settings(chain=chain)
    people.incident(0)
    assert rows(people.update(root_cause_id="RC-1"), "incident.board_told") == []
    assert people.now().level == "coordination"
    assert len(rows(people.update(needs_decision=True), "incident.board_told")) == 1


def test_expected_time_is_told_by_itself(people: People) -> None:
    """R-002-30: to the same people as a status text; it is none, and puts the next one off by nothing."""
    people.incident(1, level="coordination", owner="Petra", timers={"update": NOW + timedelta(minutes=5)})
    decision = people.update(actor="Cheryl", expected_at="2026-03-01T12:00:00Z")
    assert mailed(decision) == [("Atlas", "notification"), ("Petra", "notification")]
    assert people.now().timers.update == NOW + timedelta(minutes=5)


def test_status_updates_fall_due_from_coordination_on_and_by_rank(people: People) -> None:
    """R-002-31: every 30 minutes for P0 and P1, never for P2; the clock starts with the hop."""
    people.incident(2)
    people.update(root_cause_id="RC-1")
    assert people.now().timers.update is None
    people.update(needs_change=True)
    assert (people.now().level, people.now().timers.update) == ("coordination", None)
    worse = Severity(rank=1, scale="prism", label="P1")
    people.put(people.now().changed(severity=worse, sev_max=worse))
    people.rules.wait(minutes=10)
    people.update(root_cause_id="RC-2")
    assert people.now().timers.update == NOW + timedelta(minutes=40)
    people.rules.wait(minutes=10)
    people.update(root_cause_id="RC-3")  # what is no status text does not put it off
    assert people.now().timers.update == NOW + timedelta(minutes=40)
    people.update(status_text="half of the reads work")
    assert people.now().timers.update == NOW + timedelta(minutes=50)


def test_status_update_that_lapsed_is_reminded_of_once_after_a_time_down(people: People) -> None:
    """C-67: two are due, one reminder is sent, and the next one counts from now."""
    people.incident(1, level="coordination", owner="Petra")
    people.update(root_cause_id="RC-1")
    people.rules.now = NOW + timedelta(minutes=30)
    assert people.rules.run_due() == []
    people.rules.now = NOW + timedelta(minutes=95)
    (decision,) = people.rules.run_due()
    (row,) = rows(decision, "incident.update_overdue")
    assert (row.level, row.meta["due_at"], row.meta["to"]) == ("warn", "2026-03-01T10:30:00.000Z", "Petra")
    assert mailed(decision) == [("Petra", "task")]
    assert people.now().timers.update == NOW + timedelta(minutes=125)


def test_status_text_is_told_to_the_executive_the_owner_and_who_works_on_it(people: People) -> None:
    """R-002-31: everybody once, and not whoever says it; it stays as a remark."""
    people.incident(1, level="coordination", owner="Petra", assignees=("onyx", "Atlas"))
    decision = people.update(actor="Petra", status_text="half of the reads work", expected_at="2026-03-01T12:00:00Z")
    assert mailed(decision) == [("Atlas", "notification"), ("onyx", "notification")]
    assert [(note.by, note.text) for note in people.now().notes] == [("Petra", "half of the reads work")]


def test_update_that_says_nothing_new_changes_nothing(people: People) -> None:
    """What stands there already is no change: no row, no mail."""
    people.incident()
    facts: dict[str, Any] = {
        "assign": ["onyx"],
        "services": ["search"],
        "workaround": "the copy",
        "expected_at": "2026-03-01T12:00:00Z",
    }
    assert isinstance(people.update(**facts), Plan)
    assert isinstance(people.update(**facts | {"assign": ["Onyx"]}), Nothing)
    assert people.now().assignees == ("onyx",)


def test_update_names_what_changed_and_never_what_was_said(people: People) -> None:
    """The reason of a row, which becomes the commit's, carries no text of an agent."""
    people.incident()
    decision = people.update(workaround="use\nthe copy", services=["search; rm -rf"], root_cause_id="RC-9")
    (row,) = rows(decision, "incident.updated")
    assert row.reason == decision.reason == "Cheryl says root_cause_id, workaround, services"
    assert row.meta["fields"] == ["root_cause_id", "workaround", "services"]
    assert people.now().status == "triage"  # R-002-29: a workaround ends nothing


def test_lists_grow_and_shrink_by_name(people: People) -> None:
    """R-002-28: workflows, services, customers, agents; what was named by mistake is taken away again."""
    people.incident()
    people.update(workflows=["nightly export"], services=["search"], customers=["acme", "bolt"], agents=["onyx"])
    people.update(unaffected=["ACME"], customers=["cargo"])
    affected = people.now().affected
    assert (affected.workflows, affected.services) == (("nightly export",), ("search",))
    assert (affected.customers, affected.agents) == (("bolt", "cargo"), ("onyx",))
    people.update(assign=["onyx", "jade"])
    people.update(unassign=["ONYX"])
    assert people.now().assignees == ("jade",)


def test_null_takes_a_value_away(people: People) -> None:
    people.incident(workaround="the copy", expected_at=NOW + timedelta(hours=1))
    people.update(workaround=None, expected_at=None)
    assert (people.now().workaround, people.now().expected_at) == (None, None)


def test_who_is_affected_is_told_once(people: People) -> None:
    """R-002-23, R-002-27: agents, the tenant admin for customers, who is to work on it, operators for a developer."""
    people.incident()
    decision = people.update(customers=["acme"], agents=["onyx", "ruby"], assign=["topaz"], developer_needed=True)
    assert mailed(decision) == [
        ("topaz", "task"),
        ("frank", "task"),
        ("onyx", "notification"),
        ("ruby", "notification"),
        ("frank", "notification"),  # nobody holds tenant-admin: the first operator
    ]
    again = people.update(customers=["bolt"], agents=["onyx"], assign=["jade"], developer_needed=True)
    assert mailed(again) == [("jade", "task")]


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({"expected_at": "2026-03-01T10:00:00Z"}, "expected_in_the_past"),
        ({"started_at": "2026-03-01T10:00:00.001Z"}, "times_out_of_order"),
        ({"financial_impact_usd": "1.005"}, "bad_field"),
        ({"financial_impact_usd": "-1"}, "bad_field"),
        ({"severity": "P0"}, "unknown_field"),
        ({"assign": ["two words"]}, "bad_field"),
        ({"root_cause_id": "--force"}, "bad_field"),
    ],
)
def test_update_refuses_what_cannot_be(people: People, facts: dict[str, Any], wanted: str) -> None:
    people.incident()
    before = people.now()
    assert code(people.update(**facts)) == wanted
    assert people.now() == before


@pytest.mark.parametrize("status", ["closed", "duplicate", "false_positive"])
def test_update_of_what_has_ended_is_refused_and_a_remark_is_not(people: People, status: str) -> None:
    people.incident(status=status)
    assert code(people.update(root_cause_id="RC-1")) == "already_closed"
    assert isinstance(people.rules.give("incident.note", {"id": INC, "text": "for later"}, actor="jade"), Plan)


def test_first_act_of_somebody_counts_as_the_answer(people: People) -> None:
    """R-002-56: an update answers; a remark, which anybody may make, does not."""
    people.incident(timers={"respond": NOW + timedelta(hours=1)}, due_at=NOW + timedelta(hours=1))
    people.rules.give("incident.note", {"id": INC, "text": "me too"}, actor="jade")
    assert people.now().responded_at is None
    people.update(root_cause_id="RC-1")
    assert (people.now().responded_at, people.now().timers.respond) == (NOW, None)


def test_update_of_a_resolved_incident_is_no_answer(people: People) -> None:
    people.incident(1, status="resolved", resolved_at=NOW, level="coordination")
    people.rules.wait(hours=1)
    assert isinstance(people.update(status_text="we look into why"), Plan)
    assert (people.now().responded_at, people.now().timers.update) == (None, None)


def test_comment_that_was_dropped_on_an_incident_is_a_remark(people: People) -> None:
    people.incident()
    form = {"kind": "comment", "from": "jade", "id": INC, "text": "since the restart"}
    decision = people.rules.take(dropped("comment", form))
    assert [row.action for row in puts(decision, Audit)] == ["incident.noted"]
    assert [(note.by, note.text) for note in people.now().notes] == [("jade", "since the restart")]
    form["id"] = derive_id("mai", NOW, cause="m")
    assert code(people.rules.take(dropped("comment", form))) == "not_commentable"


def dropped(kind: str, form: dict[str, Any]) -> Any:
    from prismfs.records.plan import Event

    return Event.model_validate(
        {
            "type": "drop", "kind": kind, "cause": f"drop:{form['id']}", "at": NOW, "actor": form["from"],
            "document": {"document": form, "name": "a.yaml", "sha256": "0", "size": 1},
        }
    )  # fmt: skip


def test_remarks_have_a_limit_that_is_said(people: People) -> None:
    note = {"by": "jade", "at": NOW, "text": "x"}
    people.incident(notes=(note,) * 1000)
    assert code(people.rules.give("incident.note", {"id": INC, "text": "one more"}, actor="jade")) == "too_many_notes"
    assert code(people.update(status_text="one more")) == "too_many_notes"
    assert code(people.rules.give("incident.note", {"id": INC, "text": ""}, actor="jade")) == "text_missing"


@pytest.mark.parametrize(("rank", "wanted"), [(0, None), (1, None), (2, "not_severe_enough"), (3, "not_severe_enough")])
def test_pause_is_for_severe_incidents(people: People, rank: int, wanted: str | None) -> None:
    """R-002-22."""
    people.incident(rank)
    decision = people.rules.give(
        "incident.pause", {"id": INC, "agent": "Jade", "reason": "wrong amounts"}, actor="Cheryl"
    )
    if wanted is not None:
        assert code(decision) == wanted
        return
    (pause,) = people.rules.view.open_of(Pause)
    assert (pause.name, pause.agent, pause.status, pause.incidents) == ("agent-jade", "Jade", "paused", (INC,))


def test_pause_stands_until_no_incident_asks_for_it(people: People) -> None:
    """R-002-22: two incidents pause the same agent; the end of one is not the end of the pause."""
    other = derive_id("inc", NOW, cause="another fault")
    people.incident(0)
    people.incident(1, identifier=other)
    for identifier in (INC, other):
        form = {"id": identifier, "agent": "jade", "reason": "wrong amounts"}
        assert isinstance(people.rules.give("incident.pause", form, actor="Cheryl"), Plan)
        assert isinstance(people.rules.give("incident.pause", form, actor="Cheryl"), Nothing)
    (row,) = rows(
        people.rules.give("incident.unpause", {"id": INC, "agent": "jade"}, actor="Cheryl"), "incident.unpaused"
    )
    assert (row.reason, row.meta["status"]) == ("an agent is still paused for another incident", "paused")
    (row,) = rows(
        people.rules.give("incident.unpause", {"id": other, "agent": "JADE"}, actor="Petra"), "incident.unpaused"
    )
    assert (row.reason, row.meta["status"]) == ("the pause of an agent is lifted", "lifted")
    pause = people.rules.view.get(Pause, "agent-jade")
    assert (pause.status, pause.lifted_by, pause.lifted_at) == ("lifted", "Petra", NOW)
    assert isinstance(people.rules.give("incident.unpause", {"id": other, "agent": "jade"}, actor="Petra"), Nothing)


def test_pause_of_a_resolved_incident_stays_and_its_owner_is_told(people: People) -> None:
    people.incident(1)
    people.rules.give("incident.pause", {"id": INC, "workflow": "nightly export", "reason": "no"}, actor="Cheryl")
    assert code(people.rules.give("incident.pause", {"id": INC, "reason": "no"}, actor="Cheryl")) == "bad_field"
    decision = people.rules.give("incident.resolve", {"id": INC, "note": "rolled back"}, actor="Cheryl")
    (mail,) = [put for put in puts(decision, Mail) if put.subject.startswith("Still paused")]
    assert f"prismfs incident unpause {INC} --workflow 'nightly export'" in mail.body
    (pause,) = people.rules.view.open_of(Pause)
    assert (pause.status, pause.workflow) == ("paused", "nightly export")
    again = people.rules.give("incident.pause", {"id": INC, "agent": "jade", "reason": "no"}, actor="Cheryl")
    assert code(again) == "not_open"


def test_pause_ends_with_its_incident_and_goes_over_to_the_one_it_was_merged_into(people: People) -> None:
    """R-002-22: the end of an incident lifts what only it asked for, with a row; a duplicate's fault is still there."""
    other = derive_id("inc", NOW, cause="the same fault")
    people.incident(1)
    people.incident(1, identifier=other)
    form = {"id": other, "agent": "jade", "reason": "wrong amounts"}
    assert isinstance(people.rules.give("incident.pause", form, actor="Cheryl"), Plan)
    merged = people.rules.give("incident.merge", {"id": other, "into": INC}, actor="Cheryl")
    assert [row.entity_id for row in rows(merged, "incident.paused")] == [INC]
    (pause,) = people.rules.view.open_of(Pause)
    assert pause.incidents == (INC,)
    ended = people.rules.give(
        "incident.close", {"id": INC, "false_positive": True, "reason": "a drill"}, actor="Cheryl"
    )
    assert [row.meta["status"] for row in rows(ended, "incident.unpaused")] == ["lifted"]
    assert people.rules.view.open_of(Pause) == ()


def test_facts_of_a_merged_incident_take_the_other_one_on(people: People) -> None:
    """R-002-32: what was known of one fault is not forgotten because it was reported twice."""
    other = derive_id("inc", NOW, cause="the same fault")
    people.incident(3, affected={"customers": ["acme"]}, assignees=("onyx",))
    people.incident(
        3, identifier=other, customer_data=True, affected={"customers": ["ACME", "bolt"]}, assignees=("jade",)
    )
    merged = people.rules.give("incident.merge", {"id": other, "into": INC}, actor="Cheryl")
    assert targets(merged) == ["coordination", "executive"]
    both = people.now()
    assert (both.customer_data, both.affected.customers, both.assignees) == (True, ("acme", "bolt"), ("onyx", "jade"))


@pytest.mark.parametrize("actor", ["Atlas", "frank"])
def test_go_no_go_is_kept_and_told(people: People, actor: str) -> None:
    """R-002-33, R-002-34: by the executive's holder or an operator; a message to customers is kept with it."""
    people.incident(0, level="executive", owner="Petra", assignees=("onyx",))
    decision = people.rules.give("incident.decide", GO | {"draft": "We are back soon."}, actor=actor)
    (made,) = people.now().decisions
    assert (made.by, made.go, made.action, made.reason) == (actor, True, GO["action"], GO["reason"])
    assert mailed(decision)[:2] == [("Petra", "notification"), ("onyx", "notification")]
    assert [note.text for note in people.now().notes] == ["We are back soon."]
    assert isinstance(people.rules.give("incident.decide", GO, actor=actor), Nothing)
    assert isinstance(people.rules.give("incident.decide", GO | {"go": False}, actor=actor), Plan)
    assert [each.go for each in people.now().decisions] == [True, False]


@pytest.mark.parametrize("actor", ["Petra", "Cheryl", "Clara", "jade"])
def test_go_no_go_by_others_is_refused(people: People, actor: str) -> None:
    """R-002-33: neither whoever coordinates, nor anybody whom the roster gives the right to, decides."""
    people.incident(0, level="executive")
    decision = people.rules.give("incident.decide", GO, actor=actor)
    assert code(decision) in ("not_allowed", "not_executive")
    assert people.now().decisions == ()


def test_go_no_go_right_in_the_roster_is_not_enough(people: People) -> None:
    people.incident(0, level="executive")
    people.rules.view.put_file(
        "roster/petra.yaml",
        b'kind: persona\nversion: 1\nidentity: Petra\nrole: coordination\ntitle: "x"\nauthority: ["*"]\n',
    )
    assert code(people.rules.give("incident.decide", GO, actor="Petra")) == "not_executive"


def test_report_of_the_greatest_size_still_reaches_whoever_has_it_now(people: People) -> None:
    """C-103: what was reported is cut so that the task holds what is to be done; the signal keeps all of it."""
    body = "é" * 32_768
    signal = derive_id("sig", NOW, cause="s")
    people.put(
        Signal.model_validate(
            {
                "id": signal, "pid": "PID-TEST01", "from": "jade", "to": "Sage", "type": "Question", "category": "ASK",
                "subject": "index damaged", "body": body, "created_at": NOW, "received_at": NOW, "payload_hash": "0",
                "status": "handed_off", "lane": "incident", "incident": INC,
            }
        )
    )  # fmt: skip
    people.incident(1, opened_by=signal)
    decision = people.update(actor="Petra", status_text=body, expected_at="2026-03-01T12:00:00Z")
    told = {put.to: put.body for put in decision.puts if isinstance(put, Mail)}
    assert told["Petra"].startswith("é" * 1000)
    assert told["Petra"].endswith("comes to coordination: severity P1.")
    assert told["jade"].endswith("Expected to be over by 2026-03-01T12:00:00.000Z.")


@pytest.mark.parametrize(
    "fields",
    [
        {"chain": [{"level": "desk", "role": "support"}, {"level": "desk", "role": "executive", "when": {"rank": 0}}]},
        {"chain": [{"level": "agent", "role": "support"}]},
        {"chain": []},
        {"status_updates": ["0s", None, None, None]},
    ],
)
def test_chain_that_could_never_end_is_no_setting(fields: dict[str, Any]) -> None:
    """R-002-37: levels are told apart by their names; what falls due again and again leaves time between."""
    with pytest.raises(RecordError) as refused:
        Response.from_document({"kind": "response", "version": 1, **fields})
    assert refused.value.code == "bad_field"
