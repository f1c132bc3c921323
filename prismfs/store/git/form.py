"""Whether a commit that came from elsewhere can be a part of the history: it is all here, in the form that git writes.

A folder with doubled or unsorted names is read otherwise by each command of git, and where something is missing clones,
pushes and `git gc` end. git looks for neither where it fetches, or moves a branch.
Source: git-fsck(1), section "fsck messages", of git 2.39.
"""

import os
import re
from collections.abc import Sequence

from prismfs.errors import StoreError
from prismfs.store.git.formats.trees import read_tree, write_tree
from prismfs.store.git.history import read_commit
from prismfs.store.git.plumbing import EMPTY_TREE, NO_OBJECT
from prismfs.store.git.repository import Git

_MODE = re.compile(rb"(1[0-7]|4)[0-7]{4}")
_LONGEST = 4096
"""Bytes of a path: no system has a longer one."""

_MOST = 100_000
"""Changed entries that are looked at: folders that name the same ones again and again come to more than disks hold."""


Fault = tuple[str, str]
"""A commit that cannot be taken, and why."""


def sound_of(git: Git, news: Sequence[str], sound: set[str]) -> tuple[tuple[str, ...], Fault | None]:
    """Return what of `news`, each after its parents, can be taken, and the first that cannot; None where all can.

    What stands on one that cannot is left out, too. Those in `sound` were looked at before; others are added to it.
    """
    first: Fault | None = None
    left: set[str] = set()
    for commit in news:
        if left and not left.isdisjoint(read_commit(git, commit).parents):
            left.add(commit)
            continue
        why = None if commit in sound else fault_of(git, commit)
        if why is None:
            sound.add(commit)
        else:
            left.add(commit)
            first = first or (commit, why)
    return tuple(commit for commit in news if commit not in left), first


def fault_of(git: Git, commit: str) -> str | None:
    """Return why `commit` cannot be taken as it stands on its first parent, which could; None where it can.

    Raises:
        StoreError: git cannot be run.
    """
    try:
        parents = read_commit(git, commit).parents
        return _fault_between(git, parents[0] if parents else EMPTY_TREE, commit)
    except StoreError as error:
        if error.code not in ("git_failed", "history_shallow", "objects_lost"):
            raise
        return error.problem.message  # bytes that are no object's


def _fault_between(git: Git, old: str, new: str) -> str | None:
    waiting, looked = [(b"", old, new)], 0
    while waiting:
        read = iter([*git.read_many(f"{oid}^{{tree}}" for _, *both in waiting for oid in both)])
        below, files = [], {}
        for path, _, _ in waiting:
            before, data = read_tree(next(read) or b""), next(read)
            here = read_tree(data or b"")
            if data is None or write_tree(here) != data or not all(map(_is_fit, here, here.values())):
                said = "missing" if data is None else "none that git writes"
                return f"the folder {os.fsdecode(path) or '/'} is {said}"
            changed = here.items() - before.items()
            looked += len(changed)
            if looked > _MOST or len(path) > _LONGEST:
                return f"it changes more than {_MOST} entries, or has paths of more than {_LONGEST} bytes"
            for name, (mode, oid) in changed:
                if mode.startswith(b"4"):
                    was = before.get(name, (b"", b""))
                    below.append((path + name + b"/", was[1].hex() if was[0] == mode else EMPTY_TREE, oid.hex()))
                elif not mode.startswith(b"16"):  # what is in another repository is not looked at
                    files[oid.hex()] = path + name
        for path, content in zip(files.values(), git.read_many(f"{oid}^{{blob}}" for oid in files), strict=True):
            if content is None:
                return f"the file {os.fsdecode(path)} is missing"
        waiting = below
    return None


def _is_fit(name: bytes, entry: tuple[bytes, bytes]) -> bool:
    return b"/" not in name and _MODE.fullmatch(entry[0]) is not None and entry[1].hex() != NO_OBJECT
