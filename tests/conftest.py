"""What tests of several levels ask for: a project at a temporary place, and makers of more."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.drops import SIGNALS
from tests.support.founded import Founded
from tests.support.project import CLEAN, MakeProject, Project

# A busy machine is slow: no example fails for its seconds, and none for how long it took to make.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

MEMORY, ENOUGH = "/dev/shm", 8 << 30

pytest_plugins = ["tests.support.servers", "tests.support.git_servers", "tests.support.github"]


def pytest_configure() -> None:
    """Work in memory where there is enough of it: what is tested flushes to the disk all the time, and waits for it."""
    with suppress(OSError):
        room = os.statvfs(MEMORY)
        if room.f_bavail * room.f_frsize >= ENOUGH and not room.f_flag & os.ST_NOEXEC:
            os.environ.setdefault("TMPDIR", MEMORY)
            tempfile.tempdir = None  # asked before


@pytest.hookimpl(optionalhook=True)  # there is none without xdist
def pytest_xdist_auto_num_workers() -> int:
    """Run more processes than there are cores: many tests wait for a disk, or for another process."""
    return 3 * len(os.sched_getaffinity(0)) // 2


@pytest.fixture(autouse=True, scope="session")
def scan_key_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the key of the scanner's codes out of the home of the person who runs the tests."""
    path = tmp_path_factory.mktemp("state") / "scan.key"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRISMFS_SCAN_KEY_FILE", str(path))
        yield path


@pytest.fixture(autouse=True, scope="session")
def engine_key_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the keys of the projects' engines out of the home of the person who runs the tests."""
    path = tmp_path_factory.mktemp("keys")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRISMFS_KEY_FOLDER", str(path))
        patch.setitem(CLEAN, "PRISMFS_KEY_FOLDER", str(path))
        yield path


@pytest.fixture(autouse=True, scope="session")
def founded_projects(tmp_path_factory: pytest.TempPathFactory, engine_key_folder: Path) -> Iterator[None]:
    """Keep new projects to be copied."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Founded, "folder", tmp_path_factory.mktemp("founded"))
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not shown on this machine."""
    if shutil.which("gh") is None:
        terminalreporter.write_line("NOT SHOWN: the GitHub CLI is missing (apt-get install gh)", red=True, bold=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Project]:
    """A new project."""
    made = Project.new(tmp_path / "desk")
    yield made
    made.close()


@pytest.fixture
def make_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeProject]:
    """Give a maker of projects, for tests that need several (such as one for each generated example)."""
    made: list[Project] = []

    def make() -> Project:
        made.append(Project.new(tmp_path_factory.mktemp("bench") / "desk"))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


@pytest.fixture
def signals() -> dict[str, str]:
    """One drop for each lane, and one to an agent that is no intake desk."""
    return dict(SIGNALS)
