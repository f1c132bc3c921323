"""A history that was committed as data, and the hands of somebody who rewrites it with plumbing."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from prismfs.engine.trust.verified import Verified
from prismfs.engine.trust.verify import verify
from prismfs.rules import RULES_VERSION, TABLE
from prismfs.rules.core.road import Table
from prismfs.store.git.history import ENGINE, read_commits
from prismfs.store.git.plumbing import NO_OBJECT
from prismfs.store.git.repository import Git
from tests.support.project import run_git


@dataclass(frozen=True)
class Step:
    """One commit as what it changes (path to blob, None where it removes) and what it says."""

    author: str
    seconds: int
    message: str
    changes: dict[str, str | None] = field(default_factory=dict)
    by_engine: bool = True
    merges: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        return self.message.partition("\n")[0]

    def path(self, folder: str, number: int = 0) -> str:
        """Return the path of a file below `folder` that this step changes."""
        return sorted(path for path in self.changes if path.startswith(f"{folder}/"))[number]

    def with_(self, **changes: Any) -> Step:
        return replace(self, **changes)


class History:
    """The history of a clone, taken apart into steps and put together again as somebody likes it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git = Git(root, root / ".git")
        (head, *_) = run_git(
            root, "for-each-ref", "--format=%(objectname)", "refs/prismfs/*/records", "refs/heads/main"
        ).splitlines()[::-1]
        self.steps = [
            Step(
                author=commit.author,
                seconds=commit.seconds,
                message=commit.message,
                changes={change.path: None if change.new == NO_OBJECT else change.new for change in commit.changes},
                by_engine=commit.by_engine,
                merges=commit.parents[1:],
            )
            for commit in read_commits(self.git, since=None, until=head)
        ]

    def find(self, subject: str) -> int:
        """Return the number of the first step whose subject begins so."""
        return next(number for number, step in enumerate(self.steps) if step.subject.startswith(subject))

    def read(self, blob: str | None) -> bytes:
        assert blob is not None
        return self.git.read(blob) or b""

    def blob(self, data: bytes) -> str:
        scratch = self.root / ".git" / "scratch"
        scratch.write_bytes(data)
        return run_git(self.root, "hash-object", "-w", str(scratch))

    def edit(self, number: int, path: str, old: bytes, new: bytes) -> None:
        """Change some bytes of one file as one step made it."""
        step = self.steps[number]
        data = self.read(step.changes[path])
        assert data.count(old) >= 1
        self.steps[number] = step.with_(changes=step.changes | {path: self.blob(data.replace(old, new, 1))})

    def verify(self, rules: int = RULES_VERSION, table: Table = TABLE) -> tuple[Verified, list[str]]:
        """Write the steps as commits; return what verifying them finds, and the ids of the commits."""
        stream = bytearray()
        for number, step in enumerate(self.steps, start=1):
            message = step.message.encode()
            stream += b"commit refs/rewritten\nmark :%d\n" % number
            author = f"{step.author} <{step.author}@prismfs.invalid>"
            committer = ENGINE if step.by_engine else author
            stream += f"author {author} {step.seconds} +0000\ncommitter {committer} {step.seconds} +0000\n".encode()
            stream += b"data %d\n%s\n" % (len(message), message)
            stream += b"".join(f"merge {commit}\n".encode() for commit in step.merges)
            for path, blob in step.changes.items():
                stream += f"D {path}\n".encode() if blob is None else f"M 100644 {blob} {path}\n".encode()
        stream += b"".join(b"get-mark :%d\n" % number for number in range(1, len(self.steps) + 1))
        command = ["git", "-C", str(self.root), "fast-import", "--quiet", "--force", "--cat-blob-fd=1"]
        done = subprocess.run(command, input=bytes(stream), stdout=subprocess.PIPE, check=True)
        ids = done.stdout.decode().split()
        return verify(self.git, until=ids[-1], rules=rules, table=table), ids
