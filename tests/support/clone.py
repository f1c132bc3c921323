"""A clone of a shared repository, with a desk, an agent and an operator of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from prismfs.clock import FakeClock
from prismfs.engine.tenant.publish import Published, publish
from prismfs.engine.turn.submit import command_event, submit
from prismfs.records.api import Decision, Event
from tests.support.project import Project

LATER = datetime.fromisoformat("2026-03-01T12:00:00+00:00")


class Clone(Project):
    """A project that was cloned, and goes to and fro between the clones."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, clock=FakeClock(LATER))

    def event(self, verb: str, document: dict[str, Any], actor: str = "olga") -> Event:
        self._count += 1
        token = f"{self.root.name}{self._count:020}"
        return command_event(verb, document, actor=actor, token=token, at=self.clock.now())

    def give(self, verb: str, document: dict[str, Any], *, actor: str = "olga") -> Decision:
        return self.submit(self.event(verb, document, actor))

    def submit(self, event: Event) -> Decision:
        return submit(self.desk, event, self.clock.now())[0]

    def escalate(self, title: str, signature: str | None = None, severity: str = "MEDIUM") -> Decision:
        form = {"kind": "escalation", "from": self.root.name, "severity": severity, "title": title}
        form |= {} if signature is None else {"signature": signature}
        return self.give("escalation", {"document": form})

    def publish(self, remote: str | None = None, **options: Any) -> Published:
        return publish(self.desk, self.clock.now(), remote, **options)

    def log(self) -> list[str]:
        """Return what the channel `log` carried out at this clone."""
        path = self.root / "run" / "escalation.log"
        return path.read_text().splitlines() if path.exists() else []

    def actions(self) -> list[str]:
        return [row.action for row in self.rows()]

    def check(self) -> None:
        """The history is what the rules make of it, and the files and the index are what the branch holds."""
        self.restart()
        with self.desk.repo.writer():
            self.desk.repo.bring_window()
        self.check_whole()


def share_engine(origin: Path, clone: Path) -> None:
    """Let a clone sign with the key of the project that it is a clone of, as only a test may: see tests/clones."""
    for engine in (origin / ".git" / "prismfs").glob("*/engine"):
        state = clone / ".git" / "prismfs" / engine.parent.name
        state.mkdir(parents=True, exist_ok=True)
        shutil.copy(engine, state)


MakeClone = Callable[[str], Clone]
