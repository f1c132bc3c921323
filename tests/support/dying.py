"""A writer that is killed in the middle of git."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

_DYING = """
import os, signal, sys
from pathlib import Path
from prismfs.store.repo import ProjectRepo
repo = ProjectRepo(Path(sys.argv[1]))
with repo.writer():
    for name in sys.argv[2:]:
        os.close(os.open(repo.place.git_dir / name, os.O_CREAT | os.O_EXCL))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def die_holding(root: Path, *names: str) -> None:
    """Kill a writer that holds the project's lock while lock files of git, those of `names`, stand."""
    done = subprocess.run([sys.executable, "-c", _DYING, str(root), *names], check=False)
    assert done.returncode == -signal.SIGKILL
