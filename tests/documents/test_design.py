"""docs/design.md says how the house is: its files, its road, its folders."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from types import CodeType, FrameType

import pytest

from prismfs.rules import STEPS
from prismfs.rules.core.road import ORDER
from tests.documents.walks import ROOT
from tests.support.project import Project

TEXT = (ROOT / "docs" / "design.md").read_text()
WAY = re.findall(r"^\d+\. `(prismfs/[\w/]+\.py)`, `(\w+)`", TEXT, re.MULTILINE)
BESIDE = [
    (step, (f"prismfs/{path}", name))
    for step, path, name in re.findall(r"^\| (\w+) \| `(rules/[\w/]+\.py)`, `(\w+)` \|", TEXT, re.MULTILINE)
]
SIGNAL = (
    "kind: signal\nfrom: jade\nto: Sage\ntype: Question\nsubject: export crashes\nbody: It crashes with a traceback.\n"
)

Place = tuple[str, str]
"""A file of the checkout, and a function in it."""


def place_of(code: CodeType) -> Place:
    """Return where the code of a function stands."""
    return f"prismfs/{code.co_filename.rpartition('/prismfs/')[2]}", code.co_name


@dataclass(frozen=True, slots=True)
class Course:
    """What ran in the turn of the signal; `functions` and `steps` are in the order of their first call."""

    functions: tuple[Place, ...]
    stages: frozenset[Place]
    steps: tuple[Place, ...]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """One turn of a project into which the signal was dropped."""
    functions: dict[Place, None] = {}
    stages: dict[Place, None] = {}
    steps: dict[Place, None] = {}
    inside = {("prismfs/rules/__init__.py", "_decide"): stages, ("prismfs/rules/core/road.py", "follow_road"): steps}
    not_stages = {"follow_road", "follow", "own", "plan"}

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_back is not None:
            place = place_of(frame.f_code)
            functions.setdefault(place)
            known = inside.get(place_of(frame.f_back.f_code))
            if known is not None and place[0].startswith("prismfs/rules/") and place[1] not in not_stages:
                known.setdefault(place)

    project = Project.new(tmp_path_factory.mktemp("way") / "desk")
    project.drop(SIGNAL)
    sys.setprofile(note)
    try:
        project.turn()
    finally:
        sys.setprofile(None)
        project.close()
    own = {place_of(step.run.__code__) for steps in STEPS.values() for step in steps}
    return Course(tuple(functions), frozenset(stages), tuple(place for place in steps if place in own))


def test_way_of_a_signal_is_twelve_files_in_the_order_in_which_it_takes_them(course: Course) -> None:
    assert len({path for path, _ in WAY}) == len(WAY) <= 12
    assert [step for step in WAY if step not in course.functions] == []
    assert sorted(WAY, key=course.functions.index) == WAY


def test_every_stage_and_step_of_the_signal_stands_on_the_way_or_beside_it(course: Course) -> None:
    """The twelve files and those of the table hold every stage and step that answered the signal."""
    way = {path for path, _ in WAY}
    ran = {place for place in {*course.stages, *course.steps} if place[0] not in way}
    assert len(course.stages) > 5
    assert len(course.steps) > 5
    assert {place for _, place in BESIDE} == ran


def test_steps_beside_the_way_are_in_the_order_of_the_road(course: Course) -> None:
    at = {place_of(step.run.__code__): step.at for steps in STEPS.values() for step in steps}
    shown = [(step, place) for step, place in BESIDE if step != "stage"]
    assert {place for step, place in BESIDE if step == "stage"} <= course.stages
    assert [step for step, _ in shown] == [at[place] for _, place in shown]
    assert [ORDER.index(step) for step, _ in shown] == sorted(ORDER.index(step) for step, _ in shown)


def test_files_of_the_design_are_there() -> None:
    named = set(re.findall(r"`(prismfs/[\w/]+\.\w+)`", TEXT))
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_road_of_the_design_is_the_order_of_the_steps() -> None:
    assert " > ".join(ORDER) in TEXT
