"""A workflow file is held together by its own rules, whatever its phases are called."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from pydantic import JsonValue

from prismfs.errors import RecordError
from prismfs.kinds.gates.settings import workflow
from prismfs.records.document import Document
from prismfs.store.defaults import default_files

PATH = "workflows/incident.yaml"
SECTION: Document = {"name": "Why", "type": "text", "hint": "the reason"}
SMALL: Document = {
    "kind": "workflow",
    "version": 1,
    "name": "change",
    "prefix": "CHG",
    "title": "A change",
    "subject": "incident",
    "phases": [
        {
            "id": "CHG-1",
            "title": "Ask",
            "artifact": "Request",
            "sections": [SECTION],
            "gate": {"criteria": ["It is safe."]},
        },
        {"id": "CHG-2", "title": "Do", "artifact": "Report", "reads": ["CHG-1"], "sections": [SECTION]},
    ],
}


def read(document: Document) -> workflow.Workflow:
    found = workflow.KIND.record(document, path="workflows/change.yaml")
    assert isinstance(found, workflow.Workflow)
    return found


def test_default_workflow_is_the_six_phases_of_incident_response() -> None:
    """R-003-02, R-003-03, R-003-06, R-003-10, R-003-14, R-003-17, R-003-21, R-003-24: order, gates, personas, reads."""
    found = workflow.KIND.read(default_files()[PATH], path=PATH)
    assert isinstance(found, workflow.Workflow)
    assert [(phase.id, phase.artifact, phase.gate is not None) for phase in found.phases] == [
        ("INC-1", "Triage Assessment", True),
        ("INC-2", "Mitigation Report", True),
        ("INC-3", "Stakeholder Communication", False),
        ("INC-4", "Root Cause Analysis", True),
        ("INC-5", "Post-Mortem Report", True),
        ("INC-6", "Action Item Tracker", False),
    ]
    assert [phase.reads for phase in found.phases] == [
        (), ("INC-1",), ("INC-1", "INC-2"), ("INC-1", "INC-2"), ("INC-1", "INC-2", "INC-4"), ("INC-5",),
    ]  # fmt: skip
    assert [phase.persona or phase.panel for phase in found.phases] == [
        *("incident-commander", "incident-commander", "incident-commander"),
        *("debugger", "incident-post-mortem", "tech-lead"),
    ]
    assert [(found.phases[1].secondary), found.phases[3].prompt, found.phases[2].repeats] == ["sre", "debug", True]
    answers = [(phase.gate.approve, phase.gate.revise) for phase in found.phases if phase.gate]
    assert answers == [
        ("approved", "revise"), ("approved", "mitigation insufficient"), ("approved", "revise"), ("approved", "revise"),
    ]  # fmt: skip


def test_default_workflow_is_written_back_as_it_is_read() -> None:
    found = workflow.KIND.read(default_files()[PATH], path=PATH)
    assert workflow.KIND.read(workflow.KIND.write(found), path=PATH) == found


def test_workflow_of_any_name_is_read() -> None:
    assert read(SMALL).phase("CHG-2") == read(SMALL).phases[1]
    assert read(SMALL).phase("CHG-3") is None


def change(document: Any, *path: str | int, to: Any) -> None:
    for part in path[:-1]:
        document = document[part]
    document[path[-1]] = to


@pytest.mark.parametrize(
    ("path", "to", "said"),
    [
        (("prefix",), "chg", "prefix"),
        (("phases", 1, "id"), "CHG-3", "should be CHG-2"),
        (("phases", 1, "reads"), ["CHG-2"], "no earlier phase"),
        (("phases", 0, "needs"), ["CHG-2"], "no earlier phase"),
        (("phases", 0, "sections"), [SECTION, {**SECTION, "name": "WHY"}], "same name"),
        (("phases", 0, "sections"), [], "sections"),
        (("phases", 0, "repeats"), True, "cannot repeat"),
        (("phases", 1, "on_approved"), ["promise"], "no gate"),
        (("phases", 0, "gate", "criteria"), [], "criteria"),
        (("phases", 0, "gate", "demands"), [{"section": "How", "least": 1}], "no section"),
        (("phases", 0, "sections", 0, "type"), "regex", "type"),
        (("phases", 0, "sections", 0, "values"), ["a", "b"], "unknown field"),
        (("phases", 0, "sections", 0, "hint"), "<b>", "hint"),
        (("phases", 0, "sections", 0, "name"), "a # b", "name"),
        (("phases", 1, "sections", 0, "from"), {"phase": "CHG-1", "section": "How"}, "not there"),
        (("phases", 0, "sections", 0, "from"), {"phase": "CHG-2", "section": "Why"}, "not there"),
        (("phases", 1, "sections", 0, "from"), {"phase": "CHG-1"}, "names either"),
        (("phases", 1, "sections", 0, "from"), {"fact": "x", "phase": "CHG-1", "section": "Why"}, "names either"),
    ],
)
def test_workflow_that_does_not_hold_together_is_refused(path: tuple[str | int, ...], to: JsonValue, said: str) -> None:
    document = deepcopy(SMALL)
    change(document, *path, to=to)
    with pytest.raises(RecordError) as caught:
        read(document)
    assert said in f"{caught.value} {caught.value.problem.field}", str(caught.value)
