"""A snapshot: one commit of a project, unchanging; and what every store offers."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from prismfs.records.api import Plan, View


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A commit of the branch, and the commit up to which news was handled (None: never)."""

    commit: str
    seen: str | None


@dataclass(frozen=True, slots=True)
class ForeignCommit:
    """A commit that the engine did not make: by hand, by pull, by a merged pull request.

    `puts` are the paths of added or changed files, `removed` of deleted ones, against its first parent.
    """

    commit: str
    author: str
    seconds: int
    subject: str
    puts: tuple[str, ...]
    removed: tuple[str, ...]


class Overlay(View, Protocol):
    """A view that also takes plans, so that a decision sees those before it."""

    def add(self, plan: Plan) -> None:
        """Let every later answer be as if `plan` were committed."""


class Store(Protocol):
    """Where a project's records are kept. Every store passes the same contract tests."""

    def snapshot(self) -> Snapshot:
        """Return the current state of the branch."""

    def read(self, snapshot: Snapshot, path: str) -> bytes | None:
        """Return the bytes of the file at `path`, None where there is none."""

    def news(self, snapshot: Snapshot) -> Sequence[ForeignCommit]:
        """Return the foreign commits that are not answered yet, oldest first.

        Raises:
            StoreError: `history_rewritten` when the branch no longer holds the commit last seen.
        """

    def overlay(self, snapshot: Snapshot) -> AbstractContextManager[Overlay]:
        """Return a view of `snapshot` that takes plans; what it took is forgotten at the end."""

    def apply(self, plans: Sequence[Plan], *, base: Snapshot) -> Sequence[str]:
        """Make one commit of each plan on top of `base` and return their ids, all of them durable.

        News up to `base` counts as handled from then on.

        Raises:
            ConflictError: the branch no longer stands at `base`; nothing moved.
            StoreError: nothing moved, or (files on disk) `recover` completes it.
        """
