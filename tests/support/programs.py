"""Which git commands are started: a step that is to need none is held to that."""

from typing import Any

import pytest

from prismfs.store.git.repository import Git


def count_starts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list to which the verb of each git that is started is added from now on."""
    started: list[str] = []
    start = Git._start

    def counted(git: Git, *arguments: str, **more: Any) -> Any:
        started.append(arguments[0])
        return start(git, *arguments, **more)

    monkeypatch.setattr(Git, "_start", counted)
    return started
