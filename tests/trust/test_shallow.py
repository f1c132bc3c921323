"""A shallow or partial clone is called that, with the command that mends it, and nothing in it forged (FG-03)."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from prismfs.cli import run
from tests.support.project import Project

UNSHALLOW = "git prune --expire=never && git fetch --unshallow, then again"
REFETCH = "git fetch --no-filter --refetch, then again"


@pytest.fixture
def desk(bench: Project) -> Project:
    """A project whose records were added, and whose files were changed."""
    for number in range(6):
        bench.clock.move(timedelta(minutes=1))
        bench.drop(json.dumps({"kind": "journal", "from": "jade", "subject": f"note {number}"}), f"{number}.json")
        bench.commit_by_hand({"NOTES": f"{number}\n".encode()})
        bench.turn()
    bench.git("config", "uploadpack.allowFilter", "true")
    return bench


def shell(folder: Path, script: str) -> None:
    subprocess.run(["sh", "-ec", script], cwd=folder, check=True, capture_output=True)


def left_open(clone: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What is undecidable of a clone in which nothing contradicts the history: it is looked at for the first time."""
    assert run(["-C", clone, "--json", "verify"]) == 1
    data = json.loads(capsys.readouterr().out)["data"]
    assert data["problems"] == []
    return [line["said"].partition(":")[0] for line in data["report"] if line["word"] == "undecidable"]


@pytest.mark.parametrize(
    ("cut", "hint"),
    [
        ("git clone -q --depth=1 {url} clone", UNSHALLOW),
        ("git clone -q --depth=5 {url} clone", UNSHALLOW),
        ("git clone -q --shallow-since=2026-03-01T10:04:30Z {url} clone", UNSHALLOW),
        (
            "git clone -q {url} clone; cd clone; git fetch -q --depth=1; git reflog expire --expire=now --all;"
            " git gc -q --prune=now", UNSHALLOW,
        ),
        ("git clone -q --filter=blob:none {url} clone", REFETCH),
        ("git clone -q --filter=tree:0 {url} clone", REFETCH),
    ],
    ids=["depth 1", "depth 5", "since", "fetch --depth in a full clone", "without files", "without folders"],
)  # fmt: skip
def test_clone_that_leaves_history_out_says_so_and_holds_once_it_is_there(
    cut: str, hint: str, desk: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell(tmp_path, cut.format(url=desk.root.as_uri()))
    clone = str(tmp_path / "clone")
    assert run(["-C", clone, "--json", "verify"]) == 69
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["hint"]) == ("history_shallow", hint)
    assert run(["-C", clone, "--json", "doctor"]) == 1
    assert "history_shallow" in capsys.readouterr().out
    shell(tmp_path / "clone", hint.partition(",")[0])
    assert left_open(clone, capsys) == ["end"]


def test_full_clone_whose_history_a_fetch_marks_as_cut_goes_on_and_verifies(
    desk: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The objects are there until gc takes them: the engine does not ask what git's file `shallow` says."""
    shell(tmp_path, f"git clone -q {desk.root.as_uri()} clone; cd clone; git fetch -q --depth=1")
    assert left_open(str(tmp_path / "clone"), capsys) == ["end"]
