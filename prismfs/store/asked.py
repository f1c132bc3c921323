"""What was asked of the projection, answered from memory until something is written that could change the answer."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from prismfs.records.api import Kind, Record
from prismfs.store.rows import INVALID, parsed

K = TypeVar("K")
T = TypeVar("T")

_MOST = 1024
"""Answers kept of a kind. With one more all of them are forgotten: a storm asks once or twice for each new record."""


class Asked:
    """Answers as of the commit `of`, by kind: those about one path, and those that any row of the kind may change.

    `ones` are the records of kinds of which there is one, asked for dozens of times an event. Kinds that nobody writes,
    such as personas and silences, are asked of SQLite once and not for each event.
    """

    def __init__(self) -> None:
        self.of: str | None = None
        self.ones: dict[str, Record] = {}
        self._at: dict[str, dict[str, object]] = {}
        self._found: dict[str, dict[object, object]] = {}
        self._put: set[str] = set()

    def show(self, commit: str) -> None:
        """Forget all answers but those of `commit`: another process may have brought the database to this one."""
        if self.of != commit:
            self.forget()
            self.of = commit

    def forget(self) -> None:
        """Forget all answers."""
        self._at, self._found, self.ones = {}, {}, {}

    def at(self, kind: str, path: str, ask: Callable[[], T]) -> T:
        """Return what `ask` says of the row of a kind at `path`."""
        return _kept(self._at.setdefault(kind, {}), path, ask)

    def found(self, kind: str, question: object, ask: Callable[[], T]) -> T:
        """Return what `ask` says to a question about all rows of a kind."""
        return _kept(self._found.setdefault(kind, {}), question, ask)

    def put(self, kind: str, path: str) -> None:
        """Forget what is untrue once a row of the kind at `path` is written, or taken out."""
        self._put.add(kind)
        self.ones.pop(kind, None)
        self._found.pop(kind, None)
        self._at.get(kind, {}).pop(path, None)

    def undo(self) -> None:
        """Forget all about the kinds that were written since the last time: an overlay ends."""
        for kind in self._put:
            self.ones.pop(kind, None)
            self._found.pop(kind, None)
            self._at.pop(kind, None)
        self._put = set()


def _kept(answers: dict[K, object], question: K, ask: Callable[[], T]) -> T:
    if question not in answers:
        if len(answers) >= _MOST:
            answers.clear()
        answers[question] = ask()
    return cast(T, answers[question])


def is_cause(connection: sqlite3.Connection, cause: str) -> bool:
    """Tell whether any row of the table has this cause."""
    return connection.execute("SELECT 1 FROM record WHERE cause = ? LIMIT 1", (cause,)).fetchone() is not None


def find_rows(
    connection: sqlite3.Connection, kind: str, where: str, values: Sequence[object]
) -> Sequence[tuple[str, str]]:
    """Return path and document of the rows of a kind for which `where`, SQL with `values`, holds."""
    query = f"SELECT path, document FROM record WHERE kind = ? AND {where}"  # noqa: S608
    return connection.execute(query, (kind, *values)).fetchall()


def row_at(connection: sqlite3.Connection, path: str) -> tuple[str, str] | None:
    """Return status and document of the row at `path`, None where none is."""
    query = "SELECT status, document FROM record WHERE path = ?"
    found: tuple[str, str] | None = connection.execute(query, (path,)).fetchone()
    return found


def record_at(connection: sqlite3.Connection, kind: Kind, path: str) -> tuple[bool, Record | None]:
    """Tell whether a row is at `path`, and return its record, None for a file that is not valid."""
    row = row_at(connection, path)
    return row is not None, None if row is None or row[0] == INVALID else parsed(kind.name, row[1])
