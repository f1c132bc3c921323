"""git's index, changed by this process: the two programs for that cost more than all else of a small group.

Whatever is not of the form that git writes by itself (another version, a split or a sparse index, a merge under way, a
file where a folder belongs) is left to git. Source: gitformat-index(5) of git 2.39, versions 2 and 3.
"""

import hashlib
import mmap
import os
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

from prismfs.store.git.plumbing import NO_OBJECT, Change

_HEAD, _FIXED, _HASH = 12, 62, 20
_LENGTH, _STAGE, _EXTENDED = 0x0FFF, 0x3000, 0x4000
"""Of an entry's flags: the length of its name, the side of a merge under way, and whether there are more flags."""

_SAID_AGAIN = (b"EOIE", b"IEOT")
"""Extensions that say where the others lie; git makes them again where it wants them."""

_PIECE = 1 << 16
_LARGE = 1 << 22
"""Bytes from which on git is as quick, and its memory is not ours: some thirty thousand files."""

Wanted = Mapping[str, Mapping[str, Change]]
"""Path to old object to the change of it."""


class _LeftToGitError(Exception):
    """The index is of a form that is not changed here."""


def amend(index: Path, wanted: Wanted) -> bool:
    """Put the new object in each entry of the file `index` that names an old one of `wanted`; False is left to git."""
    try:
        if index.stat().st_size > _LARGE:
            return False
        with open(index, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            made = _Index(data).amended({os.fsencode(path): olds for path, olds in wanted.items()})
            if made is not None:
                new = index.with_name(f"{index.name}.lock")  # as git would: what a crash leaves there goes
                with open(new, "wb") as changed:
                    changed.writelines(_hashed(made))
                new.replace(index)
    except (_LeftToGitError, FileNotFoundError, ValueError):  # the last one: it is empty
        return False
    return True


class _Index:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._folders: set[bytes] = set()  # no entry is where they belong
        self._end = len(data) - _HASH
        count = int.from_bytes(data[8:_HEAD])
        if data[:4] != b"DIRC" or int.from_bytes(data[4:8]) not in (2, 3):
            raise _LeftToGitError
        (digest,) = deque(_hashed(self._pieces(0, self._end)), maxlen=1)
        if digest != data[self._end :]:  # as a machine that lost its power leaves it: git says so
            raise _LeftToGitError
        self._starts = array("Q", [_HEAD])  # where each entry begins, and where the last one ends
        at = _HEAD
        for _ in range(count):
            flags = data[at + 60] << 8 | data[at + 61]
            if flags & _LENGTH == _LENGTH:  # a longer name: its end is to be looked for
                raise _LeftToGitError
            at += _FIXED + (flags & _LENGTH) + (2 if flags & _EXTENDED else 0) + 8 & ~7
            self._starts.append(at)

    def amended(self, wanted: Mapping[bytes, Mapping[str, Change]]) -> Iterator[bytes] | None:
        """Return the bytes of the index with `wanted` in it but for their checksum; None where it stays as it is."""
        edits: list[tuple[int, int, bytes]] = []
        folders: set[bytes] = set()
        count = len(self._starts) - 1
        for path, olds in sorted(wanted.items()):
            number, is_there = self._find(path)
            begin, end = self._starts[number], self._starts[number + is_there]
            flags = int.from_bytes(self._data[begin + 60 : begin + _FIXED]) & ~_LENGTH if is_there else 0
            if flags & _STAGE:
                raise _LeftToGitError
            change = olds.get(self._object(begin).hex() if is_there else NO_OBJECT)
            if change is None:
                continue
            entry = b"" if change.new == NO_OBJECT else _entry(path, change)
            if is_there and entry[24:28] + entry[40:60] == self._mode(begin) + self._object(begin):
                continue
            if flags or len(path) >= _LENGTH:
                raise _LeftToGitError
            if not is_there:
                self._check_place(path)
            edits.append((begin, end, entry))
            count += bool(entry) - is_there
            folders.update(path[: at + 1] for at, letter in enumerate(path) if letter == ord("/"))
        if not edits:
            return None
        extensions = list(self._extensions(folders | {b""}))  # what is left to git is so before anything is written
        return self._changed(edits, count, extensions)

    def _find(self, path: bytes) -> tuple[int, bool]:
        """Return the number of the entry at `path`, or of the one before which it belongs, and whether it is there."""
        number = bisect_left(range(len(self._starts) - 1), path, key=self._name)
        return number, number < len(self._starts) - 1 and self._name(number) == path

    def _name(self, number: int) -> bytes:
        at = self._starts[number]
        flags = int.from_bytes(self._data[at + 60 : at + _FIXED])
        at += _FIXED + (2 if flags & _EXTENDED else 0)
        return self._data[at : at + (flags & _LENGTH)]

    def _mode(self, begin: int) -> bytes:
        return self._data[begin + 24 : begin + 28]

    def _object(self, begin: int) -> bytes:
        return self._data[begin + 40 : begin + 60]

    def _check_place(self, path: bytes) -> None:
        """Accept a new file at `path`: none is where a folder of it belongs, and no folder of that name."""
        above = {path[:at] for at, letter in enumerate(path) if letter == ord("/")} - self._folders
        number, _ = self._find(path + b"/")
        below = number < len(self._starts) - 1 and self._name(number).startswith(path + b"/")
        if below or any(self._find(folder)[1] for folder in above):
            raise _LeftToGitError
        self._folders |= above  # most new files share theirs

    def _changed(self, edits: list[tuple[int, int, bytes]], count: int, extensions: list[bytes]) -> Iterator[bytes]:
        yield self._data[:8] + count.to_bytes(4)
        at = _HEAD
        for begin, end, entry in edits:
            yield from self._pieces(at, begin)
            yield entry
            at = end
        yield from self._pieces(at, self._starts[-1])
        yield from extensions

    def _extensions(self, folders: Set[bytes]) -> Iterator[bytes]:
        at = self._starts[-1]
        while at < self._end:
            kind, size = self._data[at : at + 4], int.from_bytes(self._data[at + 4 : at + 8])
            body, at = self._data[at + 8 : at + 8 + size], at + 8 + size
            if kind == b"TREE":
                made = b"".join(_tree(body, folders))
                yield kind + len(made).to_bytes(4) + made
            elif kind not in _SAID_AGAIN:
                raise _LeftToGitError
        if at != self._end:
            raise _LeftToGitError

    def _pieces(self, begin: int, end: int) -> Iterator[bytes]:
        return (self._data[at : min(at + _PIECE, end)] for at in range(begin, end, _PIECE))


def _entry(path: bytes, change: Change) -> bytes:
    """Return an entry of which nothing is known of the file on disk: git looks at it the next time."""
    entry = bytes(24) + int(change.mode, 8).to_bytes(4) + bytes(12) + bytes.fromhex(change.new)
    entry += len(path).to_bytes(2) + path
    return entry + bytes(8 - len(entry) % 8)


def _tree(body: bytes, folders: Set[bytes]) -> Iterator[bytes]:
    """Yield the extension that holds the ids of folders, without those of `folders`, which end with a slash."""
    at, above = 0, [(b"", 1)]
    while above and at < len(body):
        end, line = body.index(b"\0", at), body.index(b"\n", at)
        name, (entries, inner) = body[at:end], map(int, body[end + 1 : line].split(b" "))
        begin, at = at, line + 1 + (_HASH if entries >= 0 else 0)
        prefix, left = above.pop()
        if left > 1:
            above.append((prefix, left - 1))
        folder = prefix + name + b"/" if name else b""
        yield b"%s\0-1 %d\n" % (name, inner) if folder in folders else body[begin:at]
        if inner:
            above.append((folder, inner))


def _hashed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield `pieces`, and then their checksum."""
    digest = hashlib.sha1(usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
        yield piece
    yield digest.digest()
