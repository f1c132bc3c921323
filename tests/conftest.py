"""What tests of several levels share: a founded project, and a bench to work at it with and without prismfs."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from prismfs.clock import FakeClock
from prismfs.engine.admin.init_project import found_project
from prismfs.engine.trust.verify import Verified, verify
from prismfs.engine.turn.commit_group import Outcome
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.react import Moment, react
from prismfs.engine.turn.submit import command_event, submit
from prismfs.errors import Problem
from prismfs.kinds import KINDS, kind_of_path
from prismfs.kinds.core.settings.project import Project
from prismfs.records.base import Record
from prismfs.records.plan import Decision
from prismfs.store.plumbing import EMPTY_TREE


def _beside(name: str) -> Any:
    """Return the module `name` beside this file: the folder is no package, so it is loaded by path as tests are."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


servers = _beside("servers")
authority, http_server, https_server = servers.authority, servers.http_server, servers.https_server
make_smtp_server, smtp_server = servers.make_smtp_server, servers.smtp_server
github = _beside("github").github
samples = _beside("samples")


@pytest.fixture(autouse=True, scope="session")
def scan_key_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the key of the scanner's codes out of the home of whoever runs the tests."""
    path = tmp_path_factory.mktemp("state") / "scan.key"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRISMFS_SCAN_KEY_FILE", str(path))
        yield path


@pytest.fixture(scope="session")
def scan_samples() -> Any:
    """The labelled texts for the scanner: `dirty()` and `clean()`."""
    return samples


START = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)
PROJECT = Project(pid="PID-TEST01", tenant="acme", operators=("olga",))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not shown on this machine."""
    if shutil.which("gh") is None:
        terminalreporter.write_line("NOT SHOWN: the GitHub CLI is missing (apt-get install gh)", red=True, bold=True)


class Bench:
    """One project, its clock, and the hands of an agent, an operator and a person with git."""

    def __init__(
        self, root: Path, project: Project = PROJECT, *, bridged: bool = False, clock: FakeClock | None = None
    ) -> None:
        self.root = root
        self.clock = clock or FakeClock(START)
        found_project(root, project=project, now=START, bridged=bridged)
        self.desk = Desk(root)
        self._dropped = 0
        self._commands = 0

    def close(self) -> None:
        self.desk.repo.close()

    def restart(self) -> None:
        """Begin anew as another process would: nothing is remembered but what is on disk."""
        self.close()
        self.desk = Desk(self.root)

    def moment(self) -> Moment:
        return Moment(now=self.clock.now(), monotonic=self.clock.monotonic(), wall=self.clock.wall())

    def drop(self, text: str | bytes, name: str | None = None) -> str:
        self._dropped += 1
        name = name or f"drop-{self._dropped:04}.yaml"
        (self.root / "inbox" / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return name

    def turn(self) -> list[Outcome]:
        """React until nothing is left to do at this time."""
        outcomes: list[Outcome] = []
        for _ in range(50):
            turn = react(self.desk, self.moment())
            outcomes += turn.outcomes
            if not turn.more:
                return outcomes
        raise AssertionError("a turn that never ends")

    def give(self, verb: str, document: dict[str, Any], *, actor: str = "olga") -> Decision:
        self._commands += 1
        event = command_event(verb, document, actor=actor, token=f"{self._commands:032}", at=self.clock.now())
        return submit(self.desk, event, self.clock.now())[0]

    def wait(self, by: timedelta) -> list[Outcome]:
        self.clock.move(by)
        return self.turn()

    def git(self, *arguments: str, check: bool = True, **environment: str) -> str:
        """Run git as a person at the same folder does."""
        return run_git(self.root, *arguments, check=check, at=self.clock.now(), **environment)

    def head(self) -> str:
        return self.git("rev-parse", "refs/heads/main")

    def commit_by_hand(self, files: dict[str, bytes | None], *, subject: str = "by hand") -> str:
        """Write or (None) remove files and commit exactly them, as a person does."""
        for path, data in files.items():
            place = self.root / path
            if data is None:
                place.unlink(missing_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
        self.git("add", "-A", "--", *files)
        self.git("commit", "--quiet", "-m", subject, "--", *files)
        return self.head()

    def files(self, commit: str = "refs/heads/main") -> dict[str, bytes]:
        """Return every record file of a commit, read by git and not through the projection."""
        git = self.desk.repo.git
        return {
            change.path: git.read(change.new) or b""
            for change in git.changes(EMPTY_TREE, commit)
            if kind_of_path(change.path) is not None
        }

    def records(self, name: str) -> list[Any]:
        """Return the records of one kind as the branch holds them, in path order; chained ones by number."""
        kind = KINDS[name]
        found: list[Record] = [
            kind.read(data, path=path) for path, data in sorted(self.files().items()) if kind.owns(path)
        ]
        return sorted(found, key=lambda record: getattr(record, "number")) if kind.chained else found  # noqa: B009

    def verify(self) -> Verified:
        return verify(self.desk.repo.git, until=self.head())

    def problems(self) -> tuple[Problem, ...]:
        return self.verify().problems


def run_git(root: Path, *arguments: str, check: bool = True, at: datetime = START, **environment: str) -> str:
    """Run git at `root` without the configuration of whoever runs the tests, and return what it says."""
    date = f"{int(at.timestamp())} +0000"
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Pat",
        "GIT_AUTHOR_EMAIL": "pat@example.org",
        "GIT_COMMITTER_NAME": "Pat",
        "GIT_COMMITTER_EMAIL": "pat@example.org",
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_DATE": date,
        "LC_ALL": "C",
    }
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], env=clean | environment, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "desk")
    yield made
    made.close()


@pytest.fixture
def bench_class() -> type[Bench]:
    """Give the class of benches, for tests whose projects are otherwise than the one here."""
    return Bench


@pytest.fixture
def start() -> datetime:
    return START


@pytest.fixture(name="run_git")
def run_git_fixture() -> Any:
    return run_git


@pytest.fixture
def make_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Give a maker of benches, for tests that need several projects (such as one for each generated example)."""
    made: list[Bench] = []

    def make() -> Bench:
        made.append(Bench(tmp_path_factory.mktemp("bench") / "desk"))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


@pytest.fixture
def make_bench_at() -> Iterator[Any]:
    """Give a maker of benches at a place of the test's choice, such as a disk of its own."""
    made: list[Bench] = []

    def make(root: Path) -> Bench:
        made.append(Bench(root))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


@pytest.fixture
def signals() -> dict[str, str]:
    """One drop for each lane, and one to somebody who is no intake desk."""
    return {lane: signal(subject, body) for lane, (subject, body) in LANES.items()} | {
        "delivered": signal("hello there", "Just to let you know.", to="mayor")
    }


@pytest.fixture(name="signal")
def signal_fixture() -> Any:
    return signal


def signal(subject: str, body: str = "", *, sender: str = "jade", to: str = "Sage", **more: str) -> str:
    """Return a drop of kind signal as YAML."""
    lines = [f"kind: signal\nfrom: {sender}\nto: {to}\ntype: Question\nsubject: {subject!r}\nbody: {body!r}\n"]
    lines += [f"{key}: {value!r}\n" for key, value in more.items()]
    return "".join(lines)


LANES = {
    "info": ("How do I set the number of workers?", "Where is it documented which option sets it? How to do it?"),
    "incident": ("export crashes with a traceback", "It is broken: every run fails with an exception since today."),
    "enhancement": ("Feature request: JSON output for all commands", "It would be nice to have a --json option."),
    "recommendation": ("Recommendation: drop Python 3.6", "I suggest to make 3.8 the oldest version."),
    "unclassified": ("About yesterday", "Much like the last one, only smaller. Onyx was there and knows more."),
}
