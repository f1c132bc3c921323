"""FT-08: what a refused command leaves, how often, and when people hear of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import prismfs.rules
from prismfs.engine.turn.refusals import leaves_event, refusal_event
from prismfs.engine.turn.submit import command_event
from prismfs.errors import RecordError
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.records.api import Decision, Nothing, Plan, Refused
from prismfs.rules import decide
from prismfs.rules.core import refusals
from tests.support.memory import NOW, MemoryProject, code, puts

INCIDENT = "inc-0" + "1" * 25


def refuse(project: MemoryProject, verb: str = "gate.approve", *, actor: str = "jade", **said: Any) -> Decision:
    """Give a command that is refused; return what is decided of its refusal."""
    event = project.event("command", verb, {"id": INCIDENT, **said}, actor=actor)
    decision = project.take(event)
    assert isinstance(decision, Refused), decision
    assert leaves_event(event, decision)
    return project.take(refusal_event(event, decision.problem))


def beads(project: MemoryProject) -> list[Escalation]:
    return project.all(Escalation)


def test_refused_command_leaves_who_what_and_why_and_nothing_of_what_it_said() -> None:
    project = MemoryProject()
    (row,) = puts(refuse(project, "incident.open", subject="the quarry-9417 of Frank"), Audit)
    assert (row.action, row.actor, row.assurance, row.level) == ("command.refused", "prismfs", "engine", "warn")
    assert (row.entity_type, row.entity_id, row.reason) == ("command", "incident.open", "refused: not_allowed")
    assert row.meta.pop("hint")
    assert row.meta == {
        "by": "jade", "how": "local", "verb": "incident.open", "named": [INCIDENT], "code": "not_allowed",
        "message": "jade may not give incident.open", "field": "/from",
    }  # fmt: skip
    assert "quarry-9417" not in row.model_dump_json()


def test_rows_are_limited_by_identity_verb_and_code_and_begin_again_after_the_window() -> None:
    project = MemoryProject()
    made = [isinstance(refuse(project), Plan) for _ in range(7)]
    assert made == [True] * 5 + [False] * 2
    assert isinstance(refuse(project), Nothing)
    assert isinstance(refuse(project, actor="onyx"), Plan)
    assert isinstance(refuse(project, "incident.ack"), Plan)
    project.wait(minutes=59)
    assert isinstance(refuse(project), Nothing)
    project.wait(minutes=1)
    assert isinstance(refuse(project), Plan)


def test_repeated_tries_open_one_escalation_that_counts_and_gets_louder() -> None:
    project = MemoryProject()
    for _ in range(2):
        refuse(project)
    assert beads(project) == []
    refuse(project)
    (bead,) = beads(project)
    assert (bead.severity.label, bead.tier, bead.reporter) == ("MEDIUM", "overseer", "prismfs")
    assert bead.title == "jade was refused 3 times: not_allowed (gate.approve)"
    for part in ("3 tries since 2026-03-01T10:00:00.000Z", "gate.approve", "prismfs audit --refused --actor jade"):
        assert part in bead.body
    for verb in ("gate.approve", "incident.ack", "incident.ack"):
        refuse(project, verb)
    (bead,) = beads(project)
    assert (bead.occurrence_count, bead.severity.label, bead.status) == (4, "HIGH", "open")
    for _ in range(20):
        refuse(project, "incident.close")
        refuse(project, "incident.resolve")
    (bead,) = beads(project)
    assert bead.severity.label == "HIGH"


def test_names_that_the_roster_does_not_know_share_one_escalation() -> None:
    project = MemoryProject()
    for name in ("jade", "onyx", "agate"):
        for _ in range(3):
            refuse(project, actor=name)
    (bead,) = beads(project)
    assert bead.occurrence_count == 3
    for _ in range(3):
        refuse(project, "incident.open", actor="Sage")
    assert len(beads(project)) == 2


def test_slips_open_none_however_often() -> None:
    project = MemoryProject()
    for _ in range(5):
        refuse(project, "incident.ack", actor="frank")
    assert {row.meta["code"] for row in project.rows("command.refused")} == {"not_found"}
    assert beads(project) == []


def test_what_left_no_row_counts_towards_the_escalation_once_it_is_told() -> None:
    project = MemoryProject()
    told = {"by": "jade", "verb": "gate.approve", "code": "not_allowed", "more": 6, "since": "2026-03-01T10:00:00.000Z"}
    (row, *_) = puts(project.take(project.event("command", "refused", told, actor="prismfs")), Audit)
    assert row.meta["more"] == 6
    (bead,) = beads(project)
    assert bead.severity.label == "HIGH"
    assert bead.title.startswith("jade was refused 6 times")


def test_files_that_claim_a_right_reach_people_as_well() -> None:
    project = MemoryProject()
    for number in range(3):
        form = {"kind": "ack", "from": "frank", "id": INCIDENT}
        document = {"document": form, "name": f"{number}.yaml", "sha256": "0" * 64, "size": 1}
        event = project.event("drop", "ack", document, actor="frank")
        decision = project.take(event)
        assert code(decision) == "unproven_identity"
        assert isinstance(decision, Refused)
        project.take(refusal_event(event, decision.problem))
    (bead,) = beads(project)
    assert bead.title == "frank was refused 3 times: unproven_identity (a file in the inbox)"


def test_wrong_form_and_lost_race_are_no_refusal() -> None:
    project = MemoryProject()
    event = project.event("command", "incident.open", {"subject": "x", "nature": "bananas"}, actor="frank")
    refused = project.take(event)
    assert isinstance(refused, Refused)
    assert leaves_event(event, refused)
    event = project.event("command", "incident.open", {"severity": "P1"}, actor="frank")
    wrong = project.take(event)
    assert isinstance(wrong, Refused)
    assert wrong.error is RecordError
    assert not leaves_event(event, wrong)


@pytest.mark.parametrize("actor", ["jade", "frank", "prismfs"])
def test_nobody_says_of_another_that_he_was_refused(actor: str) -> None:
    with pytest.raises(RecordError, match="only the engine"):
        command_event("refused", {"by": "frank", "verb": "x", "code": "not_allowed"}, actor=actor, token="1", at=NOW)
    project = MemoryProject()
    if actor != "prismfs":
        event = project.event("command", "refused", {"by": "frank", "verb": "x", "code": "not_allowed"}, actor=actor)
        assert code(decide(project.view, event, NOW)) == "reserved_identity"


def test_every_code_that_denies_a_right_is_known_as_a_privileged_try() -> None:
    folder = Path(prismfs.rules.__file__).parent
    raised = {code for path in sorted(folder.rglob("*.py")) for code in forbidden_codes(path.read_text())}
    assert raised == refusals.PRIVILEGED


def forbidden_codes(source: str) -> Iterator[str]:
    """Yield the codes of the ForbiddenErrors that a module raises, so far as they are literal."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ForbiddenError":
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield str(first.value)
