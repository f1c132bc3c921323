"""A record as a row of the projection, and back."""

import hashlib
import json
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter

from prismfs.kinds import KINDS, kind_of
from prismfs.records.api import Document, Facets, JsonValue, Kind, Record

_FACETS = attrgetter(*(each.name for each in fields(Facets)))


def row_of(record: Record) -> tuple[object, ...]:
    """Return the row of a record as today's program writes it, made once: it is put before the commit and after it."""
    return record.once("_row", _make_row)


def _make_row(record: Record) -> tuple[object, ...]:
    kind = kind_of(record)
    data = kind.write(record) if kind.chained else None
    made = row(kind, kind.place_of(record), record.document, data, kind.version)
    _keep(kind.name, str(made[-1]), record)
    return made


def row(kind: Kind, path: str, document: Document, data: bytes | None, version: JsonValue) -> tuple[object, ...]:
    """Return the row of a record's document, in the order of `listing.COLUMNS`; `version` is that of its file."""
    digest = None if data is None else hashlib.sha256(data).hexdigest()
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return (path, *_FACETS(kind.facets_of(document)), digest, version, text)


_MOST_PARSED = 1024
_records: dict[tuple[str, str], Record] = {}


def _keep(kind: str, text: str, record: Record) -> None:
    """Keep the record of a document's text: most that are asked for were put a moment ago."""
    if len(_records) >= _MOST_PARSED:
        _records.clear()
    _records[kind, text] = record


@lru_cache(maxsize=128)
def setting(kind: str, text: str) -> Record:
    """As `parsed`, for settings: while the text is the same the record is the same one, and what is made of it kept."""
    return KINDS[kind].record(json.loads(text))


def parsed(kind: str, text: str) -> Record:
    """Return the record of that kind whose document a row holds as `text`."""
    record = _records.get((kind, text))
    if record is None:
        record = KINDS[kind].record(json.loads(text))
        _keep(kind, text, record)
    return record
