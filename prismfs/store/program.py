"""Which program this is, and which commit the projection shows to it. Imports nothing heavy."""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from functools import cache

from prismfs import __version__

_SCHEMAS = ("kinds", "records")


def read_head(connection: sqlite3.Connection) -> str | None:
    """Return the commit that the database shows to this program, None for none yet.

    What another program filled it with is nothing to this one: it may know other kinds and other forms.
    """
    meta = dict(connection.execute("SELECT name, value FROM meta WHERE name IN ('head', 'program')"))
    return meta.get("head") if meta.get("program") == key() else None


def write_head(connection: sqlite3.Connection, commit: str) -> None:
    """Write down that the database shows `commit` to this program."""
    rows = (("head", commit), ("program", key()))
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)


@cache
def key() -> str:
    """Return the version of the program and a digest of what makes its schemas: the sources of kinds and records.

    The sources and not the schemas, which leave out what only code can check, and take all models to make.
    """
    package = os.path.dirname(os.path.dirname(__file__))
    digest = hashlib.sha256()
    for path in sorted(path for folder in _SCHEMAS for path in _sources(os.path.join(package, folder))):
        with open(path, "rb", buffering=0) as file:
            data = file.read()
        digest.update(f"{os.path.relpath(path, package)} {len(data)}\n".encode() + data)
    return f"{__version__} {digest.hexdigest()}"


def _sources(folder: str) -> Iterator[str]:
    for entry in os.scandir(folder):
        if entry.name.endswith(".py"):
            yield entry.path
        elif entry.is_dir():
            yield from _sources(entry.path)
