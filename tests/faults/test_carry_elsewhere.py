"""A carry that was cut off, and a person who is on another branch when the next one comes: git lets them go back."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.support.project import Project

TODO = "kind: todo\nfrom: jade\ntitle: number {}\n"
DYING = """
import os, signal, sys
from pathlib import Path
from prismfs.store.repo import ProjectRepo
def crash_point(name):
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
repo = ProjectRepo(Path(sys.argv[1]), crash_point=crash_point)
with repo.writer():
    repo.bring_window()
"""


@pytest.mark.parametrize("switch", ["switch -q --detach HEAD", "switch -qc side"])
@pytest.mark.parametrize("point", ["before-files", "between-files", "before-index", "after-index", "after-window"])
def test_carry_that_was_cut_off_lets_a_person_back_to_the_branch(point: str, switch: str, bench: Project) -> None:
    """The files that it had put there were in the way, as nobody's: git refused to go back."""
    bench.drop(TODO.format(1))
    bench.turn()
    (bench.root / ".git" / "index.lock").touch()  # so that the branch stays behind
    bench.drop(TODO.format(2))
    bench.turn()
    (bench.root / ".git" / "index.lock").unlink()
    done = subprocess.run([sys.executable, "-c", DYING, str(bench.root), point], check=False)
    assert done.returncode == -signal.SIGKILL
    (bench.root / ".git" / "index.lock").unlink(missing_ok=True)
    bench.git(*switch.split())
    bench.drop(TODO.format(3))
    bench.turn()
    assert bench.head() == bench.truth()
    bench.git("switch", "-q", "main")
    bench.turn()
    bench.check_whole()


def test_file_that_the_other_branch_has_itself_is_left_to_it(bench: Project) -> None:
    """A person who stands on the records has the very files that the carry was bringing, as their own."""
    bench.turn()
    (bench.root / ".git" / "index.lock").touch()
    bench.drop(TODO.format(1))
    bench.turn()
    (bench.root / ".git" / "index.lock").unlink()
    subprocess.run([sys.executable, "-c", DYING, str(bench.root), "before-index"], check=False)
    bench.git("switch", "-q", "--detach", "--force", bench.truth())
    with bench.desk.repo.writer():
        bench.desk.repo.bring_window()
    assert bench.git("status", "--porcelain") == ""
    bench.git("switch", "-q", "main")
    bench.check_whole()
