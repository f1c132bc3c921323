"""Phases in their order: what must be there before one may begin, and what a new revision does to those after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from prismfs.kinds import kind_of
from prismfs.kinds.gates.settings.workflow import Workflow
from prismfs.records.api import Nothing
from prismfs.rules.gates import progress
from tests.support.gates import Response

GATED = ("INC-1", "INC-2", "INC-4", "INC-5")


def test_six_phases_from_triage_to_action_items(response: Response) -> None:
    """R-003-02, R-003-03: six phases, gates after 1, 2, 4 and 5; the sixth ends the workflow (C-120)."""
    for number in range(1, 7):
        phase = f"INC-{number}"
        response.submit(phase)
        assert response.newest(phase).status == ("presented" if phase in GATED else "submitted")
        if phase in GATED:
            response.approve(phase)
    reached = ["approved", "approved", "submitted", "approved", "approved", "submitted"]
    assert [state for _, state in sorted(response.states().items())] == reached
    view = response.bench.desk.repo.view(response.bench.desk.repo.snapshot())
    found = progress.phase_states(view, view.get(Workflow, "incident"), response.about)
    assert [one.state for one in found] == reached
    assert response.bench.problems() == ()


def test_mitigation_before_triage_is_approved_is_refused(response: Response) -> None:
    """C-120: not there, waiting and sent back are all not approved."""
    steps: tuple[tuple[Callable[[], Any], str], ...] = (
        (lambda: None, "INC-1 is not there"),
        (lambda: response.submit("INC-1"), "INC-1 waits at its gate"),
        (lambda: response.revise("INC-1"), "INC-1 was sent back"),
    )
    for prepare, said in steps:
        prepare()
        error = response.refused(lambda: response.submit("INC-2"))
        assert (error.code, said in str(error)) == ("phase_out_of_order", True), str(error)
    assert error.problem.hint == f"prismfs incident phase submit {response.about} INC-1 FILE"


def test_refusal_names_the_next_command(response: Response) -> None:
    response.submit("INC-1")
    error = response.refused(lambda: response.submit("INC-2"))
    assert error.problem.hint == f"prismfs gate show {response.newest('INC-1').id}"


def test_root_cause_needs_an_approved_mitigation_and_a_communication(response: Response) -> None:
    """C-120: INC-4 needs gate 2, and INC-3 to be there, which needs no approval."""
    response.pass_gate("INC-1")
    response.submit("INC-2")
    error = response.refused(lambda: response.submit("INC-4"))
    assert "INC-2 waits at its gate" in str(error)
    assert "INC-3 is not there" in str(error)
    assert response.refused(lambda: response.submit("INC-3")).code == "phase_out_of_order"
    response.approve("INC-2")
    assert "INC-2" not in str(response.refused(lambda: response.submit("INC-4"))).partition("(")[0]
    response.submit("INC-3")
    response.submit("INC-4")
    assert response.newest("INC-4").status == "presented"


def test_order_is_checked_before_the_text(response: Response) -> None:
    assert response.refused(lambda: response.submit("INC-2", "nothing of it")).code == "phase_out_of_order"


def test_communications_repeat_and_all_of_them_hold(response: Response) -> None:
    """R-003-16: INC-3.1, INC-3.2; none takes the place of the one before."""
    response.pass_gate("INC-1", "INC-2")
    response.submit("INC-3")
    response.submit("INC-3", response.text("INC-3").replace("12:30Z", "13:30Z"))
    assert [(one.label, one.revision, one.status) for one in response.of("INC-3")] == [
        ("INC-3", 1, "submitted"), ("INC-3.2", 1, "submitted"),
    ]  # fmt: skip
    assert isinstance(response.submit("INC-3", response.text("INC-3").replace("12:30Z", "13:30Z")), Nothing)


def test_artifact_names_what_it_was_written_against(response: Response) -> None:
    response.pass_gate("INC-1", "INC-2", "INC-3", "INC-4")
    reads = response.newest("INC-4").reads
    written = [response.newest("INC-1"), response.newest("INC-2")]
    assert [(read.id, read.content_hash) for read in reads] == [(one.id, one.content_hash) for one in written]


def test_same_text_again_is_nothing_new(response: Response) -> None:
    response.submit("INC-1")
    assert isinstance(response.submit("INC-1"), Nothing)
    response.approve("INC-1")
    assert isinstance(response.submit("INC-1"), Nothing)
    assert len(response.of("INC-1")) == 1


def test_sent_back_and_submitted_again_is_a_revision_and_both_are_kept(response: Response) -> None:
    """C-122: revise leads to revision 2, and revision 1 can still be read."""
    response.submit("INC-1")
    response.revise("INC-1", reason="which exports?")
    assert isinstance(response.submit("INC-1"), Nothing)  # the very same once more says nothing
    better = response.text("INC-1").replace("about 40", "exactly 38")
    response.submit("INC-1", better)
    first, second = response.of("INC-1")
    assert (first.revision, first.status, first.body) == (1, "revise", response.text("INC-1"))
    assert (second.revision, second.status, second.body) == (2, "presented", better)
    assert [decision.reason for decision in response.bench.records("decision")] == ["which exports?"]


def test_new_revision_of_an_approved_phase_makes_later_ones_stale(response: Response) -> None:
    """R-003-27: its gate opens again, and whatever builds on it is to be written anew, a row each."""
    response.pass_gate("INC-1", "INC-2", "INC-3", "INC-4", "INC-5", "INC-6")
    response.submit("INC-2", response.text("INC-2").replace("12 → 0", "13 → 0"))
    assert response.states() == {
        "INC-1": "approved", "INC-2": "presented", "INC-3": "stale", "INC-4": "stale", "INC-5": "stale",
        "INC-6": "stale",
    }  # fmt: skip
    assert len(response.rows("phase.stale")) == 4
    assert response.refused(lambda: response.approve("INC-4")).code == "not_at_gate"
    response.approve("INC-2")
    assert response.refused(lambda: response.submit("INC-5")).code == "phase_out_of_order"
    response.submit("INC-3")  # the same words, on top of what INC-2 says now
    response.submit("INC-4")
    assert (response.newest("INC-4").revision, response.newest("INC-4").status) == (2, "presented")
    assert response.bench.problems() == ()


@pytest.mark.parametrize(
    ("phase", "code"),
    [("INC-7", "unknown_phase"), ("CHG-1", "no_workflow"), ("inc-1", "bad_field"), ("INC-0", "bad_field")],
)
def test_phase_that_is_none_is_refused(response: Response, phase: str, code: str) -> None:
    assert response.refused(lambda: response.submit(phase, "x")).code == code


def test_phase_about_something_else_is_refused(response: Response) -> None:
    (signal,) = response.bench.records("signal")
    response.about = signal.id
    assert response.refused(lambda: response.submit("INC-1")).code == "wrong_subject"
    response.about = "inc-01kjmdeb80er8dfw0wemj7sy1g"
    assert response.refused(lambda: response.submit("INC-1")).code == "not_found"


def test_incident_that_is_none_any_more_takes_no_phases(response: Response) -> None:
    incident = response.incident().changed(status="false_positive")
    response.bench.force({kind_of(incident).place_of(incident): kind_of(incident).write(incident)})
    assert response.refused(lambda: response.submit("INC-1")).code == "subject_ended"


def test_dropped_artifact_opens_the_phase_and_a_bad_one_goes_to_quarantine(response: Response) -> None:
    """R-003-28: phases are files."""
    import yaml

    form = {"kind": "artifact", "from": "gwen", "incident": response.about, "phase": "INC-1"}
    response.bench.drop(yaml.safe_dump(form | {"body": response.text("INC-1").replace("Major", "Catastrophic")}))
    response.bench.turn()
    assert response.of("INC-1") == []
    (reason,) = (response.bench.root / "quarantine").glob("*.reason.yaml")
    assert yaml.safe_load(reason.read_text())["code"] == "bad_section_value"
    response.bench.drop(yaml.safe_dump(form | {"body": response.text("INC-1")}))
    response.bench.turn()
    assert (response.newest("INC-1").author, response.newest("INC-1").status) == ("gwen", "presented")
    assert response.bench.problems() == ()


def test_each_step_stands_in_the_timeline_of_the_incident(response: Response) -> None:
    """R-002-38, R-002-41: a row on the incident with the six keys for every step of its phases."""
    response.submit("INC-1")
    response.revise("INC-1")
    response.submit("INC-1", response.text("INC-1").replace("40", "41"))
    response.approve("INC-1")
    rows = response.rows("incident.phase")
    assert [(row.meta["phase"], row.meta["revision"], row.meta["state"]) for row in rows] == [
        ("INC-1", 1, "presented"), ("INC-1", 1, "revise"), ("INC-1", 2, "presented"), ("INC-1", 2, "approved"),
    ]  # fmt: skip
    for row in rows:
        assert row.level == "warn"
        assert set(row.meta) >= {"severity", "affected_workflow", "affected_agent", "retry_attempts", "auto_resolved",
                                 "escalation_target"}  # fmt: skip
