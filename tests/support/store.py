"""What every store offers, and the store in memory: the twin of the repository, held to the same contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from prismfs.errors import ConflictError
from prismfs.kinds import kind_of
from prismfs.records.api import Plan, View
from prismfs.store.git.history import Snapshot
from prismfs.store.memory import MemoryView


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

    def overlay(self, snapshot: Snapshot) -> AbstractContextManager[Overlay]:
        """Return a view of `snapshot` that takes plans; what it took is forgotten at the end."""

    def apply(self, plans: Sequence[Plan], *, base: Snapshot) -> Sequence[str]:
        """Make one commit of each plan on top of `base` and return their ids, all of them durable.

        Raises:
            ConflictError: the branch no longer stands at `base`; nothing moved.
            StoreError: nothing moved, or (files on disk) `recover` completes it.
        """


class MemoryStore:
    """A store whose commits are a list; for tests of everything that uses a store."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._trees: list[dict[str, bytes]] = [dict(files)]
        self.plans: list[Plan] = []

    def snapshot(self) -> Snapshot:
        """Return the current state of the branch; commits are named by their number."""
        return Snapshot(commit=str(len(self._trees) - 1), window=None)

    def read(self, snapshot: Snapshot, path: str) -> bytes | None:
        """Return the bytes of the file at `path`, None where there is none."""
        return self._trees[int(snapshot.commit)].get(path)

    def view(self, snapshot: Snapshot) -> MemoryView:
        """Return a view of `snapshot`."""
        return MemoryView(self._trees[int(snapshot.commit)])

    @contextmanager
    def overlay(self, snapshot: Snapshot) -> Iterator[MemoryView]:
        """Give a view of `snapshot` that takes plans."""
        yield self.view(snapshot)

    def apply(self, plans: Sequence[Plan], *, base: Snapshot) -> Sequence[str]:
        """Make one commit of each plan on top of `base` and return their names."""
        if base != self.snapshot():
            raise ConflictError("branch_moved", "the branch moved meanwhile", hint="try again")
        trees = []
        tree = self._trees[-1]
        for plan in plans:
            tree = dict(tree)
            for record in plan.puts:
                kind = kind_of(record)
                path = kind.place_of(record)
                tree[path] = kind.write(record, old=tree.get(path))
            trees.append(tree)
        first = len(self._trees)
        self._trees.extend(trees)
        self.plans.extend(plans)
        return tuple(str(number) for number in range(first, len(self._trees)))

    def put_files(self, files: Mapping[str, bytes]) -> None:
        """Put files as if they were committed, past every rule."""
        self._trees.append({**self._trees[-1], **files})
