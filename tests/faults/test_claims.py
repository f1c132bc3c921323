"""Many real processes that claim at once: exactly one has it (R-004-19)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from prismfs.engine.trust.verify import verify
from prismfs.engine.turn.desk import Desk
from tests.support.clone import share_engine
from tests.support.memory import planned
from tests.support.project import Project, run_git

AGENTS = tuple(f"agent-{number}" for number in range(8))


def claim_at_once(roots: Sequence[Path], arguments: Sequence[str]) -> list[tuple[int, dict[str, Any]]]:
    """Let every agent claim at its folder, all let go at the same moment; return exit codes and answers in order."""
    reading, writing = os.pipe()
    script = "import os,sys; os.read(int(sys.argv.pop(1)),1); from prismfs.cli import run; sys.exit(run(sys.argv[1:]))"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(reading), "-C", str(root), "--as", agent, "bead", "claim", *arguments,
             "--json"],
            pass_fds=[reading], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for agent, root in zip(AGENTS, roots, strict=False)
    ]  # fmt: skip
    os.close(reading)
    os.write(writing, b"." * len(children))
    os.close(writing)
    answers = []
    for child in children:
        out, _ = child.communicate(timeout=60)
        answers.append((child.returncode, json.loads(out)))
    return answers


def note(bench: Project, title: str) -> str:
    form = {"kind": "task", "from": "olga", "title": title}
    found: str = planned(bench.give("bead.create", {"document": form})).subject
    return found


@pytest.mark.slow
def test_of_eight_processes_exactly_one_has_the_bead(bench: Project) -> None:
    for number in range(5):
        name = note(bench, f"round {number}")
        answers = claim_at_once([bench.root] * len(AGENTS), [name])
        winners = [agent for agent, (code, _) in zip(AGENTS, answers, strict=True) if code == 0]
        assert len(winners) == 1
        lost = [answer["error"] for code, answer in answers if code == 5]
        assert len(lost) == len(AGENTS) - 1
        assert {error["message"] for error in lost} == {f"{winners[0]} has it"}
        (item,) = [record for record in bench.records("bead") if record.id == name]
        assert (item.assignee, item.status) == (winners[0], "in_progress")
    assert [row.action for row in bench.records("audit")].count("bead.claimed") == 5
    assert bench.problems() == ()


@pytest.mark.slow
def test_of_eight_who_take_the_next_each_has_another(bench: Project) -> None:
    names = {note(bench, f"one of {len(AGENTS) - 2}, {number}") for number in range(len(AGENTS) - 2)}
    answers = claim_at_once([bench.root] * len(AGENTS), ["--next"])
    assert {code for code, _ in answers} == {0}
    taken = [answer["data"]["subject"] for _, answer in answers]
    assert sorted(taken) == sorted([*names, "", ""])
    assert bench.problems() == ()


@pytest.mark.slow
def test_of_two_clones_exactly_one_has_the_bead(bench: Project, tmp_path: Path) -> None:
    """The push decides; the loser hears the winner's name, and both histories are one."""
    for number in range(3):
        note(bench, f"round {number}")
    bench.desk.repo.bring_window()
    hub = tmp_path / "hub.git"
    run_git(tmp_path, "clone", "--quiet", "--bare", str(bench.root), str(hub))
    clones = [tmp_path / name for name in ("east", "west")]
    for clone in clones:
        run_git(tmp_path, "clone", "--quiet", str(hub), str(clone))
        share_engine(bench.root, clone)
    for bead in bench.records("bead"):
        answers = claim_at_once(clones, [bead.id])
        assert sorted(code for code, _ in answers) == [0, 5], answers
        winner = next(agent for agent, (code, _) in zip(AGENTS, answers, strict=False) if code == 0)
        (lost,) = [answer["error"] for code, answer in answers if code == 5]
        assert (lost["code"], lost["message"]) == ("claimed", f"{winner} has it")
        for clone in clones:
            run_git(clone, "pull", "--quiet", "--ff-only")
    heads = {run_git(place, "rev-parse", "refs/heads/main") for place in (hub, *clones)}
    assert len(heads) == 1
    for clone in clones:
        assert run_git(clone, "status", "--porcelain") == ""
        with Desk(clone) as desk:
            assert verify(desk.repo.git, until=heads.copy().pop()).problems == ()
            rows = [record for record in desk.repo.files(desk.repo.snapshot()) if b"bead.claimed" in record[1]]
        assert len(rows) == 3
