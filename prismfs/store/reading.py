"""Reading for listings: the projection, brought along only if it is behind the branch, or filled by another program.

Imports neither pydantic nor GitPython while the projection is up to date.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from prismfs import __version__
from prismfs.errors import RefusedError, StoreError
from prismfs.store import listing
from prismfs.store.git.place import locate

if TYPE_CHECKING:
    from prismfs.store.git.repository import Git

_SCHEMAS = ("kinds", "records")
"""What makes the forms of records: the sources and not the schemas, which leave out what only code can check."""


def read_head(connection: sqlite3.Connection) -> str | None:
    """Return the commit that the database shows to this program, None for none yet.

    What another program filled it with is nothing to this one: it may know other kinds and other forms.
    """
    meta = dict(connection.execute("SELECT name, value FROM meta WHERE name IN ('head', 'program')"))
    return meta.get("head") if meta.get("program") == program_of(*_SCHEMAS) else None


def write_head(connection: sqlite3.Connection, commit: str) -> None:
    """Write down that the database shows `commit` to this program."""
    rows = (("head", commit), ("program", program_of(*_SCHEMAS)))
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)


@cache
def program_of(*folders: str) -> str:
    """Return the version of the program and a digest of its files below these folders; "" is all of them."""
    package = os.path.dirname(os.path.dirname(__file__))
    digest = hashlib.sha256()
    for path in sorted(path for folder in folders for path in _files(os.path.join(package, folder))):
        with open(path, "rb", buffering=0) as file:
            data = file.read()
        digest.update(f"{os.path.relpath(path, package)} {len(data)}\n".encode() + data)
    return f"{__version__} {digest.hexdigest()}"


def _files(folder: str) -> Iterator[str]:
    for entry in os.scandir(folder):
        if entry.is_file():
            yield entry.path
        elif entry.name != "__pycache__":
            yield from _files(entry.path)


_DISK = ("disk_full", "disk_failed", "read_only")


@contextmanager
def reading(root: Path) -> Iterator[sqlite3.Connection]:
    """Give the project's projection as of the branch's head.

    Raises:
        StoreError: not a repository, no commit yet, or git fails while the projection is brought along.
    """
    path, head = _locate(root)
    connection = None
    if path is not None and path.exists() and head is not None:
        try:
            connection = listing.connect(path)
        except StoreError as error:
            if error.code not in _DISK:
                raise
        if connection is not None and read_head(connection) != head:
            connection.close()
            connection = None
    if connection is None:
        with _brought_along(root) as connection:
            yield connection
        return
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def as_it_is(root: Path) -> Iterator[sqlite3.Connection]:
    """Give the project's projection without a look at the branch: it may be behind, and nothing is written.

    Raises:
        sqlite3.Error: there is none, or it cannot be read.
    """
    path, _ = _locate(root)
    if path is None:
        raise sqlite3.Error("no project is registered here")
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
        yield connection


def resolve_id(connection: sqlite3.Connection, text: str) -> str:
    """Return the one id that begins with `text`.

    Raises:
        RefusedError: `not_found`, or `ambiguous` with the candidates in the hint.
    """
    wanted = text.strip().encode(errors="replace").decode()
    found = listing.find_ids(connection, wanted, limit=6) if wanted else ()
    if not found and wanted:
        # Ids are lower case; the names of personas may not be.
        wanted = wanted.lower()
        found = listing.find_ids(connection, wanted, limit=6)
    if len(found) == 1 or wanted in found:
        return wanted if wanted in found else found[0]
    if found:
        more = " …" if len(found) == 6 else ""
        raise RefusedError(
            "ambiguous", f"{text} could be several records", field="ID", hint=", ".join(found[:5]) + more
        )
    raise RefusedError("not_found", f"no record has an id like {text[:60]}", field="ID", hint="prismfs list KIND")


def state_of(root: Path) -> tuple[object, ...]:
    """Return what differs whenever the truth may have moved, without running git.

    Raises:
        StoreError: `not_a_repository`.
    """
    place = locate(root)
    if place is None:
        return ()
    found: list[object] = [place.truth]
    with suppress(OSError):
        found.append((place.common / place.truth).read_bytes())
    with suppress(OSError):
        packed = (place.common / "packed-refs").stat()
        found += [packed.st_mtime_ns, packed.st_size, packed.st_ino]
    return tuple(found)


@contextmanager
def truth(root: Path) -> Iterator["tuple[Git, str]"]:
    """Give the project's git and the commit that its truth is at.

    Raises:
        StoreError: not a project; no commit yet.
    """
    from prismfs.store.repo import ProjectRepo

    with ProjectRepo(root) as repo:
        yield repo.git, repo.snapshot().commit


def _locate(root: Path) -> tuple[Path | None, str | None]:
    """Return the projection's file and the commit of the truth, each None where it takes git to tell."""
    place = locate(root.resolve())
    if place is None:
        return None, None
    try:
        return place.state / "projection.sqlite", (place.common / place.truth).read_text().strip()
    except OSError:
        return place.state / "projection.sqlite", None


@contextmanager
def _brought_along(root: Path) -> Iterator[sqlite3.Connection]:
    from prismfs.store.projection import Projection
    from prismfs.store.repo import ProjectRepo

    with ProjectRepo(root) as repo:
        head = repo.snapshot().commit
        try:
            repo.state.mkdir(parents=True, exist_ok=True)
            projection = Projection(repo.state / "projection.sqlite")
            projection.bring_to(head, repo.git)
        except (OSError, StoreError) as error:
            if isinstance(error, StoreError) and error.code not in _DISK:
                raise
            # A repository that cannot be written is still read: from memory, at the price of a rebuild.
            projection = Projection(None)
            projection.bring_to(head, repo.git)
    try:
        yield projection.connection
    finally:
        projection.close()
