"""The examples of plugins and patrols, run as a person would run them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "escalation"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    prismfs(tmp_path, "init", str(folder), "--pid", "PID-TEST01")
    return folder


def environment(home: Path) -> dict[str, str]:
    """A PATH on which `prismfs` is this one, and a home and keys of its own."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(home), "PRISMFS_KEY_FOLDER": str(home / "keys")}


def prismfs(home: Path, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "prismfs", "--json", *arguments],
        env=environment(home),
        capture_output=True,
        check=True,
        text=True,
    )
    data: dict[str, Any] = json.loads(done.stdout)["data"]
    return data


def script(home: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(EXAMPLES / name), *arguments], env=environment(home), capture_output=True, text=True, check=False
    )


def test_plugin_that_fails_escalates_with_what_it_printed_and_keeps_its_exit_code(desk: Path, tmp_path: Path) -> None:
    done = script(tmp_path, "plugin-rebuild.sh", str(desk), "sh", "-c", "echo '--no such \"target\"'; exit 3")
    assert done.returncode == 3, done.stderr
    (bead,) = prismfs(tmp_path, "-C", str(desk), "escalate", "list")["items"]
    assert (bead["source"], bead["category"], bead["severity"]["label"]) == ("plugin:rebuild", "failed", "MEDIUM")
    assert bead["body"] == '--no such "target"\n'
    assert script(tmp_path, "plugin-rebuild.sh", str(desk), "true").returncode == 0
    assert prismfs(tmp_path, "-C", str(desk), "escalate", "list")["total"] == 1


def test_patrol_that_finds_the_same_again_counts_on_the_open_one(desk: Path, tmp_path: Path) -> None:
    for _ in range(2):
        script(tmp_path, "patrol-disk.sh", str(desk), str(tmp_path), "0")
    (bead,) = prismfs(tmp_path, "-C", str(desk), "escalate", "list")["items"]
    assert bead["source"] == "patrol:disk:space"
    assert bead["occurrence_count"] == 2


def test_routes_of_the_example_are_valid_and_take_a_patrol_to_its_group(desk: Path, tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "routing.yaml", desk / "settings" / "routing.yaml")
    git = ["git", "-C", str(desk), "-c", "user.name=pat", "-c", "user.email=pat@example.org"]
    subprocess.run([*git, "commit", "--quiet", "--all", "--message", "routes"], check=True, env=environment(tmp_path))
    prismfs(tmp_path, "-C", str(desk), "react")
    drop = tmp_path / "found.yaml"
    drop.write_text("kind: escalation\nfrom: disk-patrol\ntitle: disk is full\nsource: patrol:disk:space\n")
    tried = prismfs(tmp_path, "-C", str(desk), "route", "test", str(drop))
    (escalation,) = tried["escalations"]
    assert [step["route"] for step in escalation["routes"] if step["taken"]] == ["patrols"]
    assert {message["action"]: message["status"] for message in tried["messages"]} == {
        "log": "held",
        "mail:deacon": "held",
    }
