"""A channel of another package: installed beside prismfs, named in the settings, it carries a notice (R-004-06)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

CHANNEL = '''\
from pathlib import Path

from prismfs.records.message import Receipt


class Lamp:
    """Lights a lamp: writes the subject to the file that the target's URL names."""

    def __init__(self, target):
        self.target = target

    def send(self, message):
        Path(self.target.url).write_text(f"{self.target.options['colour']}: {message.subject}")
        return Receipt(outcome="sent", detail="lit")
'''


@dataclass(frozen=True)
class Place:
    """A project, and a folder of installed packages beside it."""

    root: Path
    packages: Path

    def prismfs(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Run a command with the packages installed; give its exit code and its answer."""
        environment = os.environ | {"PYTHONPATH": str(self.packages)}
        done = subprocess.run(
            [sys.executable, "-m", "prismfs", "-C", str(self.root), *arguments, "--json"],
            env=environment, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return done.returncode, json.loads(done.stdout)

    def install(self) -> None:
        """Lay the package down as pip would: a module, and the metadata with its entry point."""
        info = self.packages / "prismfs_lamp-1.0.dist-info"
        info.mkdir(parents=True)
        (self.packages / "prismfs_lamp.py").write_text(CHANNEL)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: prismfs-lamp\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[prismfs.channels]\nlamp = prismfs_lamp:Lamp\n")

    def commit_settings(self, actions: list[str], targets: dict[str, Any]) -> None:
        """Commit the actions of severity HIGH and the targets by hand."""
        escalation, routing = self.root / "settings/escalation.json", self.root / "settings/routing.yaml"
        policy = json.loads(escalation.read_text())
        policy["routes"]["high"] = actions
        escalation.write_text(json.dumps(policy))
        routing.write_text(yaml.safe_dump(yaml.safe_load(routing.read_text()) | {"targets": targets}))
        git = ("git", "-C", str(self.root), "-c", "user.name=Olga", "-c", "user.email=olga@example.org")
        subprocess.run([*git, "commit", "-qam", "another channel"], check=True)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A new project, with nothing installed."""
    made = Place(tmp_path / "desk", tmp_path / "packages")
    assert made.prismfs("init", str(made.root), "--pid", "PID-DESK01")[0] == 0
    return made


def lamp(tmp_path: Path) -> dict[str, Any]:
    return {"office": {"channel": "lamp", "url": str(tmp_path / "lamp"), "options": {"colour": "red"}}}


def test_channel_of_another_package_carries_a_notice(place: Place, tmp_path: Path) -> None:
    place.install()
    place.commit_settings(["bead", "lamp:office"], lamp(tmp_path))
    assert place.prismfs("check", str(place.root / "settings/escalation.json"))[0] == 0
    code, answer = place.prismfs("escalate", "-s", "HIGH", "disk almost full")
    assert code == 0, answer
    assert (tmp_path / "lamp").read_text() == "red: [HIGH] disk almost full"


def test_channel_whose_package_is_missing_is_not_configured_and_doctor_says_so(place: Place, tmp_path: Path) -> None:
    """One that is not installed any more must not stop the desk: the notice is kept, and the next tier has it."""
    place.commit_settings(["bead", "lamp:office"], lamp(tmp_path))
    code, answer = place.prismfs("escalate", "-s", "HIGH", "disk almost full")
    assert (code, answer["error"]["code"]) == (6, "undelivered")
    said = json.dumps(place.prismfs("doctor")[1])
    assert ("no_channel" in said, "entry point lamp" in said) == (True, True)


def test_channel_that_no_target_names_stops_the_desk(place: Place, tmp_path: Path) -> None:
    """A word that is written wrong is named with the nearest; nothing is decided by half a configuration."""
    place.install()
    place.commit_settings(["bead", "emial:human"], lamp(tmp_path))
    for command in (
        ("escalate", "-s", "HIGH", "disk almost full"),
        ("check", str(place.root / "settings/escalation.json")),
        ("doctor",),
    ):
        _, answer = place.prismfs(*command)
        said = json.dumps(answer)
        assert "there is no channel emial; did you mean email:human?" in said
        assert "settings/escalation.json" in said
