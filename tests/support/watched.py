"""A real watcher in a process of its own, and waiting for what it does: by looking, never by sleeping a guess."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from prismfs.cli import run
from prismfs.clock import SystemClock
from prismfs.engine.admin.init_project import init_project
from prismfs.engine.tenant.places import Places
from prismfs.kinds.core.settings.project import Project
from tests.support.rows import audit_rows
from tests.support.waiting import LIMIT, until


class Watched:
    """One project, and the watchers started on it."""

    def __init__(self, root: Path, *, pid: str = "PID-DESK01", tenant: str | None = None) -> None:
        self.root = root
        self.truth = f"refs/prismfs/{pid}/records"
        self.served = root if tenant is None else root.parent
        project = Project(pid=pid, tenant=tenant or "local", operators=("olga",))
        init_project(root, project=project, now=SystemClock().now())
        if tenant is not None:
            Places(root.parent).name(pid, root.name)
        self.children: list[subprocess.Popen[str]] = []
        self.logs = root.parent
        """The folder of what watchers print."""
        self.within: tuple[str, ...] = ()
        """Words before the command of a watcher, such as those of a program that takes something from it."""

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start a watcher and wait until it says that it watches."""
        child = self.spawn(*options)
        until(lambda: child.poll() is not None or self.health().get("process_id") == child.pid, "the watcher", 60)
        assert child.poll() is None, self.errors(child)
        return child

    def spawn(self, *options: str) -> subprocess.Popen[str]:
        """Start a watcher without waiting for it."""
        number = len(self.children)
        out = self.logs / f"{self.root.name}-{number}.out"
        with out.open("w") as stdout, out.with_suffix(".err").open("w") as stderr:
            child = subprocess.Popen(
                [*self.within, sys.executable, "-m", "prismfs", "-C", str(self.served), "watch", "--json", *options],
                stdout=stdout,
                stderr=stderr,
                text=True,
            )
        self.children.append(child)
        return child

    def stop(self, child: subprocess.Popen[str], number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        child.send_signal(number)
        return child.wait(LIMIT)

    def end(self) -> None:
        """Leave no process behind."""
        for child in self.children:
            if child.poll() is None:
                child.kill()
                child.wait()

    def lines(self, child: subprocess.Popen[str]) -> list[dict[str, Any]]:
        """Return what a watcher has printed: one object a line."""
        return [json.loads(line) for line in self.printed(child).splitlines()]

    def printed(self, child: subprocess.Popen[str]) -> str:
        """Return what a watcher has printed, as it is."""
        return (self.logs / f"{self.root.name}-{self.children.index(child)}.out").read_text()

    def errors(self, child: subprocess.Popen[str]) -> str:
        """Return what a watcher has complained about."""
        path = self.logs / f"{self.root.name}-{self.children.index(child)}.err"
        return path.read_text()

    def health(self) -> dict[str, Any]:
        """Return the health file, empty where there is none yet."""
        try:
            found: dict[str, Any] = json.loads((self.root / "run" / "health.json").read_text())
        except FileNotFoundError:
            return {}
        return found

    def drop(self, document: dict[str, Any] | bytes, name: str) -> None:
        """Put a file into the inbox as agents are told to: written aside, then renamed."""
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        aside = self.root / "inbox" / f".{name}"
        aside.write_bytes(data)
        aside.rename(self.root / "inbox" / name)

    def journal(self, subject: str) -> dict[str, Any]:
        """Return the smallest good drop, told apart by its subject."""
        return {"kind": "journal", "from": "jade", "subject": subject}

    def records(self, kind: str) -> list[dict[str, Any]]:
        """Return the records of a kind, newest first, as another process sees them."""
        done = subprocess.run(
            [sys.executable, "-m", "prismfs", "-C", str(self.root), "list", kind, "--json"],
            capture_output=True,
            text=True,
            check=True,
        )
        found: list[dict[str, Any]] = json.loads(done.stdout)["data"]["items"]
        return found

    def subjects(self) -> str:
        """Return the subject lines of all commits."""
        return self.git("log", "--format=%s")

    def rows(self, action: str) -> list[dict[str, Any]]:
        """Return the audit rows of an action that stand in the records, oldest first.

        Read from the commit: the watcher puts the files of a commit into the folder one after the other, and a record
        may be there before its row is. The rows' own files, the last of their commits, are waited for.
        """
        packed = subprocess.run(
            ["git", "archive", self.truth, "audit"], cwd=self.root, capture_output=True, check=False
        )
        if packed.returncode:
            return []  # no row yet
        found = []
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
            for member in files:
                data = files.extractfile(member)
                rows = [row for row in audit_rows(data.read()) if row["action"] == action] if data else []
                found += rows
                if rows:
                    with suppress(AssertionError):  # a watcher that was killed has not put it there
                        until((self.root / member.name).exists, "its file", 2)
        return sorted(found, key=lambda row: row["number"])

    def taken(self, subject: str) -> bool:
        """Tell whether the journal entry of this subject is committed and out of the inbox."""
        return any(row["event"]["document"]["document"]["subject"] == subject for row in self.rows("journal.noted"))

    def git(self, *arguments: str, check: bool = True) -> str:
        """Run git as a person does and return what it prints."""
        identity = ("-c", "user.name=olga", "-c", "user.email=olga@example.org")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.root, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def commit(self, message: str) -> None:
        """Commit everything, trying again while the watcher holds the index for a moment."""

        def try_it() -> bool:
            self.git("add", "--all", check=False)
            self.git("commit", "--quiet", "--message", message, check=False)
            return message in self.subjects()

        until(try_it, "the commit")

    def verified(self) -> bool:
        """Tell whether the whole history is what the rules make of it."""
        return run(["-C", str(self.root), "verify"]) == 0
