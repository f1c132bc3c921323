"""A record as a row of the projection, and back."""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from functools import lru_cache

from pydantic_core import to_json

from prismfs.errors import RecordError
from prismfs.kinds import KINDS, kind_of
from prismfs.records.api import Document, JsonValue, Kind, Record
from prismfs.store.defaults import invalid_setting
from prismfs.store.listing import COLUMNS

Row = tuple[object, ...]

INVALID = "invalid"
"""Status of a settings file that is there but that no rule can work with."""


def rows_of(record: Record) -> Sequence[Row]:
    """Return the rows of a record as today's program writes it, made once: put before the commit and after it."""
    return record.once("_rows", _make_rows)


def _make_rows(record: Record) -> Sequence[Row]:
    kind = kind_of(record)
    data = kind.write(record) if kind.chained else None
    made = rows_in(kind, kind.place_of(record), record.document, data, kind.version)
    if kind.row is None:
        _keep(kind.name, str(made[0][-1]), record)
    return made


def rows_in(kind: Kind, path: str, document: Document, data: bytes | None, version: JsonValue) -> Sequence[Row]:
    """Return the rows of the file at `path` that holds `document`, in words of today; `version` is the file's own."""
    digest = None if data is None else hashlib.sha256(data).hexdigest()
    return [_row(kind, place, entry, digest, version) for place, entry in kind.entries(path, document)]


def _row(kind: Kind, place: str, document: Document, digest: str | None, version: JsonValue) -> Row:
    """Return a row in the order of `listing.COLUMNS`."""
    return (place, *kind.facets_of(document), digest, version, to_json(document).decode())


def invalid_row(kind: Kind, path: str, error: RecordError) -> Row:
    """Return the row of a file that is there and that no rule can work with, or that a newer program wrote."""
    name = kind.name if kind.layout == "single" else path.rpartition("/")[2].removesuffix(f".{kind.format}")
    head = {"kind": kind.name, "id": name, "status": INVALID}
    said = json.dumps({**head, "code": error.code, INVALID: str(error)})
    values = {**head, "path": path, "title": str(error), "open": 0, "document": said}
    return tuple(values.get(column) for column in COLUMNS)


_MOST_PARSED = 1024
_records: dict[tuple[str, str], Record] = {}


def _keep(kind: str, text: str, record: Record) -> None:
    """Keep the record of a document's text: most that are asked for were put a moment ago."""
    if len(_records) >= _MOST_PARSED:
        _records.clear()
    _records[kind, text] = record


def setting_in(kind: Kind, status: str, text: str) -> Record:
    """Return the setting in a row of this status and document.

    Raises:
        ConfigError: `invalid_setting`; the file is there and no rule can work with it.
    """
    if status == INVALID:
        said = json.loads(text)
        raise invalid_setting(kind.folder, said["code"], said[INVALID])
    return _setting(kind.name, text)


@lru_cache(maxsize=128)
def _setting(kind: str, text: str) -> Record:
    """As `parsed`, for settings: while the text is the same the record is the same one, and what is made of it kept."""
    return KINDS[kind].record(json.loads(text))


def parsed(kind: str, text: str) -> Record:
    """Return the record of that kind whose document a row holds as `text`."""
    record = _records.get((kind, text))
    if record is None:
        record = KINDS[kind].shown(json.loads(text))
        _keep(kind, text, record)
    return record


_PUT = f"INSERT OR REPLACE INTO record VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608


def put_rows(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Put rows into the table, in place of those at the same paths."""
    connection.executemany(_PUT, rows)
