"""The projection as a view: the SQLite tables of `listing`, kept in step with the commits."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count, islice
from pathlib import Path
from typing import TypeVar, cast

from prismfs.errors import RecordError
from prismfs.kinds import KINDS, kind_of, kind_of_path
from prismfs.records.answer import Answer
from prismfs.records.api import Document, Plan, Record, codec, format_instant, parse_instant
from prismfs.records.kind import NEWER_VERSION, Kind
from prismfs.records.view import GENESIS, ChainHead
from prismfs.store import answers, listing
from prismfs.store.asked import Asked, find_rows, is_cause, record_at, row_at
from prismfs.store.defaults import check_layout, default_record
from prismfs.store.git.plumbing import EMPTY_TREE, NO_OBJECT
from prismfs.store.git.repository import Git
from prismfs.store.pending import Pending
from prismfs.store.reading import read_head, write_head
from prismfs.store.rows import INVALID, Row, invalid_row, parsed, put_rows, rows_in, rows_of, setting_in

R = TypeVar("R", bound=Record)

_OPEN_WITH_KEY = "key = ? AND +open = 1 ORDER BY id"  # without the plus SQLite looks through all that are open
_BATCH = 256  # changes held in memory at a time while the projection is brought along


class Projection:
    """A `View` of the commit that it was last brought to, and an overlay for plans on top of it."""

    def __init__(self, path: Path | None) -> None:
        self._connection = listing.connect(path)
        self._git: Git | None = None
        self._asked = Asked()
        self._pending = Pending()

    @property
    def connection(self) -> sqlite3.Connection:
        """The database, for listings."""
        self._settle()
        return self._connection

    @property
    def head(self) -> str | None:
        """The commit that the projection shows, None for none yet."""
        return read_head(self._connection)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def bring_to(self, commit: str, git: Git) -> None:
        """Apply what differs between the commit shown now and `commit`.

        Files that are no valid record are left out; `prismfs check` names them.
        """
        self._asked.show(commit)
        if self.head == commit:
            return
        with listing.transaction(self._connection):
            self._bring_to(commit, git)

    def advance(self, old: str, new: str, records: Iterable[tuple[Kind, str, Record, bytes]], git: Git) -> None:
        """Apply `records` (kind, path, record, bytes), which the writer just made between two commits.

        A reader may have moved the projection meanwhile; the difference is then taken from the commits.
        """
        with listing.transaction(self._connection):
            if self.head != old:
                self._asked.show(new)
                self._bring_to(new, git)
                return
            self._asked.of = new
            written: list[Row] = []
            for kind, path, record, data in records:
                self._asked.put(kind.name, path)
                if kind.upgrades or kind.layout != "dated":  # the file may say the record in other words
                    written += self._take(kind, path, data)
                else:
                    written += rows_of(record)
            put_rows(self._connection, written)
            write_head(self._connection, new)

    @contextmanager
    def overlay(self, commit: str, git: Git) -> Iterator["Projection"]:
        """Give the view of `commit` as one that takes plans with `add`; what it took is undone at the end."""
        self._asked.show(commit)
        with listing.transaction(self._connection, keep=False):
            self._bring_to(commit, git)
            self._git = git
            try:
                yield self
            finally:
                self._asked.undo()
                self._pending = Pending()

    def add(self, plan: Plan) -> None:
        """Answer from now on as if `plan` were committed. Only inside `overlay`."""
        for take in plan.takes:
            known = kind_of_path(take.path)
            if known is not None:
                assert self._git is not None
                self._settle(known.name)
                data = None if take.new is None else self._git.read(take.new)
                put_rows(self._connection, self._take(known, take.path, data))
        for record in plan.puts:
            kind, rows = kind_of(record), rows_of(record)
            self._asked.put(kind.name, str(rows[0][0]))
            self._note(kind, record.document)
            self._pending.put(kind, rows)

    def get(self, model: type[R], identifier: str) -> R | None:
        """Return the record with this id or name, None if there is none."""
        kind = kind_of(model)
        if model is kind.row:
            return self._first(model, "id = ?", identifier)
        try:
            path = kind.path_of(identifier)
        except RecordError:
            return None
        found = self._at(kind, path)[1]
        return found if isinstance(found, model) else None

    def single(self, model: type[R]) -> R:
        """Return the one record of its kind, or what a missing file means.

        Raises:
            ConfigError: `invalid_setting`; the file is there and no rule can work with it.
        """
        kind = kind_of(model)
        found = self._asked.ones.get(kind.name) or self._single(kind)
        assert isinstance(found, model)
        self._asked.ones[kind.name] = found
        return found

    def open_with_key(self, model: type[R], key: str) -> R | None:
        """Return the newest open record of the kind with this dedup key."""
        return self._first(model, f"{_OPEN_WITH_KEY} DESC LIMIT 1", key)

    def latest_with_key(self, model: type[R], key: str) -> R | None:
        """Return the newest record of the kind with this dedup key, open or not."""
        return self._first(model, "key = ? ORDER BY id DESC LIMIT 1", key)

    def all_with_key(self, model: type[R], key: str) -> Sequence[R]:
        """Return the open records of the kind with this key, oldest first."""
        return self._all(model, _OPEN_WITH_KEY, key)

    def open_of(self, model: type[R]) -> Sequence[R]:
        """Return the open records of the kind, oldest first."""
        return self._all(model, "open = 1 ORDER BY id")

    def with_ref(self, model: type[R], ref: str) -> Sequence[R]:
        """Return the records of the kind that refer to `ref`, oldest first."""
        return self._all(model, "ref = ? ORDER BY id", ref)

    def latest_of(self, model: type[R], owner: str, statuses: Sequence[str], limit: int) -> Sequence[R]:
        """Return the newest records of the kind with this owner and one of `statuses`, newest first."""
        among = ",".join("?" * len(statuses))
        return self._all(model, f"owner = ? AND status IN ({among}) ORDER BY id DESC LIMIT ?", owner, *statuses, limit)

    def due_before(self, now: datetime, limit: int, *, of: type[R] | None = None, share: int = 0) -> Sequence[R]:
        """Return records of one kind (without `of` all but the outbox) due before `now`, earliest first."""
        self._settle(None if of is None else kind_of(of).name)
        query, name = listing.due_query(None if of is None else kind_of(of).name, share)
        rows = self._connection.execute(query, (format_instant(now), name, limit)).fetchall()
        return tuple(cast(R, parsed(kind, document)) for kind, document in rows)

    def next_due(self, *, of: type[Record] | None = None) -> datetime | None:
        """Return the earliest due time of any record of one kind; without `of`, of any kind but the outbox."""
        self._settle(None if of is None else kind_of(of).name)
        text = listing.read_next_due(self._connection, None if of is None else kind_of(of).name)
        return None if text is None else parse_instant(text)

    def last_audit(self) -> ChainHead:
        """Return the newest audit row, `GENESIS` where none is."""
        if self._pending.last is not None:
            return self._pending.last
        row = self._connection.execute(
            "SELECT number, digest FROM record WHERE number IS NOT NULL ORDER BY number DESC, digest DESC LIMIT 1"
        ).fetchone()
        return GENESIS if row is None else ChainHead(*row)

    def handled(self, cause: str) -> bool:
        """Tell whether an audit row answers `cause` already."""
        return cause in self._pending.causes or is_cause(self._connection, cause)

    def holds(self, kind: Kind, path: str) -> bool:
        """Tell whether a file of a record is at `path`, one of a newer program among them, or an invalid setting."""
        return self._at(kind, path)[0]

    def is_newer(self, model: type[R], identifier: str) -> bool:
        """Whether a file of this id or name is there that a newer program wrote."""
        kind = kind_of(model)
        with suppress(RecordError):
            return kind.layout != "single" and self._at(kind, kind.path_of(identifier)) == (True, None)
        return False

    def outdated(self, model: type[R], version: int) -> Sequence[R]:
        """Return the records of the kind whose file is of an earlier version than `version`, in path order."""
        return self._all(model, "version < ? AND status != ? ORDER BY path", version, INVALID)

    def find_answers(self, text: str, limit: int, *, without: str = "") -> Sequence[Answer]:
        """Return passages of the knowledge base that match `text`, best first."""
        return answers.find_answers(self._connection, text, limit, without=without)

    def _first(self, model: type[R], where: str, *values: object) -> R | None:
        """Return the one record of the kind that a query as `_all` takes finds."""
        return next(iter(self._all(model, where, *values)), None)

    def _all(self, model: type[R], where: str, *values: object) -> Sequence[R]:
        """Return the records of the kind for which `where`, SQL that may go on with an order and a limit, holds."""
        kind = kind_of(model).name
        found = self._asked.found(kind, (where, values), lambda: self._in_tables(kind, where, *values))
        return tuple(record for record in found if isinstance(record, model))

    def _in_tables(self, kind: str, where: str, *values: object) -> Sequence[Record]:
        """Return what SQL finds for `_all`; what waits is put first, unless none of it has the key or reference."""
        column = where.partition(" ")[0]
        if column not in ("key", "ref") or self._pending.has(kind, column, values[0]):
            self._settle(kind)
        rows = find_rows(self._connection, kind, where, values)
        if any(self._pending.at(kind, path) for path, _ in rows):  # it was, and is about another one now
            self._settle(kind)
            rows = find_rows(self._connection, kind, where, values)
        return tuple(parsed(kind, document) for _, document in rows)

    def _at(self, kind: Kind, path: str) -> tuple[bool, Record | None]:
        """Tell whether a file is at `path`, and return the record in it, None for one that is not valid."""
        row = self._pending.at(kind.name, path)  # never kept as asked: the tables will have it before long
        if row is not None:
            return True, parsed(kind.name, str(row[-1]))
        return self._asked.at(kind.name, path, lambda: record_at(self._connection, kind, path))

    def _single(self, kind: Kind) -> Record:
        self._settle(kind.name)
        row = row_at(self._connection, kind.folder)
        return default_record(kind.name) if row is None else setting_in(kind, *row)

    def _bring_to(self, commit: str, git: Git) -> None:
        if (head := self.head) == commit:
            return
        from prismfs.store.progress import tell

        self._asked.forget()
        old = EMPTY_TREE if head is None or git.resolve(f"{head}^{{tree}}") is None else head
        if anew := old == EMPTY_TREE:
            listing.clear(self._connection)
            listing.write_kinds(self._connection, {name: kind.listing_document() for name, kind in KINDS.items()})
        changes = (
            (change, kind) for change in git.each_change(old, commit) if (kind := kind_of_path(change.path)) is not None
        )
        for number in count():
            batch = tuple(islice(changes, _BATCH))
            tell(number, _BATCH, done=not batch)
            if not batch:
                break
            contents = git.read_many(change.new for change, _ in batch if change.new != NO_OBJECT)
            rows: list[Row] = []
            for change, kind in batch:
                rows += self._take(kind, change.path, None if change.new == NO_OBJECT else next(contents), anew=anew)
            put_rows(self._connection, rows)
        if anew:
            listing.make_indexes(self._connection)
        write_head(self._connection, commit)

    def _take(self, kind: Kind, path: str, data: bytes | None, *, anew: bool = False) -> Sequence[Row]:
        """Return the rows that the file at `path` has now, and take out those that it had; none where all is `anew`."""
        if not anew:
            self._asked.put(kind.name, path)
        if kind.row is not None and not anew:  # however many rows the file held
            self._connection.execute("DELETE FROM record WHERE path > ? AND path < ?", (f"{path}#", f"{path}$"))
        if data is not None:
            try:
                document = codec.parse(data, format=kind.format, path=path)
                today, _ = kind.checked(document, path=path)
            except RecordError as error:
                check_layout(error)
                if kind.layout == "single" or error.code == NEWER_VERSION:
                    return [invalid_row(kind, path, error)]
            else:
                self._note(kind, today)
                return rows_in(kind, path, today, data if kind.chained else None, document["version"])
        if not anew:
            self._connection.execute("DELETE FROM record WHERE path = ?", (path,))
        if kind.name == "kb":
            answers.remove_article(self._connection, path.rpartition("/")[2].removesuffix(f".{kind.format}"))
        return ()

    def _note(self, kind: Kind, document: Document) -> None:
        """Keep in step, with a record that is put, what is kept beside the rows."""
        if kind.name == "kb":
            answers.put_article(self._connection, document)

    def _settle(self, kind: str | None = None) -> None:
        """Put the rows of a kind, or of all, that wait: what is asked now is asked of the tables."""
        put_rows(self._connection, self._pending.take(kind))
