"""The audit rows, and other records, that files hold."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, cast

from prismfs.kinds import KINDS, kind_of
from prismfs.kinds.core.audit import Audit, AuditFile
from prismfs.records.api import Kind, Record, codec


def records_in(kind: Kind, data: bytes, *, path: str) -> list[Record]:
    """Return what a view answers with of the file at `path`: its record, or the rows that it holds."""
    kind.read(data, path=path)
    document = kind.upgraded(codec.parse(data, format=kind.format, path=path))
    return [kind.shown(entry) for _, entry in kind.entries(path, document)]


def rows_of(puts: Iterable[Record]) -> list[Audit]:
    """Return the audit rows among the records that a plan puts, as views answer with them."""
    found = [record for put in puts if isinstance(put, AuditFile) for record in _entries(put)]
    assert all(isinstance(row, Audit) for row in found)
    return cast("list[Audit]", found)


def _entries(file: AuditFile) -> list[Record]:
    kind = kind_of(file)
    return [kind.shown(entry) for _, entry in kind.entries(kind.place_of(file), file.document)]


def audit_rows(data: bytes | str) -> list[dict[str, Any]]:
    """Return the rows of an audit file as JSON objects."""
    return [dict(row) for _, row in KINDS["audit"].entries("", json.loads(data))]
