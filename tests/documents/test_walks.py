"""Every command of the documents is run in order, ends as it is said to, and prints what is shown (FD-63)."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.documents.walks import ROOT, documents, is_as_shown, places, play, steps_of

DEMO = re.compile(r"^make demo\b")
"""What is played without the installation before it: as `prismfs demo`."""

MADE = re.compile(r"^make (\w+)")
"""What installs and tests the whole project is run by continuous integration itself, never from inside a test."""

COMMAND = re.compile(
    r"^(?:    )?(?:\$ )?prismfs [a-z-].*|^    (?:git|ssh-keygen|python3?|make|bash|sh) .*", re.MULTILINE
)

ELSEWHERE = re.compile(r"^(git clone|pipx install|cd prismfs)\b")


@pytest.mark.slow
@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_walk_of_a_document_goes_as_it_is_shown(path: Path, tmp_path: Path) -> None:
    every = [replace(step, command=DEMO.sub("prismfs demo", step.command)) for step in steps_of(path)]
    steps = [step for step in every if not MADE.match(step.command) and not ELSEWHERE.match(step.command)]
    if path.name == "CONTRIBUTING.md":  # it is about this checkout, so it is walked in a copy
        copy_checkout(tmp_path)
    else:
        (tmp_path / "examples").symlink_to(ROOT / "examples")
    for step, (printed, code) in zip(steps, play(steps, tmp_path), strict=True):
        assert code == step.exit_code, f"$ {step.command}\n{printed}"
        assert is_as_shown(step.shown, printed), f"$ {step.command}\nshown:\n{step.shown}\nprinted:\n{printed}"


def copy_checkout(folder: Path) -> None:
    """Copy every file of the checkout that git knows or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def test_targets_that_documents_name_are_in_the_makefile() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {found[1] for path in documents() for step in steps_of(path) if (found := MADE.match(step.command))}
    assert named <= targets


def test_commands_stand_in_console_blocks_alone() -> None:
    """A command that stands anywhere else would be run by nobody."""
    found = []
    for path in places():
        text = re.sub(r"^```console\n.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
        found += [f"{path.relative_to(ROOT)}: {line.strip()}" for line in COMMAND.findall(text)]
    assert found == []


def test_line_that_is_not_printed_is_noticed() -> None:
    assert is_as_shown("a … c\n", "x\na b c\n")
    assert not is_as_shown("a … d\n", "x\na b c\n")
    assert not is_as_shown("second\nfirst\n", "first\nsecond\n")
