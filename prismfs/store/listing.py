"""The projection's tables and the questions that listings ask of them. Imports nothing heavy.

The database stands under the git directory, is rebuilt from commits at will, and is never needed for
correctness: `meta.head` names the commit that it shows, `meta.program` the program that filled it.
"""

import json
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from prismfs.errors import ConflictError, PrismfsError, StoreError
from prismfs.records.document import Document
from prismfs.store import answers

FORM = 4
"""Version of the tables below; a database of another form is thrown away and rebuilt."""

_TABLES = f"""
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS record (
    path TEXT PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL, type TEXT,
    status TEXT NOT NULL,
    open INTEGER NOT NULL, key TEXT, due_at TEXT, rank INTEGER, owner TEXT, ref TEXT, cause TEXT,
    number INTEGER, digest TEXT, version INTEGER, document TEXT NOT NULL
);
{answers.SCHEMA};
"""
_INDEXES = {
    "record_id": "(id)",
    "record_kind": "(kind, open, id)",
    "record_state": "(open, status, kind)",
    "record_key": "(key) WHERE key IS NOT NULL",
    "record_due": "(due_at, id) WHERE due_at IS NOT NULL",
    "record_ref": "(ref) WHERE ref IS NOT NULL",
    "record_owner": "(owner, kind, id) WHERE owner IS NOT NULL",
    "record_cause": "(cause) WHERE cause IS NOT NULL",
    "record_number": "(number) WHERE number IS NOT NULL",
}
_PLACE = ".git/prismfs/projection.sqlite"
_MEMBER = re.compile(r"\$(\.[a-z_]+)+")
_MEMBER_OR_WORD = re.compile(rf"{_MEMBER.pattern}|[a-z]+")

COLUMNS = tuple(
    "path id kind title type status open key due_at rank owner ref cause number digest version document".split()
)
"""Those of a record; from `id` to `number` they are called as the members of `Facets`, and in their order."""


def connect(path: Path | None) -> sqlite3.Connection:
    """Open the database at `path` with its tables made; in memory where `path` is None.

    A database of another form, or one that SQLite calls damaged, is removed and begun anew.

    Raises:
        StoreError: the disk is full, read-only, or fails.
    """
    try:
        return _connect(path)
    except sqlite3.DatabaseError:
        if path is None:
            raise
        last = _last_error(path)
        if isinstance(last, sqlite3.OperationalError):
            if not os.access(path.parent, os.W_OK):
                raise _read_only() from last
            raise database_error(last) from last
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return _connect(path)


def _connect(path: Path | None) -> sqlite3.Connection:
    connection = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=10, cached_statements=256)
    try:
        form = connection.execute("PRAGMA user_version").fetchone()[0]
        if form not in (0, FORM):
            raise sqlite3.DatabaseError(f"tables of form {form}")
        if form == 0:
            connection.executescript(f"PRAGMA journal_mode = WAL; {_TABLES}")
            make_indexes(connection)
            connection.execute(f"PRAGMA user_version = {FORM}")  # at last: the disk may be full before
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA temp_store = MEMORY")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def clear(connection: sqlite3.Connection) -> None:
    """Take out all rows, and the indexes: made of all rows at once, by `make_indexes`, they cost less than half."""
    for table in ("record", "article"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608
    for name in _INDEXES:
        connection.execute(f"DROP INDEX IF EXISTS {name}")


def make_indexes(connection: sqlite3.Connection) -> None:
    """Make the indexes of the records."""
    on_disk = connection.execute("PRAGMA database_list").fetchone()[2]
    if on_disk:  # what many rows are sorted in stays with the process: 17 MB of 200,000
        connection.execute("PRAGMA temp_store = FILE")
    for name, of in _INDEXES.items():
        connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON record {of}")
    connection.execute("PRAGMA temp_store = MEMORY")


def _last_error(path: Path) -> sqlite3.DatabaseError | None:
    try:
        _connect(path).close()
    except sqlite3.DatabaseError as error:
        return error
    return None


@contextmanager
def transaction(connection: sqlite3.Connection, *, keep: bool = True) -> Iterator[None]:
    """Make everything inside one transaction; undone on an error, or at the end where `keep` is false.

    Raises:
        StoreError: the disk is full, read-only, or fails; nothing is changed.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT" if keep else "ROLLBACK")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        raise database_error(error) from error


def _read_only() -> StoreError:
    return StoreError("read_only", "the repository cannot be written", path=_PLACE, hint="check its owner and mode")


def database_error(error: sqlite3.OperationalError) -> PrismfsError:
    """Return an error of SQLite on the projection as a store error: the disk is full, read-only or damaged."""
    path = _PLACE
    match error.sqlite_errorname:
        case "SQLITE_FULL":
            return StoreError("disk_full", "the disk is full", path=path, hint="make room; recovery completes the rest")
        case name if name.startswith("SQLITE_READONLY"):
            return _read_only()
        case "SQLITE_BUSY":
            return ConflictError("projection_busy", "another process holds the projection", path=path, hint="try again")
        case _:
            hint = "check the disk and the room left on it; the file may be removed and is made again"
            return StoreError("disk_failed", str(error), path=path, hint=hint)


def read_kinds(connection: sqlite3.Connection) -> dict[str, Document]:
    """Return what a listing needs of each kind, by its name; empty for a database that an earlier program made."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'kinds'").fetchone()
    return {} if row is None else json.loads(row[0])


def write_kinds(connection: sqlite3.Connection, kinds: Mapping[str, Document]) -> None:
    """Keep what a listing needs of each kind, for readers that do not load the models."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('kinds', ?)", (json.dumps(kinds),))


def find_ids(connection: sqlite3.Connection, prefix: str, limit: int = 20) -> tuple[str, ...]:
    """Return the ids that begin with `prefix`, in order, at most `limit`."""
    rows = connection.execute(
        "SELECT id FROM record WHERE id >= ? AND id < ? ORDER BY id LIMIT ?", (prefix, prefix + "{", limit)
    )
    return tuple(row[0] for row in rows)


def find_titles(
    connection: sqlite3.Connection, prefix: str, *, type: str | None, limit: int
) -> Sequence[tuple[str, str]]:
    """Return (id, title) of the records whose id begins with `prefix`, audit rows aside: open ones first, newest first.

    `type` is what those records are of, None for any.
    """
    return connection.execute(
        "SELECT id, title FROM record WHERE id >= ? AND id < ? AND kind <> 'audit' AND coalesce(?, type) IS type"
        " ORDER BY open DESC, id DESC LIMIT ?",
        (prefix, prefix + "{", type, limit),
    ).fetchall()


def find_documents(
    connection: sqlite3.Connection,
    kind: str,
    *,
    where: Mapping[str, object] | None = None,
    compare: Sequence[tuple[str, Literal["<", ">="], str]] = (),
    after: int | None = None,
    limit: int | None = None,
    newest_first: bool = True,
) -> tuple[tuple[str, ...], int]:
    """Return the documents (JSON texts) of one kind that match, and how many match in all.

    `where` maps columns, or members of the document as `$.name`, to the value they must have; `compare` holds
    a text member, such as an instant in RFC 3339, against another text; `after` is a number of a chained kind
    that only greater ones follow. Chained kinds come in the order of their number, others in that of their id.
    """
    conditions, values = ["kind = ?"], [kind]  # type: list[str], list[object]
    for column, value in (where or {}).items():
        # Identities are compared without regard to case.
        conditions.append(f"{_place(column)} = ?" + (" COLLATE NOCASE" if column == "owner" else ""))
        values.append(value)
    for column, operator, text in compare:
        conditions.append(f"{_place(column)} {operator} ?")
        values.append(text)
    if after is not None:
        conditions.append("number > ?")
        values.append(after)
    text = " AND ".join(conditions)
    total = connection.execute(f"SELECT count(*) FROM record WHERE {text}", values).fetchone()[0]  # noqa: S608
    # By the one column that an index gives in order; sorting by both would first read every row that matches.
    # The plus keeps SQLite from looking rows up by their kind, which nearly all numbered rows share.
    order = "number" if _is_numbered(connection, kind) else "id"
    if order == "number":
        text = f"+{text} AND number IS NOT NULL"
    direction = "DESC" if newest_first else "ASC"
    cut = "" if limit is None else f" LIMIT {int(limit)}"
    found, rest = f"SELECT id, document FROM record WHERE {text}", f" ORDER BY {order} {direction}{cut}"  # noqa: S608
    if order == "id" and cut and len(conditions) == 1:  # in the index's order, which is of the open ones and the others
        states = " UNION ALL ".join(f"SELECT * FROM ({found} AND open = {state}{rest})" for state in (0, 1))  # noqa: S608
        found, values = f"SELECT * FROM ({states})", values * 2  # noqa: S608
    rows = connection.execute(found + rest, values)
    return tuple(row[1] for row in rows), total


def _place(column: str) -> str:
    """Return the SQL of a column, or of a member of the document: `$.name`, or several of which the first counts.

    The last may be a word, such as in `$.level|agent`: a file leaves out what is its default.
    """
    if column in COLUMNS:
        return column
    *others, last = column.split("|")
    if not all(map(_MEMBER.fullmatch, others)) or not (_MEMBER if not others else _MEMBER_OR_WORD).fullmatch(last):
        raise ValueError(f"no such column: {column}")
    places = [f"json_extract(document, '{name}')" for name in (*others, last) if name.startswith("$")]
    if not last.startswith("$"):
        places.append(f"'{last}'")
    return places[0] if len(places) == 1 else f"coalesce({', '.join(places)})"


def _is_numbered(connection: sqlite3.Connection, kind: str) -> bool:
    row = connection.execute("SELECT number FROM record WHERE kind = ? LIMIT 1", (kind,)).fetchone()
    return row is not None and row[0] is not None


def count_by_status(connection: sqlite3.Connection) -> Sequence[tuple[str, str, int, int]]:
    """Return (kind, status, open, count) for every kind and status there is."""
    return connection.execute(
        "SELECT kind, status, open, count(*) FROM record GROUP BY kind, status, open ORDER BY kind, status"
    ).fetchall()


def read_document(connection: sqlite3.Connection, identifier: str) -> str | None:
    """Return the document (JSON text) of the record with this id, None if there is none."""
    row = connection.execute("SELECT document FROM record WHERE id = ?", (identifier,)).fetchone()
    return None if row is None else str(row[0])


def has_kind(connection: sqlite3.Connection, kind: str) -> bool:
    """Tell whether any record is of this kind."""
    return connection.execute("SELECT 1 FROM record WHERE kind = ? LIMIT 1", (kind,)).fetchone() is not None


def read_next_due(connection: sqlite3.Connection, kind: str | None = None) -> str | None:
    """Return the earliest due time (RFC 3339) of one kind, or of all but the outbox; None without any."""
    condition, name = _due_condition(kind)
    row = connection.execute(
        f"SELECT due_at FROM record WHERE due_at IS NOT NULL AND {condition} ORDER BY due_at LIMIT 1",  # noqa: S608
        (name,),
    ).fetchone()
    return None if row is None else row[0]


def due_query(kind: str | None, share: int) -> tuple[str, str]:
    """Return the query of (kind, document) of what is due, and its parameter between the time and the limit.

    The earliest come first; with `share` at most so many of one owner in one status.
    """
    condition, name = _due_condition(kind)
    found = f"record WHERE due_at < ? AND {condition}"
    if share:
        place = f"row_number() OVER (PARTITION BY owner, status ORDER BY due_at, id) <= {int(share)} AS shown"
        found = f"(SELECT kind, document, due_at, id, {place} FROM {found}) WHERE shown"  # noqa: S608
    return f"SELECT kind, document FROM {found} ORDER BY due_at, id LIMIT ?", name  # noqa: S608


def _due_condition(kind: str | None) -> tuple[str, str]:
    # The plus keeps SQLite on the index of due times, which few records are in.
    return ("+kind != ?", "outbox") if kind is None else ("+kind = ?", kind)
