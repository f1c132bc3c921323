"""A project on disk and in real git, with the hands of an agent, an operator and a person who knows git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from prismfs.clock import FakeClock
from prismfs.engine.trust.verified import Verified
from prismfs.engine.trust.verify import verify
from prismfs.engine.turn.commit_group import Outcome, commit_group
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.react import Moment, react
from prismfs.engine.turn.submit import command_event, submit
from prismfs.errors import Problem
from prismfs.kinds import KINDS, kind_of, kind_of_path
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.settings.project import Project as Settings
from prismfs.records.api import Decision
from prismfs.store.engine_key import engine_key
from prismfs.store.git.history import ENGINE
from prismfs.store.git.keys import Signer
from prismfs.store.git.plumbing import EMPTY_TREE, NO_OBJECT, Change, NewCommit
from prismfs.store.git.signing import sign_group
from prismfs.store.repo import ProjectRepo
from tests.support.founded import found_project
from tests.support.rows import records_in

START = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)
TODO = "kind: todo\nfrom: jade\ntitle: look at it\n"
"""A drop that is taken in and changes nothing else."""

SETTINGS = Settings(pid="PID-TEST01", tenant="acme", operators=("olga",))

CLEAN = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "LC_ALL": "C",
}
"""An environment in which git reads no configuration of the person who runs the tests; conftest adds where keys go."""


class Project:
    """One project in the folder `root`, its desk, and a clock that a test moves."""

    open_desk: type[Desk] = Desk

    def __init__(self, root: Path, *, clock: FakeClock | None = None, count: int = 0) -> None:
        """Open the project at `root`, to which `count` commands were given before."""
        self.root = root
        self.clock = clock or FakeClock(START)
        self.desk = self.open_desk(root)
        self._count = count
        self._forced: set[str] = set()

    @classmethod
    def new(cls, root: Path, settings: Settings = SETTINGS, *, clock: FakeClock | None = None) -> Project:
        """Return a new project at `root`."""
        found_project(root, settings, START)
        return cls(root, clock=clock).witnessed()

    def witnessed(self) -> Self:
        """Let the user remember what the records are, as whoever founds a project does; a copy is not known yet."""
        repo = self.desk.repo
        repo.witness.sign(self.truth(), engine_key(repo.state, repo.place.pid))
        return self

    def close(self) -> None:
        self.desk.repo.close()

    def restart(self) -> None:
        """Begin anew as another process would: nothing is remembered but what is on disk."""
        self.close()
        self.desk = self.open_desk(self.root)

    # Time and turns

    def moment(self) -> Moment:
        return moment_of(self.clock)

    def turn(self) -> list[Outcome]:
        """React until nothing is left to do at this time."""
        outcomes: list[Outcome] = []
        for _ in range(50):
            turn = react(self.desk, self.moment())
            outcomes += turn.outcomes
            if not turn.more:
                return outcomes
        raise AssertionError("a turn that never ends")

    def wait(self, by: timedelta) -> list[Outcome]:
        self.clock.move(by)
        return self.turn()

    # What agents and operators do

    def drop(self, text: str | bytes, name: str | None = None) -> str:
        """Put a file into the inbox and return its name."""
        self._count += 1
        name = name or f"drop-{self._count:04}.yaml"
        (self.root / "inbox" / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return name

    def give(self, verb: str, document: dict[str, Any], *, actor: str = "olga") -> Decision:
        """Give a command and return what was decided."""
        self._count += 1
        event = command_event(verb, document, actor=actor, token=f"{self._count:032}", at=self.clock.now())
        return submit(self.desk, event, self.clock.now())[0]

    # What a person with git does

    def git(self, *arguments: str, check: bool = True, environment: Mapping[str, str] | None = None) -> str:
        """Run git as a person at the same folder does."""
        return run_git(self.root, *arguments, check=check, at=self.clock.now(), environment=environment)

    def head(self) -> str:
        return self.git("rev-parse", "refs/heads/main")

    def commit_by_hand(
        self, files: Mapping[str, bytes | None], *, subject: str = "by hand", by: str = "Pat",
        environment: Mapping[str, str] | None = None,
    ) -> str:  # fmt: skip
        """Write or (None) remove files and commit exactly them, as a person called `by` does."""
        write_files(self.root, files)
        self.git("add", "-A", "--", *files)
        self.git("commit", "--quiet", "-m", subject, "--", *files, environment=environment or named(by))
        return self.head()

    def edit_by_hand(
        self, *edits: tuple[Any, dict[str, Any]], files: Mapping[str, bytes | None] | None = None, **commit: Any
    ) -> str:
        """Commit each record with its changed fields, and `files`, on a window that has been carried."""
        with self.desk.repo.writer():
            self.desk.repo.bring_window()
        edited = {kind_of(one).place_of(one): kind_of(one).write(one.changed(**changes)) for one, changes in edits}
        return self.commit_by_hand(edited | dict(files or {}), **commit)

    def settle_by_hand(self, files: Mapping[str, bytes | None]) -> str:
        """Commit files as a person does, and let the engine take them: nothing else is done."""
        commit = self.commit_by_hand(files)
        take_news(self.desk, self.clock.now())
        return commit

    def force(self, files: Mapping[str, bytes | None], *, signer: Signer | None = None) -> str:
        """Put files into the records past every rule, as only somebody can who writes the engine's reference.

        With the `signer` of the engine it is somebody who has its key, too.
        """
        commit = force_files(self.desk.repo, files, self.clock.now(), signer)
        self._forced.add(commit)
        return commit

    # What has come of it

    def truth(self) -> str:
        """Return the commit of the records, which the window may be behind."""
        return self.desk.repo.snapshot().commit

    def files(self, commit: str | None = None) -> dict[str, bytes]:
        """Return every record file of a commit, by default of the truth; read by git, not through the projection."""
        git, commit = self.desk.repo.git, commit or self.truth()
        return {
            change.path: git.read(change.new) or b""
            for change in git.changes(EMPTY_TREE, commit)
            if kind_of_path(change.path) is not None
        }

    def kept(self) -> dict[str, bytes]:
        """Return every record file but the audit rows: what a refused command leaves as it was."""
        return {path: data for path, data in self.files().items() if not path.startswith("audit/")}

    def records(self, name: str) -> list[Any]:
        """Return the records of one kind as the branch holds them, in the order of their ids; chained by number."""
        kind = KINDS[name]
        files = sorted(self.files().items(), key=lambda file: file[0].rpartition("/")[2])
        found = [one for path, data in files if kind.owns(path) for one in records_in(kind, data, path=path)]
        return sorted(found, key=lambda record: getattr(record, "number")) if kind.chained else found  # noqa: B009

    def rows(self, *actions: str) -> list[Audit]:
        """Return the audit rows of these actions, of all where none is named, oldest first."""
        return [row for row in self.records("audit") if not actions or row.action in actions]

    def verify(self) -> Verified:
        return verify(self.desk.repo.git, until=self.truth())

    def problems(self) -> tuple[Problem, ...]:
        """Return what is found wrong in the history, but that what a test has forced is forced: that must be found."""
        found = self.verify().problems
        forced = {problem for problem in found if problem.code == "not_the_engines" and problem.path in self._forced}
        assert {problem.path for problem in forced} == self._forced
        return tuple(problem for problem in found if problem not in forced)

    def check_whole(self) -> None:
        """The repository is sound, the history is what the rules make of it, and the files are what it holds."""
        assert self.git("fsck", "--strict", "--full", "--no-dangling") == ""
        assert list((self.root / ".git").glob("fast_import_crash_*")) == []
        assert self.git("status", "--porcelain") == ""
        assert self.problems() == ()
        for path, data in self.files().items():
            assert (self.root / path).read_bytes() == data


MakeProject = Callable[[], Project]


def take_news(desk: Desk, now: datetime) -> None:
    """Let the engine take what people have committed, and do nothing else."""
    with desk.repo.writer():
        commit_group(desk, [], now)
        desk.repo.bring_window()


def force_files(
    repo: ProjectRepo, files: Mapping[str, bytes | None], now: datetime, signer: Signer | None = None
) -> str:  # fmt: skip
    """Put files into the records past every rule; return the commit."""
    base = repo.snapshot().commit
    commit = NewCommit(
        message="forced\n", author="Pat <pat@x>", committer=ENGINE, seconds=int(now.timestamp()),
        files=tuple((path, data) for path, data in files.items() if data is not None),
        takes=tuple(Change(path, NO_OBJECT, NO_OBJECT) for path, data in files.items() if data is None),
    )  # fmt: skip
    ids = repo.git.write_commits([commit], parent=base, scratch=f"{repo.place.own}scratch")
    (new,) = sign_group(repo.git, ids, base=base, signer=signer)
    repo.git.move({repo.place.truth: (base, new)})
    repo.witness.note(new)
    return new


def moment_of(clock: FakeClock) -> Moment:
    """Return what a turn at this time of the clock is told."""
    return Moment(now=clock.now(), monotonic=clock.monotonic(), wall=clock.wall())


def write_files(root: Path, files: Mapping[str, bytes | None]) -> None:
    """Write files below `root`, and remove those that are None."""
    for path, data in files.items():
        place = root / path
        if data is None:
            place.unlink(missing_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)


def named(author: str, committer: str | None = None) -> dict[str, str]:
    """Return the environment in which git commits under these names."""
    return {
        f"GIT_{role}_{part}": value
        for role, name in (("AUTHOR", author), ("COMMITTER", committer or author))
        for part, value in (("NAME", name), ("EMAIL", f"{name.lower()}@example.org"))
    }


def run_git(
    root: Path,
    *arguments: str,
    check: bool = True,
    at: datetime = START,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run git at `root` as Pat and return what it prints."""
    date = f"{int(at.timestamp())} +0000"
    person = named("Pat") | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    done = subprocess.run(
        ["git", "-C", str(root), *arguments],
        env=CLEAN | person | dict(environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()
