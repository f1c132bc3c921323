"""The walks of the documents: their commands in order, with what each is said to print and how it exits."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

# What differs from one run, or one machine, to the next.
_VARIABLE = (
    (r"\b([a-z]{3})-[0-9a-z]{26}\b", r"\1-ID"),
    (r"signal-[0-9a-f]+-[0-9a-f]{8}\.json", "FILE"),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z| \+0000)?", "TIME"),
    (r"\b[0-9a-f]{64}\b", "DIGEST"),
    (r"\b[0-9a-f]{40}\b", "COMMIT"),
    (r"Reference: [0-9a-f]{12}", "Reference: R"),
    (r"- (prismfs|python|platform): \S+", r"- \1: V"),
    (r"\(prismfs [^)]+\)", "(SCANNER)"),
    (r"/tmp/[\w./-]+", "FOLDER"),
)

_EXITS = re.compile(r"# exits (\d+)\s*$")
_MARK = "--- next "


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a walk, with the output that the document shows (empty where it shows none)."""

    command: str
    shown: str

    @property
    def exit_code(self) -> int:
        """How the command ends: 0 unless its comment says `# exits N`."""
        found = _EXITS.search(self.command)
        return int(found[1]) if found else 0


def places() -> list[Path]:
    """Every document of the project in which commands may be shown."""
    top = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    return sorted([*top, *(ROOT / "examples").rglob("*.md")])


def documents() -> list[Path]:
    """Every document of the project that shows commands to type."""
    return [path for path in places() if steps_of(path)]


def steps_of(path: Path) -> list[Step]:
    """The commands of a document's console blocks in order; one with a here-document takes the lines up to its end."""
    steps: list[Step] = []
    for block in re.findall(r"^```console\n(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL):
        for text in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = text.partition("\n")
            here = re.search(r"<<'?(\w+)'?", command)
            if here:
                body, _, shown = shown.partition(f"\n{here[1]}\n")
                command = f"{command}\n{body}\n{here[1]}"
            steps.append(Step(command, shown))
    return steps


def play(steps: list[Step], folder: Path) -> list[tuple[str, int]]:
    """Run the commands in one shell in `folder`, and return what each printed and its exit code.

    The shell finds this `prismfs` on PATH, has an empty home and knows no other settings of git than the defaults.
    """
    home = folder / "home"
    home.mkdir()
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "PRISMFS_KEY_FOLDER": str(folder / "keys"),  # documents make a project in the folder home
        "USER": "olga",
        "LOGNAME": "olga",
        "GIT_CONFIG_NOSYSTEM": "1",
        "LANG": "C.UTF-8",
        "TMPDIR": str(home),
        "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT))),  # a copy of the checkout comes before the checkout
    }
    script = "".join(f"{step.command}\necho '{_MARK}'$?\n" for step in steps)
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    parts = re.split(rf"^{_MARK}(\d+)\n", done.stdout, flags=re.MULTILINE)
    assert len(parts) == 2 * len(steps) + 1, done.stdout[-2000:] + done.stderr[-2000:]
    return [(parts[place], int(parts[place + 1])) for place in range(0, len(parts) - 1, 2)]


def is_as_shown(shown: str, printed: str) -> bool:
    """Whether each line shown is printed, in that order; `…` stands for anything, ids and times for any of theirs."""
    lines = [_plain(line) for line in printed.splitlines()]
    at = 0
    for line in filter(None, (_plain(line) for line in shown.splitlines())):
        pattern = re.compile(".*".join(re.escape(part) for part in line.split("…")))
        at = next((place + 1 for place in range(at, len(lines)) if pattern.fullmatch(lines[place])), -1)
        if at < 0:
            return False
    return True


def _plain(line: str) -> str:
    for pattern, name in _VARIABLE:
        line = re.sub(pattern, name, line)
    return line.rstrip()
