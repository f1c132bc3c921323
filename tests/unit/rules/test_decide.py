"""Single rules, asked directly: pure functions over a view in memory."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from prismfs.errors import RecordError
from prismfs.kinds import kind_of
from prismfs.kinds.care.signal import Signal, SignalDrop
from prismfs.kinds.core.audit import INCIDENT_META, AuditFile
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.core.settings.fingerprint import Fingerprint
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy, Routes
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import GENESIS, ChainHead, Event, Nothing, OwnerProof, Plan, Refused
from prismfs.rules import decide
from prismfs.rules.core.draft import Draft
from prismfs.rules.escalation.routes import severity_actions
from prismfs.rules.response.reports import dedup_key
from prismfs.store.defaults import default_files
from prismfs.store.memory import MemoryView
from tests.support.rows import rows_of

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
FAULT: dict[str, Any] = {
    "kind": "signal",
    "from": "jade",
    "to": "Sage",
    "type": "Question",
    "subject": "export crashes with a stack trace",
    "body": "It worked before the update. Expected a file, got an error.",
}


def project_view() -> MemoryView:
    project = Project(pid="PID-TEST01", tenant="acme", operators=("frank",))
    return MemoryView({**default_files(), "prismfs.yaml": kind_of(project).write(project)})


def drop(document: dict[str, object], *, cause: str = "drop:1", at: datetime = NOW) -> Event:
    return Event.model_validate(
        {
            "type": "drop",
            "kind": document["kind"],
            "cause": cause,
            "at": at,
            "actor": document.get("from", "unknown"),
            "document": {"document": document, "name": "x.yaml", "sha256": "0" * 64, "size": 1},
        }
    )


def command(verb: str, document: dict[str, object], *, actor: str = "frank", cause: str = "command:1") -> Event:
    return Event.model_validate(
        {
            "type": "command",
            "kind": verb,
            "cause": cause,
            "at": NOW,
            "actor": actor,
            "document": document,
        }
    )


def planned(view: MemoryView, event: Event, *, now: datetime = NOW) -> Plan:
    decision = decide(view, event, now)
    assert isinstance(decision, Plan), decision
    view.add(decision)
    return decision


def test_signal_drop_with_a_lane_of_its_own_is_refused() -> None:
    """R-000-01: the sender does not classify."""
    with pytest.raises(RecordError) as refused:
        SignalDrop.from_document(FAULT | {"lane": "incident"})
    assert (refused.value.code, refused.value.problem.field) == ("unknown_field", "/lane")


def test_decide_signal_keeps_sender_addressee_type_and_payload() -> None:
    """R-000-08: sender, project, addressee, type and payload are recorded."""
    plan = planned(project_view(), drop(FAULT))
    (signal,) = [put for put in plan.puts if isinstance(put, Signal)]
    assert (signal.sender, signal.to, signal.pid, signal.type) == ("jade", "Sage", "PID-TEST01", "Question")
    assert (signal.subject, signal.body) == (FAULT["subject"], FAULT["body"])


def test_decide_incident_rows_carry_all_six_members_of_meta() -> None:
    """R-002-38, R-002-41: every step has its row, each with all six keys, null where unknown."""
    plan = planned(project_view(), drop(FAULT))
    rows = [row for row in rows_of(plan.puts) if row.entity_type == "incident"]
    assert [row.action for row in rows] == [
        "incident.detected", "incident.triage", "incident.escalated", "incident.triaged",
    ]  # fmt: skip
    assert [row.level for row in rows] == ["error", "warn", "warn", "warn"]
    for row in rows:
        assert set(INCIDENT_META) <= set(row.meta)
    assert rows[2].meta["escalation_target"] == "support"
    assert rows[0].meta["affected_workflow"] is None


def test_decide_rows_are_chained_and_only_the_first_carries_the_event() -> None:
    """R-002-43: rows follow each other without a gap; the event is kept once."""
    view = project_view()
    made = [put for number in (1, 2) for put in planned(view, drop(FAULT, cause=f"drop:{number}")).puts]
    rows = rows_of(made)
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert sum(row.event is not None for row in rows) == 2
    one, two = (put for put in made if isinstance(put, AuditFile))
    assert (one.prev, two.prev) == (GENESIS.digest, sha256(kind_of(one).write(one)).hexdigest())


def test_rows_that_one_file_cannot_hold_stand_in_several_one_after_the_other() -> None:
    """R-002-43: a file has a limit, what one decision may say has none; the event is kept once all the same."""
    view = project_view()
    draft = Draft(view, drop(FAULT), NOW)
    draft.because("count_all", "many at once")
    for number in range(2500):
        draft.row_about("thing.counted", "thing", f"thing-{number}", meta={"number": number})
    plan = draft.plan()
    files = [put for put in plan.puts if isinstance(put, AuditFile)]
    assert len(files) > 1
    before = GENESIS.digest
    for file in files:
        assert file.prev == before
        before = sha256(kind_of(file).write(file)).hexdigest()
    rows = rows_of(plan.puts)
    assert [(row.number, row.entity_id) for row in rows] == [(n + 1, f"thing-{n}") for n in range(2500)]
    assert [row.number for row in rows if row.event is not None] == [1]
    view.add(plan)
    assert view.last_audit() == ChainHead(2500, before)


def test_decide_same_cause_again_decides_nothing() -> None:
    view = project_view()
    planned(view, drop(FAULT))
    assert isinstance(decide(view, drop(FAULT), NOW + timedelta(hours=1)), Nothing)


def test_decide_mail_acknowledged_is_marked_and_kept() -> None:
    """R-000-13: reading marks a message; it never removes it."""
    view = project_view()
    plan = planned(view, drop(FAULT | {"to": "mayor"}))
    (mail,) = [put for put in plan.puts if isinstance(put, Mail)]
    other = decide(view, drop({"kind": "ack", "from": "jade", "id": mail.id}, cause="drop:2"), NOW)
    assert isinstance(other, Refused)
    assert other.problem.code == "not_yours"
    own = drop({"kind": "ack", "from": "Mayor", "id": mail.id}, cause="drop:3")
    read = planned(view, own.changed(proof=OwnerProof(how="owner", login="mayor")))
    (after,) = [put for put in read.puts if isinstance(put, Mail)]
    assert (after.status, after.body) == ("read", mail.body)


def test_decide_command_of_somebody_without_authority_is_refused() -> None:
    view = project_view()
    (incident,) = [put for put in planned(view, drop(FAULT)).puts if isinstance(put, Incident)]
    decision = decide(view, command("incident.ack", {"id": incident.id}, actor="jade"), NOW)
    assert isinstance(decision, Refused)
    assert decision.problem.code == "not_allowed"
    assert isinstance(decide(view, command("incident.ack", {"id": incident.id}, actor="Clara"), NOW), Plan)


def test_decide_somebody_who_claims_to_be_the_engine_is_refused() -> None:
    """The audit trail tells the engine's own doing from a claim; asking for help is refused to a false name only."""
    for name in ("prismfs", "Prismfs"):
        for event in (
            drop(FAULT | {"from": name}),
            drop({"kind": "journal", "from": name, "subject": "x"}),
            command("escalation", {"document": {"kind": "escalation", "from": name, "title": "x"}}, actor=name),
        ):
            decision = decide(project_view(), event, NOW)
            assert isinstance(decision, Refused)
            assert decision.problem.code == "reserved_identity"


def test_escalation_settings_that_ship_are_the_protocols_defaults() -> None:
    """R-004-03: a missing file means the same as the file that ships."""
    shipped = json.loads(default_files()["settings/escalation.json"])
    settings = EscalationPolicy.from_document(shipped)
    assert settings == EscalationPolicy()
    assert settings.routes.critical == ("bead", "mail:mayor", "email:human", "sms:human")
    assert (settings.stale_threshold, settings.max_reescalations) == (timedelta(hours=4), 2)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"stale_threshold": "4x"}, "/stale_threshold"),
        ({"max_reescalations": -1}, "/max_reescalations"),
        ({"routes": {"medium": ["pigeon"]}}, "/routes/medium/0"),
        ({"routes": {"urgent": ["bead"]}}, "/routes/urgent"),
        ({"contacts": {"smtp_pass": "hunter2"}}, "/contacts"),
        ({"colour": 1}, "/colour"),
    ],
)
def test_escalation_settings_bad_value_is_refused_by_name(change: dict[str, object], field: str) -> None:
    shipped = json.loads(default_files()["settings/escalation.json"])
    with pytest.raises(RecordError) as refused:
        EscalationPolicy.from_document(shipped | change)
    assert refused.value.problem.field == field


def test_actions_of_severity_without_a_route_takes_the_next_more_urgent() -> None:
    """R-004-05; where none of these has any, the most urgent that has."""
    routes = Routes(low=(), medium=(), high=("bead", "log"), critical=("bead", "mail:mayor"))
    assert severity_actions(routes, 3) == ("bead", "log")
    assert severity_actions(routes, 0) == ("bead", "mail:mayor")
    assert severity_actions(Routes(low=("log",)), 2) == ("log",)


def test_bead_labels_are_derived_from_its_fields() -> None:
    """R-004-07: the labels are the protocol's, and no second truth."""
    view = project_view()
    form: dict[str, object] = {
        "kind": "escalation",
        "from": "jade",
        "severity": "medium",
        "title": "rebuild failed",
        "source": "plugin:rebuild",
    }
    (bead,) = [put for put in planned(view, drop(form)).puts if isinstance(put, Escalation)]
    event = Event.model_validate(
        {
            "type": "due",
            "kind": "bead",
            "cause": "due:1",
            "at": NOW,
            "actor": "prismfs",
            "document": {"id": bead.id},
        }
    )
    (stale,) = [put for put in planned(view, event, now=NOW + timedelta(hours=5)).puts if isinstance(put, Escalation)]
    assert stale.labels == {}
    assert stale.tags == (
        "escalation",
        "severity:HIGH",
        "source:plugin:rebuild",
        "acknowledged:false",
        "reescalated:true",
        "reescalation_count:1",
        "original_severity:MEDIUM",
    )


def signal(subject: str, *, key: str | None = None, payload: str = "0" * 64) -> Signal:
    plan = planned(project_view(), drop(FAULT | {"subject": subject} | ({"dedup_key": key} if key else {})))
    (made,) = [put for put in plan.puts if isinstance(put, Signal)]
    return made.changed(payload_hash=payload)


def test_dedup_key_numbers_and_case_do_not_tell_faults_apart() -> None:
    """C-03, C-10: own keys and made ones are apart; a subject without words stands for itself."""
    rules = project_view().single(Fingerprint)
    assert dedup_key(rules, signal("Export 17 failed!")) == dedup_key(rules, signal("export 18 FAILED"))
    assert dedup_key(rules, signal("Export failed")) != dedup_key(rules, signal("Import failed"))
    assert dedup_key(rules, signal("x", key="auto:1")) == "key:auto:1"
    assert dedup_key(rules, signal("404", payload="1" * 64)) != dedup_key(rules, signal("500", payload="2" * 64))
