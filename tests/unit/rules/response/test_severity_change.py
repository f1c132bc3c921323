"""How bad an incident is, judged anew: its history, the worst that it ever was, and what a person alone may lower."""

from __future__ import annotations

from typing import Any

import pytest

from prismfs.errors import RefusedError
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Event, OwnerProof, Plan, Refused, read_label
from prismfs.rules.core.draft import Draft
from prismfs.rules.response.severity import change_severity as change
from prismfs.rules.response.severity import worst
from tests.support.memory import MakeRules, MemoryProject, code


@pytest.fixture
def rules(make_rules: MakeRules) -> MemoryProject:
    return make_rules()


def event(rules: MemoryProject, *, actor: str = "frank", type: str = "command") -> Event:
    fields = {"type": type, "kind": "incident.triage", "cause": "test:1", "at": rules.now, "document": {}}
    return Event.model_validate(fields | {"actor": actor})


def severity(rules: MemoryProject, label: str, scale: str = "prism") -> Any:
    return read_label(rules.view.single(Policy).scales, label, scale=scale)


def test_every_change_is_kept_with_its_author_time_and_reason(rules: MemoryProject) -> None:
    """R-002-01, R-002-24: a change each; the first and the worst value stay."""
    incident = rules.open_incident(severity="P2")
    for label in ("P0", "P3", "P1"):
        rules.wait(minutes=1)
        rules.give("incident.triage", {"id": incident.id, "severity": label, "reason": f"looks like {label}"})
    found = rules.fresh(incident)
    history = [(entry.before.label, entry.after.label, entry.by, entry.reason) for entry in found.severity_history]
    assert history == [
        ("P2", "P0", "frank", "looks like P0"),
        ("P0", "P3", "frank", "looks like P3"),
        ("P3", "P1", "frank", "looks like P1"),
    ]
    assert [(rules.now - entry.at).total_seconds() for entry in found.severity_history] == [120, 60, 0]
    assert (found.sev_initial.label, found.sev_max.label, found.severity.label) == ("P2", "P0", "P1")


def test_same_rank_changes_nothing_and_keeps_its_label(rules: MemoryProject) -> None:
    """C-126: a label of another scale does not take the place of the stored one while the rank is the same."""
    incident = rules.open_incident(severity="P1")
    draft = Draft(rules.view, event(rules), rules.now)
    assert change(draft, incident, severity(rules, "Major", "triage"), "INC-1") is incident


def test_history_keeps_the_newest_hundred(rules: MemoryProject) -> None:
    incident = rules.open_incident(severity="P2")
    draft = Draft(rules.view, event(rules), rules.now)
    for number in range(130):
        incident = change(draft, incident, severity(rules, "P1" if number % 2 == 0 else "P2"), f"change {number}")
    assert len(incident.severity_history) == 100
    assert incident.severity_history[-1].reason == "change 129"


def test_severity_of_what_is_over_has_no_targets(rules: MemoryProject) -> None:
    incident = rules.open_incident(severity="P2")
    rules.give("incident.resolve", {"id": incident.id, "note": "mended"})
    draft = Draft(rules.view, event(rules), rules.now)
    worse = change(draft, rules.fresh(incident), severity(rules, "P0"), "found later")
    assert (worse.sev_max.label, worse.timers.resolve, worse.timers.respond) == ("P0", None, None)


# ---- security


BY_NOBODY = [
    {"type": "drop", "actor": "frank"},
    {"type": "drop", "actor": "Clara"},
    {"type": "due", "actor": "prismfs"},
    {"type": "commit", "actor": "frank"},
    {"type": "command", "actor": "Clara"},
    {"type": "command", "actor": "stranger"},
]


@pytest.mark.parametrize("by", BY_NOBODY)
@pytest.mark.parametrize(("before", "after"), [("P0", "P1"), ("P0", "P3"), ("P1", "P2")])
def test_security_is_not_lowered_without_a_person(
    rules: MemoryProject, by: dict[str, str], before: str, after: str
) -> None:
    incident = rules.open_incident(severity=before, nature="security")
    with pytest.raises(RefusedError) as caught:
        change(Draft(rules.view, event(rules, **by), rules.now), incident, severity(rules, after), "calm down")
    assert caught.value.code == "security_lowered"


@pytest.mark.parametrize("by", BY_NOBODY)
def test_security_is_made_worse_by_anybody(rules: MemoryProject, by: dict[str, str]) -> None:
    incident = rules.open_incident(severity="P1", nature="security")
    worse = change(Draft(rules.view, event(rules, **by), rules.now), incident, severity(rules, "P0"), "leaked")
    assert worse.severity.label == "P0"


def test_security_of_a_low_rank_and_other_natures_are_lowered_by_anybody(rules: MemoryProject) -> None:
    draft = Draft(rules.view, event(rules, type="drop", actor="Clara"), rules.now)
    low = rules.open_incident(severity="P2", nature="security", dedup_key="a")
    other = rules.open_incident(severity="P0", nature="outage", dedup_key="b")
    assert change(draft, low, severity(rules, "P3"), "x").severity.label == "P3"
    assert change(draft, other, severity(rules, "P2"), "x").severity.label == "P2"


@pytest.mark.parametrize("mode", ["person", "propose"])
def test_security_is_lowered_by_a_persona_whose_role_a_person_fills(rules: MemoryProject, mode: str) -> None:
    rules.automate("Clara", mode=mode)
    incident = rules.open_incident(severity="P1", nature="security")
    said = {"id": incident.id, "severity": "P3", "reason": "a test key"}
    assert isinstance(rules.give("incident.triage", said, actor="Clara"), Plan)
    assert rules.fresh(incident).severity.label == "P3"


@pytest.mark.parametrize("said", [{"severity": "P3"}, {"nature": "docs"}, {"nature": "docs", "severity": "P1"}])
def test_security_is_neither_lowered_nor_called_otherwise_by_a_dropped_result(
    rules: MemoryProject, said: dict[str, str]
) -> None:
    incident = rules.open_incident(severity="P1", nature="security")
    document = {"kind": "task_result", "from": "Clara", "id": incident.id, "reason": "x", **said}
    drop = event(rules, type="drop", actor="Clara").changed(kind="task_result", document={"document": document})
    assert code(rules.take(drop)) == "unproven_identity"
    decision = rules.take(drop.changed(cause="test:2", proof=OwnerProof(how="owner", login="clara")))
    assert isinstance(decision, Refused)
    assert decision.problem.code == "security_lowered"


def test_security_closed_as_a_false_alarm_needs_a_person(rules: MemoryProject) -> None:
    incident = rules.open_incident(severity="P1", nature="security")
    said = {"id": incident.id, "false_positive": True, "reason": "x"}
    refused = rules.give("incident.close", said, actor="Clara")
    assert code(refused) == "security_lowered"
    assert isinstance(rules.give("incident.close", said), Plan)


def test_security_judged_milder_by_the_roles_command_is_left_to_a_person(rules: MemoryProject) -> None:
    rules.automate("Clara", mode="command", command=["triage"])
    incident = rules.open_incident(severity="P0", nature="security")
    record = rules.view.open_of(Incident)[0]
    assert record.severity.label == "P0"
    draft = Draft(rules.view, event(rules, type="due", actor="prismfs"), rules.now)
    with pytest.raises(RefusedError):
        change(draft, incident, severity(rules, "P1"), "the command says so", by="command")


def test_worst_of_several_is_the_most_urgent_and_of_equals_the_first(rules: MemoryProject) -> None:
    p1, major, p3 = severity(rules, "P1"), severity(rules, "Major", "triage"), severity(rules, "P3")
    assert worst(p3, p1, major) is p1
    assert worst(major, p1) is major
