"""What a row leaves behind when it is refused: nothing of the stages that ran, and what `refused` decides instead."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from prismfs.errors import RefusedError
from prismfs.records.api import Decision, Plan, Refused
from prismfs.records.registry import path_of
from prismfs.rules import decide
from prismfs.rules.core.draft import Draft, Refusal
from prismfs.rules.core.road import Row, Step
from tests.support.memory import MemoryProject
from tests.support.rows import rows_of


@dataclass(frozen=True)
class Stamp:
    """What the letter asks for."""

    worth: int


def post(draft: Draft) -> None:
    draft.because("post", "a letter came")
    draft.row_about("letter.posted", "letter", "a", reason=draft.reason, meta={})
    draft.follow(Stamp(0))


def refuse_worthless(_draft: Draft, stamp: Stamp) -> None:
    if not stamp.worth:
        raise RefusedError("worthless", "the stamp is worth nothing")


def send_back(draft: Draft, error: Refusal) -> None:
    assert not draft.has_rows
    draft.because("send_back", f"does not count: {error.code}")
    draft.row_about("letter.sent_back", "letter", "a", reason=draft.reason, meta={"code": error.code})


STEPS = {path_of(Stamp): (Step("reply", Stamp, refuse_worthless),)}


@pytest.fixture
def project() -> MemoryProject:
    return MemoryProject()


def decided(project: MemoryProject, row: Row) -> Decision:
    event = project.event("commit", "letter", {}, actor="gwen")
    return decide(project.view, event, project.now, table={("commit", "letter"): row}, steps=STEPS)


def test_refusal_of_a_step_refuses_the_decision(project: MemoryProject) -> None:
    found = decided(project, Row((post,)))
    assert isinstance(found, Refused)
    assert found.problem.code == "worthless"


def test_row_that_says_so_decides_otherwise_on_an_empty_draft(project: MemoryProject) -> None:
    found = decided(project, Row((post,), refused=send_back))
    assert isinstance(found, Plan)
    assert (found.rule, found.reason) == ("send_back", "does not count: worthless")
    assert [row.action for row in rows_of(found.puts)] == ["letter.sent_back"]
