"""The in-memory twin of the projection: the same contract over dictionaries, for `verify` and for tests.

It is also the slow reader that the projection is checked against: it keeps whole files and asks nothing of SQLite but
the full-text search. Of a file that nobody asks for it keeps the bytes, packed, and what may be asked of any record: a
record takes fifty times the room.
"""

import hashlib
import sqlite3
import zlib
from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from copy import deepcopy
from datetime import datetime
from typing import TypeVar, cast

from prismfs.errors import Problem, RecordError
from prismfs.kinds import kind_of, kind_of_path
from prismfs.records.answer import Answer
from prismfs.records.api import NEWER_VERSION, Facets, Kind, Plan, Record, codec, format_instant, parse_instant
from prismfs.records.view import GENESIS, ChainHead
from prismfs.store import answers
from prismfs.store.defaults import check_layout, default_record, invalid_setting

R = TypeVar("R", bound=Record)

_MOST_SHOWN = 1024  # records
_QUICKLY = 1  # zlib's level


class MemoryView:
    """A view over records held in dictionaries, by path."""

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        self._files: dict[str, bytes] = {}
        self._facets: dict[str, Facets] = {}  # of each record, by its place: a path, or that of a row in a file
        self._shown: dict[str, Record] = {}  # those put or asked for lately, by place
        self._places: dict[str, list[str]] = {}
        self._of_kind: dict[str, set[str]] = {}
        self._by_key: dict[tuple[str, str], list[str]] = {}
        self._by_ref: dict[tuple[str, str], list[str]] = {}
        self._due: set[str] = set()
        self._causes: dict[str, int] = {}
        self._rows: dict[str, ChainHead] = {}
        self._head: ChainHead | None = GENESIS
        self._invalid: dict[str, Problem] = {}
        self._versions: dict[str, int] = {}
        for path, data in (files or {}).items():
            self.put_file(path, data)

    def copy(self) -> "MemoryView":
        """Return a view of its own with the same records."""
        return deepcopy(self, {id(record): record for record in self._shown.values()})

    def add(self, plan: Plan) -> None:
        """Answer from now on as if `plan` were committed."""
        for record in plan.puts:
            kind = kind_of(record)
            self.put_record(kind.place_of(record), kind, record, kind.write(record))

    def put_file(self, path: str, data: bytes) -> bool:
        """Add one file; False where it is no valid record, which counts as absent."""
        self.remove_file(path)
        kind = kind_of_path(path)
        if kind is None:
            return False
        try:
            document = codec.parse(data, format=kind.format, path=path)
            self.put_record(path, kind, kind.record(document, path=path), data)
        except RecordError as error:
            check_layout(error)
            if kind.layout == "single" or error.code == NEWER_VERSION:
                self._invalid[path] = error.problem
            return False
        if document["version"] != kind.version:
            self._versions[path] = int(str(document["version"]))
        return True

    def put_record(self, path: str, kind: Kind, record: Record, data: bytes) -> None:
        """Add the file at `path`, of which it is known already that it is `record`."""
        self.remove_file(path)
        self._files[path] = zlib.compress(data, _QUICKLY)
        digest = hashlib.sha256(data).hexdigest() if kind.chained else None
        for place, document in kind.entries(path, record.document):
            self._add(place, kind.facets_of(document), digest)
            self._places.setdefault(path, []).append(place)
        if kind.row is None:
            self._keep(path, record)

    def remove_file(self, path: str) -> None:
        """Forget the record at `path`, if there is one."""
        self._invalid.pop(path, None)
        self._versions.pop(path, None)
        self._files.pop(path, None)
        for place in self._places.pop(path, ()):
            self._remove(place)

    def records(self) -> Iterator[Record]:
        """Yield every record, in path order."""
        for path in sorted(self._facets):
            yield self._record(path)

    def get(self, model: type[R], identifier: str) -> R | None:
        """Return the record with this id or name, None if there is none."""
        kind = kind_of(model)
        if model is kind.row:
            return next(iter(self._such(model, lambda facets: facets.id == identifier)), None)
        with suppress(RecordError):
            return self._at(model, kind.path_of(identifier))
        return None

    def single(self, model: type[R]) -> R:
        """Return the one record of its kind, or what a missing file means."""
        kind = kind_of(model)
        if kind.folder in self._invalid:
            problem = self._invalid[kind.folder]
            raise invalid_setting(kind.folder, problem.code, str(problem))
        found = self._at(model, kind.folder) or default_record(kind.name)
        assert isinstance(found, model)
        return found

    def open_with_key(self, model: type[R], key: str) -> R | None:
        """Return the newest open record of the kind with this dedup key."""
        for path in reversed(self._by_key.get((kind_of(model).name, key), [])):
            if self._facets[path].open:
                return self._at(model, path)
        return None

    def latest_with_key(self, model: type[R], key: str) -> R | None:
        """Return the newest record of the kind with this dedup key, open or not."""
        paths = self._by_key.get((kind_of(model).name, key))
        return self._at(model, paths[-1]) if paths else None

    def all_with_key(self, model: type[R], key: str) -> Sequence[R]:
        """Return the open records of the kind with this key, oldest first."""
        paths = self._by_key.get((kind_of(model).name, key), [])
        return self._each(model, (path for path in paths if self._facets[path].open))

    def open_of(self, model: type[R]) -> Sequence[R]:
        """Return the open records of the kind, oldest first."""
        return self._such(model, lambda facets: facets.open)

    def with_ref(self, model: type[R], ref: str) -> Sequence[R]:
        """Return the records of the kind that refer to `ref`, oldest first."""
        return self._each(model, self._by_ref.get((kind_of(model).name, ref), []))

    def latest_of(self, model: type[R], owner: str, statuses: Sequence[str], limit: int) -> Sequence[R]:
        """Return the newest records of the kind with this owner and one of `statuses`, newest first."""
        found = self._such(model, lambda facets: facets.owner == owner and facets.status in statuses)
        return found[::-1][:limit]

    def due_before(self, now: datetime, limit: int, *, of: type[R] | None = None, share: int = 0) -> Sequence[R]:
        """Return records of one kind (without `of` all but the outbox) due before `now`, earliest first."""
        due = sorted(entry for entry in self._due_times(of) if entry[0] < format_instant(now))
        seen: Counter[tuple[str | None, str]] = Counter()
        found = []
        for _, _, path in due:
            facets = self._facets[path]
            seen[facets.owner, facets.status] += 1
            if not share or seen[facets.owner, facets.status] <= share:
                found.append(path)
        return tuple(cast(R, self._record(path)) for path in found[:limit])

    def next_due(self, *, of: type[Record] | None = None) -> datetime | None:
        """Return the earliest due time of any record of one kind; without `of`, of any kind but the outbox."""
        return min((parse_instant(at) for at, _, _ in self._due_times(of)), default=None)

    def last_audit(self) -> ChainHead:
        """Return the newest audit row, `GENESIS` where none is."""
        if self._head is None:
            self._head = max(self._rows.values(), key=_by_number, default=GENESIS)
        return self._head

    def handled(self, cause: str) -> bool:
        """Tell whether an audit row answers `cause` already."""
        return self._causes.get(cause, 0) > 0

    def is_newer(self, model: type[R], identifier: str) -> bool:
        """Whether a file of this id or name is there that a newer program wrote."""
        with suppress(RecordError):
            return kind_of(model).layout != "single" and kind_of(model).path_of(identifier) in self._invalid
        return False

    def outdated(self, model: type[R], version: int) -> Sequence[R]:
        """Return the records of the kind whose file is of an earlier version than `version`, in path order."""
        return self._each(model, (path for path, own in sorted(self._versions.items()) if own < version))

    def find_answers(self, text: str, limit: int, *, without: str = "") -> Sequence[Answer]:
        """Return passages of the knowledge base that match `text`, best first."""
        with closing(sqlite3.connect(":memory:")) as search:
            search.execute(answers.SCHEMA)
            for path in sorted(self._of_kind.get("kb", ())):
                answers.put_article(search, self._record(path).document)
            return answers.find_answers(search, text, limit, without=without)

    def _due_times(self, of: type[Record] | None) -> Iterator[tuple[str, str, str]]:
        name = None if of is None else kind_of(of).name
        for path in self._due:
            facets = self._facets[path]
            wanted = facets.kind != "outbox" if name is None else facets.kind == name
            if facets.due_at is not None and wanted:
                yield facets.due_at, facets.id, path

    def _such(self, model: type[R], is_such: Callable[[Facets], bool]) -> tuple[R, ...]:
        places = self._of_kind.get(kind_of(model).name, ())
        found = sorted((self._facets[path].id, path) for path in places if is_such(self._facets[path]))
        return self._each(model, (path for _, path in found))

    def _each(self, model: type[R], paths: Iterable[str]) -> tuple[R, ...]:
        records = (self._at(model, path) for path in paths)
        return tuple(record for record in records if record is not None)

    def _at(self, model: type[R], path: str) -> R | None:
        record = self._record(path) if path in self._facets else None
        return record if isinstance(record, model) else None

    def _record(self, place: str) -> Record:
        found = self._shown.get(place)
        if found is None:
            path = place.partition("#")[0]
            kind = kind_of_path(path)
            assert kind is not None
            found = kind.read(zlib.decompress(self._files[path]), path=path)
            if kind.row is not None:
                found = kind.shown(dict(kind.entries(path, found.document))[place])
            self._keep(place, found)
        return found

    def _keep(self, place: str, record: Record) -> None:
        if len(self._shown) >= _MOST_SHOWN:
            self._shown.clear()
        self._shown[place] = record

    def _add(self, path: str, facets: Facets, digest: str | None) -> None:
        self._facets[path] = facets
        self._of_kind.setdefault(facets.kind, set()).add(path)
        if facets.key is not None:
            insort(self._by_key.setdefault((facets.kind, facets.key), []), path, key=self._id_at)
        if facets.ref is not None:
            insort(self._by_ref.setdefault((facets.kind, facets.ref), []), path, key=self._id_at)
        if facets.due_at is not None:
            self._due.add(path)
        if facets.cause is not None:
            self._causes[facets.cause] = self._causes.get(facets.cause, 0) + 1
        if facets.number is not None and digest is not None:
            row = self._rows[path] = ChainHead(facets.number, digest)
            self._head = max(self.last_audit(), row, key=_by_number)

    def _remove(self, path: str) -> None:
        facets = self._facets[path]
        self._of_kind[facets.kind].remove(path)
        if facets.key is not None:
            self._by_key[facets.kind, facets.key].remove(path)
        if facets.ref is not None:
            self._by_ref[facets.kind, facets.ref].remove(path)
        self._due.discard(path)
        if facets.cause is not None:
            self._causes[facets.cause] -= 1
        if self._rows.pop(path, None) is not None:
            self._head = None
        self._shown.pop(path, None)
        del self._facets[path]

    def _id_at(self, path: str) -> str:
        return self._facets[path].id


def _by_number(row: ChainHead) -> tuple[int, str]:
    return row.number, row.digest
