"""An incident with its workflow: who writes artifacts, who decides on them, and what became of both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prismfs.errors import PrismfsError
from prismfs.kinds import kind_of
from tests.support.project import Project

EXAMPLES = Path(__file__).parents[2] / "examples" / "phases"


class Response:
    """One open incident on a bench. gwen writes, Petra and the operator olga decide."""

    def __init__(self, bench: Project, about: str) -> None:
        self.bench, self.about = bench, about

    def text(self, phase: str) -> str:
        return (EXAMPLES / f"{phase}.md").read_text()

    def submit(self, phase: str, body: str | None = None, *, by: str = "gwen", **more: Any) -> Any:
        body = self.text(phase) if body is None else body
        return self.bench.give("phase.submit", {"id": self.about, "phase": phase, "body": body, **more}, actor=by)

    def refused(self, call: Callable[..., Any]) -> PrismfsError:
        """Return what `call` is refused with; nothing may have changed but the row that says so."""
        before = self.bench.kept()
        with pytest.raises(PrismfsError) as caught:
            call()
        assert self.bench.kept() == before
        return caught.value

    def approve(self, phase: str, *, by: str = "Petra", **more: Any) -> Any:
        return self.bench.give("gate.approve", {"id": self.newest(phase).id, **more}, actor=by)

    def revise(self, phase: str, *, by: str = "Petra", reason: str = "say more") -> Any:
        return self.bench.give("gate.revise", {"id": self.newest(phase).id, "reason": reason}, actor=by)

    def pass_gate(self, *phases: str) -> None:
        """Submit each phase with the text of its example, and approve it where it has a gate."""
        for phase in phases:
            self.submit(phase)
            if self.newest(phase).status == "presented":
                self.approve(phase)

    def of(self, phase: str) -> list[Any]:
        found = [one for one in self.bench.records("artifact") if one.phase == phase]
        return sorted(found, key=lambda one: (one.number, one.revision, one.id))

    def newest(self, phase: str) -> Any:
        return self.of(phase)[-1]

    def states(self) -> dict[str, str]:
        """Return the newest artifact's status by phase."""
        return {one.phase: self.newest(one.phase).status for one in self.bench.records("artifact")}

    def rows(self, *actions: str) -> list[Any]:
        return [row for row in self.bench.records("audit") if row.action in actions]

    def incident(self) -> Any:
        return next(one for one in self.bench.records("incident") if one.id == self.about)

    def edit(self, record: Any, *, check: bool = True, **changes: Any) -> None:
        """Commit another writing of `record` by hand; without `check` one that its kind would refuse."""
        kind = kind_of(record)
        with self.bench.desk.repo.writer():
            self.bench.desk.repo.bring_window()
        changed = record.changed(**changes) if check else record.model_copy(update=changes)
        self.bench.commit_by_hand({kind.place_of(record): kind.write(changed)})
        self.bench.turn()
