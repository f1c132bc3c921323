"""No step of an incident without its audit row: take the row away, and the step does not happen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from prismfs.engine.turn.due import due_event
from prismfs.kinds.core.audit import INCIDENT_META, Audit
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import format_instant
from prismfs.rules.core.draft import Draft
from tests.support.memory import MakeRules, MemoryProject


@pytest.fixture
def rules(make_rules: MakeRules) -> MemoryProject:
    return make_rules()


def opened(rules: MemoryProject, key: str = "db", **said: Any) -> Incident:
    return rules.open_incident(**{"dedup_key": key, "severity": "P2"} | said)


def give(verb: str, **said: Any) -> Callable[[Any, Incident], Any]:
    return lambda rules, incident: rules.give(f"incident.{verb}", {"id": incident.id, **said})


def resolve(rules: MemoryProject, incident: Incident) -> None:
    rules.give("incident.resolve", {"id": incident.id, "note": "mended"})


def let_it_be_due(rules: MemoryProject, incident: Incident) -> Any:
    return rules.take(due_event(rules.fresh(incident)))


NOTHING: Callable[[Any, Incident], Any] = lambda rules, incident: None  # noqa: E731

STEPS: dict[str, tuple[Callable[[Any, Incident], Any], Callable[[Any, Incident], Any], str]] = {
    "opened": (NOTHING, lambda rules, incident: opened(rules, "new"), "incident.detected"),
    "counted": (NOTHING, lambda rules, incident: opened(rules), "incident.duplicate_suppressed"),
    "acknowledged": (NOTHING, give("ack"), "incident.acknowledged"),
    "judged": (NOTHING, give("triage", severity="P0", reason="worse"), "incident.triaged"),
    "corrected": (
        NOTHING,
        lambda rules, incident: give("correct", started_at=format_instant(incident.detected_at), reason="x")(
            rules, incident
        ),
        "incident.corrected",
    ),
    "handed over": (NOTHING, give("hand_over", to="Petra"), "incident.handed_over"),
    "begun": (NOTHING, give("mitigate", begin=True), "incident.mitigating"),
    "mitigated": (NOTHING, give("mitigate"), "incident.mitigated"),
    "resolved": (NOTHING, give("resolve", note="mended"), "incident.resolved"),
    "reopened": (resolve, give("reopen", reason="again"), "incident.reopened"),
    "closed": (resolve, give("close"), "incident.closed"),
    "false alarm": (NOTHING, give("close", false_positive=True, reason="x"), "incident.false_positive"),
    "merged": (
        NOTHING,
        lambda rules, incident: give("merge", into=opened(rules, "other").id)(rules, incident),
        "incident.merged",
    ),
    "missed": (lambda rules, incident: rules.wait(hours=1, minutes=1), let_it_be_due, "incident.overdue"),
    "climbed": (
        lambda rules, incident: (rules.give("incident.ack", {"id": incident.id}), rules.wait(hours=2, seconds=1)),
        let_it_be_due,
        "incident.escalated",
    ),
}


@pytest.mark.parametrize("step", STEPS)
def test_step_of_an_incident_writes_its_row_with_level_and_members(rules: MemoryProject, step: str) -> None:
    """R-002-38 to R-002-42, C-116."""
    before, act, action = STEPS[step]
    incident = opened(rules)
    before(rules, incident)
    known = len(rules.all(Audit))
    act(rules, incident)
    rows = sorted(rules.all(Audit), key=lambda row: row.number)[known:]
    about = [row for row in rows if row.entity_type == "incident"]
    assert action in [row.action for row in about]
    for row in about:
        assert row.level in ("warn", "error")
        assert set(INCIDENT_META) <= row.meta.keys()
    assert all(row.level == "error" for row in about if row.action in ("incident.detected", "incident.overdue"))


@pytest.mark.parametrize("step", sorted(STEPS.keys() - {"opened"}))
def test_row_of_every_step_names_what_is_affected(rules: MemoryProject, step: str) -> None:
    """FD-35, R-002-41: what `incident update` said is in the rows of all that comes after."""
    before, act, action = STEPS[step]
    incident = opened(rules)
    give("update", workflows=["billing"], agents=["jade"])(rules, incident)
    before(rules, incident)
    if step == "missed":  # what was said has answered it: the other target
        rules.wait(hours=24)
    known = len(rules.all(Audit))
    act(rules, incident)
    rows = [row for row in rules.all(Audit) if row.number > known and row.entity_id == incident.id]
    assert action in [row.action for row in rows]
    assert {(row.meta["affected_workflow"], row.meta["affected_agent"]) for row in rows} == {("billing", "jade")}


@pytest.mark.parametrize("step", STEPS)
def test_step_of_an_incident_without_its_row_does_not_happen(
    rules: MemoryProject, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-002-43, C-116: the audit is not best-effort."""
    before, act, _ = STEPS[step]
    incident = opened(rules)
    before(rules, incident)
    if step == "merged":
        opened(rules, "other")
    kept = sorted(record.model_dump_json() for record in rules.view.records())
    write = Draft.row

    def forget(self: Draft, action: str, record: Any, **said: Any) -> None:
        if not isinstance(record, Incident):
            write(self, action, record, **said)

    monkeypatch.setattr(Draft, "row", forget)
    if step == "merged":
        into = next(other for other in rules.all(Incident) if other.id != incident.id)
        act = give("merge", into=into.id)
    with pytest.raises(AssertionError, match="without an audit row"):
        act(rules, incident)
    assert sorted(record.model_dump_json() for record in rules.view.records()) == kept


def test_detection_is_an_error_and_the_rest_is_as_it_is_apt(rules: MemoryProject) -> None:
    """R-002-40: detected and climbed of P0 and P1 at error, triage and the end at warn."""
    severe, mild = opened(rules, "a", severity="P1"), opened(rules, "b", severity="P3")
    for incident in (severe, mild):
        resolve(rules, incident)
    levels = {(row.entity_id, row.action): row.level for row in rules.all(Audit) if row.entity_type == "incident"}
    for incident, climbed in ((severe, "error"), (mild, "warn")):
        told = {action: level for (name, action), level in levels.items() if name == incident.id}
        assert told["incident.detected"] == "error"
        assert told["incident.escalated"] == climbed
        assert {told[f"incident.{action}"] for action in ("triage", "triaged", "resolved")} == {"warn"}


def test_breach_is_told_before_the_act_that_comes_too_late(rules: MemoryProject) -> None:
    incident = opened(rules)
    rules.now = incident.detected_at + timedelta(hours=1)
    known = len(rules.all(Audit))
    rules.give("incident.mitigate", {"id": incident.id})
    rows = sorted(rules.all(Audit), key=lambda row: row.number)[known:]
    assert [row.action for row in rows] == ["incident.overdue", "incident.mitigated"]
