"""Tree objects, which are folders: read, written and compared by this process.

Source: git-ls-tree(1), git-diff-tree(1) of git 2.39; the names in a tree are ordered as if a slash ended a folder's.
"""

import os
import re
from collections.abc import Mapping

from prismfs.store.git.plumbing import NO_OBJECT, Change
from prismfs.store.git.repository import Git

Tree = dict[bytes, tuple[bytes, bytes]]
"""The entries of a folder: name to mode and id."""

FOLDER = b"40000"

_ENTRY = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)
_MOST_FOLDERS = 64
_NOTHING = (b"", b"")


def read_tree(data: bytes) -> Tree:
    """Return the entries of the tree object `data`."""
    return {name: (mode, oid) for mode, name, oid in _ENTRY.findall(data)}


def write_tree(entries: Mapping[bytes, tuple[bytes, bytes]]) -> bytes:
    """Return the tree object that holds `entries`."""
    ordered = sorted(entries.items(), key=lambda entry: entry[0] + b"/" * (entry[1][0] == FOLDER))
    return b"".join(b"%s %s\0%s" % (mode, name, oid) for name, (mode, oid) in ordered)


def few_changes(git: Git, old: str, new: str) -> tuple[Change, ...] | None:
    """Return what `git.changes` does, without a program; None where more folders differ than are looked at here."""
    changes: list[Change] = []
    waiting, looked = [(b"", f"{old}^{{tree}}", f"{new}^{{tree}}")], 0
    while waiting:
        looked += len(waiting)
        if looked > _MOST_FOLDERS:
            return None
        names = [name for _, *both in waiting for name in both if name]
        read = dict(zip(names, git.read_many(names), strict=True))
        if None in read.values():
            return None  # git says what is missing, and why
        below = []
        for path, one, other in waiting:
            before, after = read_tree(read.get(one) or b""), read_tree(read.get(other) or b"")
            for name in {name for name, _ in before.items() ^ after.items()}:
                (was, old_id), (now, new_id) = before.get(name, _NOTHING), after.get(name, _NOTHING)
                if FOLDER in (was, now):
                    inner = (old_id.hex() * (was == FOLDER), new_id.hex() * (now == FOLDER))
                    below.append((path + name + b"/", *inner))
                if {was, now} - {FOLDER, b""}:
                    gone = now in (FOLDER, b"")
                    old_file = NO_OBJECT if was in (FOLDER, b"") else old_id.hex()
                    new_file, mode = (NO_OBJECT, "000000") if gone else (new_id.hex(), now.decode())
                    changes.append(Change(os.fsdecode(path + name), old_file, new_file, mode))
        waiting = below
    return tuple(sorted(changes, key=lambda change: os.fsencode(change.path)))
