"""The walk in examples/incident-care is run as it stands there, and prints what it says (R-000-85)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "examples" / "incident-care" / "README.md"

# What differs from one run, or one machine, to the next.
_VARIABLE = (
    (r"\b([a-z]{3})-[0-9a-z]{26}\b", r"\1-ID"),
    (r"signal-[0-9a-f]+-[0-9a-f]{8}\.json", "FILE"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"\b[0-9a-f]{64}\b", "DIGEST"),
    (r"Reference: [0-9a-f]{12}", "Reference: R"),
    (r"- (prismfs|python|platform): \S+", r"- \1: V"),
    (r"\(prismfs [^)]+\)", "(SCANNER)"),
    (r"^\d+ commits: .*", "N commits"),
)


def console(text: str) -> list[tuple[str, str]]:
    """Return the commands of a walk and what each is said to print."""
    steps: list[tuple[str, str]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = step.partition("\n")
            steps.append((command, output))
    return steps


def play(commands: list[str], folder: Path) -> list[str]:
    """Run the commands in one shell, the first that fails being the last, and return what each printed."""
    mark = "--- next ---"
    script = "set -e\n" + "".join(f"{command}\necho '{mark}'\n" for command in commands)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRISMFS_"))}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr)
    return done.stdout.split(f"{mark}\n")[:-1]


def steady(text: str) -> str:
    """Return `text` without what differs from run to run."""
    for pattern, instead in _VARIABLE:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text.rstrip()


@pytest.mark.slow
def test_walk_prints_what_the_example_says(tmp_path: Path) -> None:
    steps = console(README.read_text())
    assert len(steps) > 10
    printed = play([command for command, _ in steps], tmp_path)
    for (command, said), found in zip(steps, printed, strict=True):
        assert steady(found) == steady(said), command
