"""Calling the command line on a project: in this process, or as one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

from prismfs.cli import run
from prismfs.clock import SystemClock
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.react import Moment, react
from prismfs.kinds import kind_of
from prismfs.records.api import Record
from tests.support.project import force_files, take_news


@dataclass
class Answer:
    """What one call gave back."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON object on standard output; anything beside it is a fault."""
        found: dict[str, Any] = json.loads(self.out)
        assert self.out.count("\n") == 1
        assert found["schema"] == "prismfs/cli/v1"
        assert set(found) - ({"data"} if self.code == 6 else set()) == {
            "schema",
            "ok",
            "data" if found["ok"] else "error",
        }
        return found

    @property
    def data(self) -> Any:
        """What the call found or did."""
        assert self.document["ok"], self.out
        return self.document["data"]

    @property
    def error(self) -> dict[str, str]:
        """What the call was refused with."""
        found = self.document
        assert not found["ok"]
        assert set(found["error"]) <= {"code", "message", "path", "field", "hint"}
        assert {"code", "message"} <= set(found["error"])
        error: dict[str, str] = found["error"]
        return error


class CommandLine:
    """One project folder and the ways to call prismfs on it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def call(self, *arguments: str, actor: str = "olga") -> Answer:
        """Call prismfs in this process, as an operator unless told otherwise."""
        return self.bare("-C", str(self.root), "--as", actor, *arguments)

    def bare(self, *arguments: str) -> Answer:
        """Call prismfs in this process with these arguments and no others."""
        out, err = (TextIOWrapper(BytesIO(), encoding="utf-8", newline="", write_through=True) for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err):
            code = run(arguments)
        return Answer(code, _written(out), _written(err))

    def spawn(self, *arguments: str, input: str = "", cwd: Path | None = None, **environment: str) -> Answer:
        """Call prismfs as a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "prismfs", *arguments],
            input=input,
            capture_output=True,
            text=True,
            cwd=cwd or self.root,
            env=os.environ | environment,
            timeout=60,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def python(self, script: str, cwd: Path) -> Answer:
        """Run a script of one line as a process of its own."""
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, cwd=cwd, timeout=60, check=False
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def drop(self, document: dict[str, Any] | str, name: str = "report.json") -> None:
        """Put a file into the inbox."""
        text = document if isinstance(document, str) else json.dumps(document)
        (self.root / "inbox" / name).write_text(text)

    def turn(self) -> None:
        """Let the desk do one turn, every file in the inbox taken for complete."""
        with Desk(self.root) as desk:
            clock = SystemClock()
            react(desk, Moment(now=clock.now(), monotonic=clock.monotonic(), wall=clock.wall() + 3600))
            desk.repo.bring_window()

    def newest(self, kind: str) -> str:
        """Return the id of the newest record of a kind."""
        found: str = self.call("list", kind, "--limit", "1", "--json").data["items"][0]["id"]
        return found

    @cached_property
    def incident(self) -> str:
        """The id of the newest incident when this was first asked for."""
        return self.newest("incident")

    def git(self, *arguments: str) -> str:
        """Return what git prints; what is committed is taken by the engine at once."""
        identity = ("-c", "user.name=olga", "-c", "user.email=olga@example.org")
        done = subprocess.run(["git", *identity, *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        if arguments[0] == "commit":
            with Desk(self.root) as desk:
                take_news(desk, SystemClock().now())
        return done.stdout

    def kept(self) -> dict[str, str | bytes]:
        """Return what a refused command must leave as it was: all of `state`, of the branch all but the audit rows."""
        tree = self.git("ls-tree", "-r", "HEAD").splitlines()
        return self.state() | {"references": "\n".join(line for line in tree if "\taudit/" not in line)}

    def force(self, *records: Record, **files: bytes) -> None:
        """Put records, and files by path, into the history past every rule."""
        put = {kind_of(record).place_of(record): kind_of(record).write(record) for record in records}
        with Desk(self.root) as desk:
            force_files(desk.repo, put | files, SystemClock().now())
            with desk.repo.writer():
                desk.repo.bring_window()

    def state(self) -> dict[str, str | bytes]:
        """Return what a rehearsal must leave as it was: references, working tree, hooks, and what lies outside git."""
        folders = [self.root / name for name in ("inbox", "quarantine", "run", "outbox", ".git/hooks")]
        files = {str(path): path.read_bytes() for one in folders for path in one.rglob("*") if path.is_file()}
        return files | {
            "references": self.git("for-each-ref", "refs/heads", "refs/tags", "refs/remotes"),
            "working tree": self.git("status", "--porcelain"),
        }


def _written(stream: TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
