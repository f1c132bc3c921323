"""Killed anywhere between the commit of a gate's decision and the next phase: each is there once, or not at all."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import yaml

from prismfs.engine.trust.verdict_file import write_verdict
from prismfs.rules.gates.gate import GATE
from prismfs.store.repo import CRASH_POINTS
from tests.support.crash import turns
from tests.support.project import Project

EXAMPLES = Path(__file__).parents[2] / "examples" / "phases"
POINTS = [(point, passing) for point in (*CRASH_POINTS, "before-inbox", "between-inbox") for passing in (1, 2)]


@pytest.fixture
def at_the_gate(bench: Project, signals: dict[str, str]) -> Project:
    """A triage assessment whose approval has just come in by a commit, and the next phase that lies in the inbox."""
    bench.drop(signals["incident"])
    bench.turn()
    (incident,) = bench.records("incident")
    body = (EXAMPLES / "INC-1.md").read_text()
    bench.give("phase.submit", {"id": incident.id, "phase": "INC-1", "body": body}, actor="gwen")
    view = bench.desk.repo.view(bench.desk.repo.snapshot())
    (artifact,) = bench.records("artifact")
    _, path = write_verdict(
        bench.root, view, GATE, artifact, "approve", by="Petra", said={}, token="1", now=bench.clock.now()
    )
    bench.commit_by_hand({path: (bench.root / path).read_bytes()})
    form = {"kind": "artifact", "from": "gwen", "incident": incident.id, "phase": "INC-2"}
    bench.drop(yaml.safe_dump(form | {"body": (EXAMPLES / "INC-2.md").read_text()}))
    bench.close()
    return bench


@pytest.mark.slow
@pytest.mark.parametrize(("point", "passing"), POINTS, ids=[f"{point}-{passing}" for point, passing in POINTS])
def test_killed_between_gate_and_next_phase_both_happen_once(at_the_gate: Project, point: str, passing: int) -> None:
    """R-003-27, R-003-28: the decision and the phase after it are commits of their own, each decided once."""
    bench = at_the_gate
    killed = turns(bench.root, point, passing)
    assert killed.returncode in (-signal.SIGKILL, 0), killed.stderr
    done = turns(bench.root)
    assert done.returncode == 0, done.stderr
    bench.restart()
    found = sorted((one.phase, one.revision, one.status) for one in bench.records("artifact"))
    assert found == [("INC-1", 1, "approved"), ("INC-2", 1, "presented")]
    rows = [row.action for row in bench.records("audit") if row.action.startswith(("phase.", "gate."))]
    assert rows == ["phase.submitted", "gate.approved", "phase.submitted"]
    assert list((bench.root / "inbox").iterdir()) == []
    assert bench.problems() == ()


def test_every_point_is_passed(at_the_gate: Project) -> None:
    """A point that this road does not pass would show nothing."""
    import json

    passed = json.loads(turns(at_the_gate.root).stdout)
    assert {point for point, _ in POINTS} <= set(passed), passed
