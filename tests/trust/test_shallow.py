"""A shallow clone is called that, and nothing in it is called forged (FG-03)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from prismfs.cli import run
from tests.support.project import Project


@pytest.mark.parametrize("depth", [1, 5])
def test_verify_of_a_shallow_clone_says_so_and_holds_once_the_history_is_there(
    depth: int, bench: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(6):
        bench.drop(json.dumps({"kind": "journal", "from": "jade", "subject": f"note {number}"}), f"{number}.json")
        bench.turn()
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", f"--depth={depth}", bench.root.as_uri(), str(clone)], check=True)

    assert run(["-C", str(clone), "--json", "verify"]) == 69
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["hint"]) == ("history_shallow", "git fetch --unshallow, then again")
    assert run(["-C", str(clone), "--json", "doctor"]) == 1
    assert "history_shallow" in capsys.readouterr().out

    subprocess.run(["git", "fetch", "--quiet", "--unshallow"], cwd=clone, check=True)
    assert run(["-C", str(clone), "verify"]) == 0
