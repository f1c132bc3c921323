"""One bare repository and clones of it, each with a desk, an agent and an operator of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from prismfs.clock import FakeClock
from prismfs.engine.tenant.publish import Published, publish
from prismfs.engine.trust.verify import verify
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.react import Moment, Outcome, react
from prismfs.engine.turn.submit import command_event, submit
from prismfs.kinds import KINDS
from prismfs.records.event import Event
from prismfs.records.plan import Decision

LATER = datetime.fromisoformat("2026-03-01T12:00:00+00:00")


class Clone:
    """A clone, its clock and the hands of those who work at it."""

    def __init__(self, root: Path, run_git: Any) -> None:
        self.root = root
        self.clock = FakeClock(LATER)
        self.desk = Desk(root)
        self._run_git = run_git
        self._number = 0

    def reopen(self) -> None:
        """Open the desk as another process would."""
        self.desk.repo.close()
        self.desk = Desk(self.root)

    def git(self, *arguments: str, check: bool = True) -> str:
        said: str = self._run_git(self.root, *arguments, check=check, at=self.clock.now())
        return said

    def head(self) -> str:
        return self.git("rev-parse", "refs/heads/main")

    def event(self, verb: str, document: dict[str, Any], actor: str = "olga") -> Event:
        self._number += 1
        token = f"{self.root.name}{self._number:020}"
        return command_event(verb, document, actor=actor, token=token, at=self.clock.now())

    def give(self, verb: str, document: dict[str, Any], actor: str = "olga") -> Decision:
        return self.submit(self.event(verb, document, actor))

    def submit(self, event: Event) -> Decision:
        return submit(self.desk, event, self.clock.now())[0]

    def escalate(self, title: str, signature: str | None = None, severity: str = "MEDIUM") -> Decision:
        form = {"kind": "escalation", "from": self.root.name, "severity": severity, "title": title}
        form |= {} if signature is None else {"signature": signature}
        return self.give("escalation", {"document": form})

    def drop(self, text: str) -> None:
        self._number += 1
        (self.root / "inbox" / f"drop-{self._number}.yaml").write_text(text)

    def turn(self) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for _ in range(20):
            turn = react(
                self.desk,
                Moment(now=self.clock.now(), monotonic=self.clock.monotonic(), wall=self.clock.wall()),
            )
            outcomes += turn.outcomes
            if not turn.more:
                return outcomes
        raise AssertionError("a turn that never ends")

    def wait(self, by: timedelta) -> None:
        self.clock.move(by)

    def publish(self, remote: str | None = None, **options: Any) -> Published:
        return publish(self.desk, self.clock.now(), remote, **options)

    def log(self) -> list[str]:
        """Return what the channel `log` carried out at this clone."""
        path = self.root / "run" / "escalation.log"
        return path.read_text().splitlines() if path.exists() else []

    def actions(self) -> list[str]:
        return [row.action for row in self.records("audit")]

    def commit_by_hand(self, files: dict[str, bytes], subject: str = "by hand") -> str:
        for path, data in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_bytes(data)
        self.git("add", "-A", "--", *files)
        self.git("commit", "--quiet", "-m", subject, "--", *files)
        return self.head()

    def records(self, name: str) -> list[Any]:
        kind = KINDS[name]
        paths = self.git("ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0")
        git = self.desk.repo.git
        found = [kind.read(git.read(f"HEAD:{path}") or b"", path=path) for path in paths if kind.owns(path)]
        return sorted(found, key=lambda record: getattr(record, "number")) if kind.chained else found  # noqa: B009

    def check(self) -> None:
        """The history is what the rules make of it, and the files and the index are what the branch holds."""
        self.reopen()
        with self.desk.repo.writer():
            self.desk.repo.bring_index()
        assert verify(self.desk.repo.git, until=self.head()).problems == ()
        assert self.git("status", "--porcelain") == ""
        assert self.git("fsck", "--strict", "--full") == ""


@pytest.fixture
def make_clone(make_bench_at: Any, tmp_path: Path, run_git: Any) -> Iterator[Callable[[str], Clone]]:
    """Give a maker of clones of one bare repository, `shared.git`, that holds a new project."""
    bench = make_bench_at(tmp_path / "desk")
    run_git(tmp_path, "clone", "--quiet", "--bare", str(bench.root), str(tmp_path / "shared.git"))
    made: list[Clone] = []

    def make(name: str) -> Clone:
        run_git(tmp_path, "clone", "--quiet", str(tmp_path / "shared.git"), str(tmp_path / name))
        made.append(Clone(tmp_path / name, run_git))
        return made[-1]

    yield make
    for clone in made:
        clone.desk.repo.close()


@pytest.fixture
def pair(make_clone: Callable[[str], Clone]) -> tuple[Clone, Clone]:
    """Two clones that stand at the same commit."""
    return make_clone("amber"), make_clone("basalt")


@pytest.fixture
def shared(tmp_path: Path, pair: object) -> Path:
    """The bare repository that the pair shares."""
    return tmp_path / "shared.git"
