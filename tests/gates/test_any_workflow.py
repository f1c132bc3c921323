"""The engine of the gates knows no phase by name: a workflow of another project goes the same way."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.support.gates import Response

CHANGE: dict[str, Any] = {
    "kind": "workflow",
    "version": 1,
    "name": "change",
    "prefix": "CHG",
    "title": "A change of production",
    "subject": "incident",
    "phases": [
        {
            "id": "CHG-1",
            "title": "Ask",
            "artifact": "Change Request",
            "sections": [
                {"name": "Risk", "type": "enum", "values": ["Low", "High"]},
                {"name": "Way Back", "type": "text", "hint": "how it is undone"},
            ],
            "gate": {
                "criteria": ["It can be undone."],
                "approve": "go",
                "revise": "no-go",
                "demands": [{"section": "Risk", "never": ["High"]}],
            },
        },
        {
            "id": "CHG-2",
            "title": "Do",
            "artifact": "Change Report",
            "reads": ["CHG-1"],
            "repeats": True,
            "sections": [
                {
                    "name": "Risk",
                    "type": "enum",
                    "values": ["Low", "High"],
                    "from": {"phase": "CHG-1", "section": "Risk"},
                },
                {"name": "Done", "type": "list", "hint": "what was done"},
            ],
        },
    ],
}
REQUEST = "## Risk\n\nLow\n\n## Way Back\n\nroll back\n"
REPORT = "## Risk\n\nLow\n\n## Done\n\n- rolled out\n"


@pytest.fixture
def change(response: Response) -> Response:
    response.bench.commit_by_hand({"workflows/change.yaml": yaml.safe_dump(CHANGE).encode()})
    response.bench.turn()
    return response


def test_two_phases_of_another_workflow_are_gone_through(change: Response) -> None:
    assert change.refused(lambda: change.submit("CHG-2", REPORT)).code == "phase_out_of_order"
    change.submit("CHG-1", REQUEST.replace("Low", "High"))
    assert "Risk says High" in str(change.refused(lambda: change.approve("CHG-1")))
    change.revise("CHG-1")
    change.submit("CHG-1", REQUEST)
    change.approve("CHG-1")
    change.submit("CHG-2", REPORT)
    change.submit("CHG-2", REPORT.replace("out", "on"))
    assert [decision.answer for decision in change.bench.records("decision")] == ["no-go", "go"]
    assert [one.label for one in change.of("CHG-2")] == ["CHG-2", "CHG-2.2"]
    assert change.bench.problems() == ()


def test_two_workflows_about_one_incident_do_not_meet(change: Response) -> None:
    change.pass_gate("INC-1")
    change.submit("CHG-1", REQUEST)
    change.approve("CHG-1")
    change.submit("CHG-2", REPORT)
    change.submit("CHG-1", REQUEST + "and again\n")
    assert change.states() == {"INC-1": "approved", "CHG-1": "presented", "CHG-2": "stale"}


def test_template_takes_from_the_earlier_phase_what_it_says(change: Response) -> None:
    from prismfs.rules.gates.facts import template_of
    from prismfs.rules.gates.progress import phase_of

    change.submit("CHG-1", REQUEST)
    change.approve("CHG-1")
    view = change.bench.desk.repo.view(change.bench.desk.repo.snapshot())
    text = template_of(view, phase_of(view, "CHG-2")[1], change.about)
    assert text == "# CHG-2: Change Report\n\n## Risk\n\nLow\n\n## Done\n\n- <what was done>\n"


def test_two_workflows_of_one_prefix_are_ambiguous(change: Response) -> None:
    change.bench.commit_by_hand({"workflows/other.yaml": yaml.safe_dump(CHANGE | {"name": "other"}).encode()})
    change.bench.turn()
    error = change.refused(lambda: change.submit("CHG-1", REQUEST))
    assert (error.code, error.problem.hint) == ("ambiguous", "change, other")


def test_workflow_file_that_is_invalid_is_refused_and_the_last_good_one_holds(change: Response) -> None:
    change.bench.commit_by_hand({"workflows/change.yaml": b"kind: workflow\nversion: 1\nname: change\n"})
    change.bench.turn()
    assert change.rows("commit.observed")[-1].level == "error"
    change.submit("CHG-1", REQUEST)
    change.submit("INC-1")


def test_workflow_that_is_taken_out_ends_its_own_phases_alone(change: Response) -> None:
    change.bench.commit_by_hand({"workflows/change.yaml": None})
    change.bench.turn()
    assert change.refused(lambda: change.submit("CHG-1", REQUEST)).code == "no_workflow"
    change.submit("INC-1")


def test_effect_that_is_none_refuses_the_submission_whole(change: Response) -> None:
    document = {**CHANGE, "phases": [{**CHANGE["phases"][0], "on_submitted": ["no_such"]}]}
    change.bench.commit_by_hand({"workflows/change.yaml": yaml.safe_dump(document).encode()})
    change.bench.turn()
    assert change.refused(lambda: change.submit("CHG-1", REQUEST)).code == "unknown_effect"


def test_phase_that_a_changed_workflow_reads_otherwise_is_refused_at_its_gate(change: Response) -> None:
    """The file says now what an artifact has to hold; one that was submitted before does not pass unseen."""
    change.submit("CHG-1", REQUEST)
    more = {"name": "Cost", "type": "text", "hint": "how much"}
    first: Any = CHANGE["phases"][0]
    document = {**CHANGE, "phases": [{**first, "sections": [*first["sections"], more]}]}
    change.bench.commit_by_hand({"workflows/change.yaml": yaml.safe_dump(document).encode()})
    change.bench.turn()
    assert change.refused(lambda: change.approve("CHG-1")).code == "section_missing"
