"""The audit rows, and other records, that files hold."""

from __future__ import annotations

import json
from typing import Any

from prismfs.kinds import KINDS
from prismfs.records.api import Kind, Record, codec


def records_in(kind: Kind, data: bytes, *, path: str) -> list[Record]:
    """Return what a view answers with of the file at `path`: its record, or the rows that it holds."""
    kind.read(data, path=path)
    document = kind.upgraded(codec.parse(data, format=kind.format, path=path))
    return [kind.shown(entry) for _, entry in kind.entries(path, document)]


def audit_rows(data: bytes | str) -> list[dict[str, Any]]:
    """Return the rows of an audit file as JSON objects."""
    return [dict(row) for _, row in KINDS["audit"].entries("", json.loads(data))]
