"""One project under a clock that stands still, driven step by step as a scenario says."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from prismfs.clock import FakeClock
from prismfs.engine.trust.verify import verify
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.react import react
from prismfs.engine.turn.submit import command_event, submit
from prismfs.errors import PrismfsError
from prismfs.kinds import KINDS, kind_of_id, kind_of_path
from prismfs.kinds.core.settings.project import Project
from prismfs.records import codec
from prismfs.records.api import Document, Nothing, Refused, parse_duration
from tests.support.founded import found_project
from tests.support.owner import Owner
from tests.support.project import moment_of, named, run_git

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
OPERATOR = "olga"


class Stage:
    """A project at `root`, its clock, and what has happened on it so far."""

    open_desk: type[Desk] = Desk

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder, self.root = folder, root
        self.clock = FakeClock(START)
        project = Project(pid="PID-STAGE01", tenant="local", operators=(OPERATOR,))
        found_project(root, project, START)
        self._commit_given()
        self.refused: list[str] = []
        self._tokens = iter(range(1000))
        with self.open_desk(root) as desk:
            self._react(desk)
        self.before = max((row["number"] for row in self.records()["audit"]), default=0)

    def play(self, steps: list[dict[str, Any]]) -> None:
        """Take the steps in order, each followed by turns until nothing is left to do."""
        for number, step in enumerate(steps):
            # Each step is a process of its own: nothing is remembered but what is on disk.
            with self.open_desk(self.root) as desk:
                if "at" in step:
                    self._move(START + span(step["at"]))
                if "until" in step:
                    self._turn_until(desk, START + span(step["until"]))
                if "advance" in step:
                    self.clock.move(parse_duration(step["advance"]))
                for path, text in step.get("write", {}).items():
                    (self.root / path).parent.mkdir(parents=True, exist_ok=True)
                    (self.root / path).write_text(text)
                if "drop" in step:
                    self._drop(step["drop"], number)
                if "command" in step:
                    self._command(desk, step["command"])
                if "commit" in step:
                    self._commit(**step["commit"])
                self._react(desk)
                desk.repo.bring_window()

    def records(self) -> dict[str, list[dict[str, Any]]]:
        """Return every record of the branch by kind, read from the commits and not from any index."""
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in KINDS}
        with self.open_desk(self.root) as desk:
            for path, data in desk.repo.files(desk.repo.snapshot()):
                kind = kind_of_path(path)
                assert kind is not None
                document = _parsed(data, kind.format)
                found[kind.name] += (dict(entry) for _, entry in kind.entries(path, document))
        return found

    def actions(self) -> list[str]:
        """Return the actions of the audit rows that the steps made, in order; refused commands are in `refused`."""
        rows = sorted(self.records()["audit"], key=lambda row: row["number"])
        rows = [row for row in rows if row["number"] > self.before and row["action"] != "command.refused"]
        return [row["action"] for row in rows]

    def history(self) -> str:
        """Return every byte that any commit ever added or took away, with the messages."""
        return self.git("log", "-p", "--text", "--all")

    def problems(self) -> tuple[Any, ...]:
        """Decide every commit again and return what differs."""
        with self.open_desk(self.root) as desk:
            return verify(desk.repo.git, until=desk.repo.snapshot().commit).problems

    def git(self, *arguments: str) -> str:
        """Return what a git command prints, as a person would run it here."""
        identity = ("-c", f"user.name={OPERATOR}", "-c", f"user.email={OPERATOR}@example.org")
        done = subprocess.run(["git", *identity, *arguments], cwd=self.root, capture_output=True, check=True)
        return done.stdout.decode(errors="replace")

    def _commit_given(self) -> None:
        given = self.folder / "given"
        for path in sorted(given.rglob("*")):
            if path.is_file():
                target = self.root / path.relative_to(given)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(_for_this_user(path))
        changes = self.folder / "given.yaml"
        if changes.is_file():
            for place, fields in codec.parse(_for_this_user(changes), format="yaml").items():
                assert isinstance(fields, dict)
                _amend(self.root / place, fields)
        if self.git("status", "--porcelain"):
            self.git("add", "--all")
            self.git("commit", "--quiet", "--message", "what is given")

    def _move(self, wanted: datetime) -> None:
        assert wanted >= self.clock.now(), f"{wanted} lies before the step above it"
        self.clock.move(wanted - self.clock.now())

    def _turn_until(self, desk: Desk, end: datetime) -> None:
        """Take a turn whenever something is due, one millisecond after its time, as a watcher does."""
        while (next_due := self._react(desk)) is not None and next_due < end:
            self._move(max(next_due, self.clock.now()) + timedelta(milliseconds=1))
        self._move(end)

    def _drop(self, drop: str | dict[str, Any], number: int) -> None:
        if isinstance(drop, str):
            source = self.folder / drop
            name, data = source.name, source.read_bytes()
        else:
            name, data = "step.json", json.dumps(self._named(drop)).encode()
        (self.root / "inbox" / f"{number:03}-{name}").write_bytes(data)

    def _command(self, desk: Desk, command: dict[str, Any]) -> None:
        document = self._named(command.get("document", {}))
        now = self.clock.now()
        token = f"step-{next(self._tokens)}"
        event = command_event(command["verb"], document, actor=command.get("actor", OPERATOR), token=token, at=now)
        try:
            decision, _, _ = submit(desk, event, now)
        except PrismfsError as error:
            self.refused.append(error.code)
            return
        assert isinstance(decision, Nothing) == command.get("nothing", False), decision

    def _commit(
        self, *, by: str, subject: str, edits: list[dict[str, Any]] | None = None,
        settings: dict[str, dict[str, Any]] | None = None,
    ) -> None:  # fmt: skip
        """Edit records, or files of settings by their paths, as a person does, and commit them under the name `by`."""
        for edit in edits or []:
            identifier = str(self._named(edit["record"]))
            _amend(self.root / kind_of_id(identifier).path_of(identifier), self._named(edit["set"]))
        for place, fields in (settings or {}).items():
            _amend(self.root / place, fields)
        said = ("commit", "--quiet", "--all", "--message", subject)
        run_git(self.root, *said, at=self.clock.now(), environment=named(by))

    def _react(self, desk: Desk) -> datetime | None:
        """Take turns until nothing is left to do now, and return when something is due next."""
        while True:
            turn = react(desk, moment_of(self.clock))
            self.refused += [each.decision.problem.code for each in turn.outcomes if isinstance(each.decision, Refused)]
            if not turn.more:
                return turn.next_due

    def _named(self, value: Any) -> Any:
        """Return `value` with `$incident`, `$bead`, … made the newest one's id, `$bead#1` the first one's."""
        if isinstance(value, dict):
            return {key: self._named(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [self._named(entry) for entry in value]
        if isinstance(value, str) and value.startswith("$"):
            kind, _, number = value[1:].partition("#")
            return sorted(record["id"] for record in self.records()[kind])[int(number or 0) - 1]
        return value


def span(text: str) -> timedelta:
    """Return the time from the start that a step names, such as `+4h1m` or `+1m0.25s`."""
    whole, _, parts = text.removeprefix("+").removesuffix("s").partition(".")
    if not parts:
        return parse_duration(text.removeprefix("+"))
    return parse_duration(f"{whole}s") + timedelta(seconds=float(f"0.{parts}"))


@cache  # most files are those that each scenario begins with
def _parsed(data: bytes, form: codec.Format) -> Document:
    return codec.parse(data, format=form)


def _amend(path: Path, fields: dict[str, Any]) -> None:
    """Set members of the YAML or JSON file at `path`, as a person who edits it."""
    form: codec.Format = "json" if path.suffix == ".json" else "yaml"
    old = path.read_bytes()
    path.write_bytes(codec.amend(old, codec.parse(old, format=form) | fields, format=form))


def _for_this_user(path: Path) -> bytes:
    """Return the content of a file of a scenario; `$login` in it is who drops the files."""
    return path.read_bytes().replace(b"$login", Owner.login.encode())
