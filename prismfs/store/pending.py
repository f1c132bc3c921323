"""Rows of plans that an overlay has taken: in memory, until something is asked of their kind that SQL alone answers."""

from collections.abc import Sequence
from typing import cast

from prismfs.records.kind import Kind
from prismfs.records.view import ChainHead
from prismfs.store.listing import COLUMNS
from prismfs.store.rows import Row

_CAUSE, _NUMBER, _DIGEST = (COLUMNS.index(name) for name in ("cause", "number", "digest"))


class Pending:
    """The rows that are not in the tables yet, by kind and path. Most of a group are never asked for by more than that.

    `last` is the newest audit row among those put, `causes` are what they answer; both hold on when rows are taken.
    """

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Row]] = {}
        self.causes: set[object] = set()
        self.last: ChainHead | None = None

    def put(self, kind: Kind, rows: Sequence[Row]) -> None:
        """Take the rows of one file, in place of those that it had."""
        self._rows.setdefault(kind.name, {}).update((str(row[0]), row) for row in rows)
        if kind.chained:
            self.causes.update(row[_CAUSE] for row in rows)
            self.last = ChainHead(cast(int, rows[-1][_NUMBER]), cast(str, rows[-1][_DIGEST]))

    def at(self, kind: str, path: str) -> Row | None:
        """Return the row at `path`, None where none waits."""
        return self._rows.get(kind, {}).get(path)

    def has(self, kind: str, column: str, value: object) -> bool:
        """Tell whether a row of the kind waits that has `value` in `column`."""
        at = COLUMNS.index(column)
        return any(row[at] == value for row in self._rows.get(kind, {}).values())

    def take(self, kind: str | None) -> list[Row]:
        """Return the rows of a kind, or of all, which are none of these any more."""
        kinds = [*self._rows] if kind is None else [kind]
        return [row for name in kinds for row in self._rows.pop(name, {}).values()]
