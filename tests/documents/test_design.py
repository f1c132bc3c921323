"""docs/design.md says how the house is: its files, its road, its folders."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import FrameType

from prismfs.rules.core.road import ORDER
from tests.documents.walks import ROOT
from tests.support.project import Project

TEXT = (ROOT / "docs" / "design.md").read_text()
WAY = re.findall(r"^\d+\. `(prismfs/[\w/]+\.py)`, `(\w+)`", TEXT, re.MULTILINE)
SIGNAL = (
    "kind: signal\nfrom: jade\nto: Sage\ntype: Question\nsubject: export crashes\nbody: It crashes with a traceback.\n"
)


def test_way_of_a_signal_is_twelve_files_in_the_order_in_which_it_takes_them(tmp_path: Path) -> None:
    assert len({path for path, _ in WAY}) == len(WAY) <= 12
    first: dict[tuple[str, str], int] = {}

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            name = frame.f_code.co_filename.rpartition("/prismfs/")[2]
            first.setdefault((f"prismfs/{name}", frame.f_code.co_name), len(first))

    project = Project.new(tmp_path / "desk")
    project.drop(SIGNAL)
    sys.setprofile(note)
    try:
        project.turn()
    finally:
        sys.setprofile(None)
        project.close()
    assert [step for step in WAY if step not in first] == []
    assert sorted(WAY, key=lambda step: first[step]) == WAY


def test_files_of_the_design_are_there() -> None:
    named = set(re.findall(r"`(prismfs/[\w/]+\.\w+)`", TEXT))
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_road_of_the_design_is_the_order_of_the_steps() -> None:
    assert " > ".join(ORDER) in TEXT
