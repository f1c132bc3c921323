"""Whether what git hands out of a commit still is what the commit's id was made of.

Whoever writes into the repository can put other bytes in the place of an object, and git does not look. Source: the
form of a tree object, as git-mktree(1) and git-ls-tree(1) of git 2.39 write and read it.
"""

import hashlib
import os
from collections.abc import Iterable

from prismfs.kinds import kind_of_path
from prismfs.proof.commit_object import read_commit
from prismfs.store.git.plumbing import EMPTY_TREE, Change
from prismfs.store.git.repository import Git


def is_intact(git: Git, commit: str) -> bool:
    """Tell whether the commit, all its folders and each record file in it have the bytes that their ids stand for."""
    data = git.read(commit) or b""
    held = git.changes(EMPTY_TREE, commit)
    if read_commit(commit, data).odd is not None or not data.startswith(b"tree %s\n" % _tree_of(held).encode()):
        return False
    blobs = [change.new for change in held if kind_of_path(change.path) is not None]
    found = zip(blobs, git.read_many(blobs), strict=True)
    return all(content is not None and _id_of(b"blob", content) == blob for blob, content in found)


def _tree_of(files: Iterable[Change]) -> str:
    """Return the id of the tree that holds these files and nothing else."""
    folders: dict[bytes, dict[bytes, bytes]] = {b"": {}}
    for file in files:
        place, _, name = os.fsencode(file.path).rpartition(b"/")
        folders.setdefault(place, {})[name] = b"%s %s\0%s" % (file.mode.encode(), name, bytes.fromhex(file.new))
        while place and place.rpartition(b"/")[0] not in folders:
            place = place.rpartition(b"/")[0]
            folders[place] = {}
    # The deepest first: a folder stands in the one above it, sorted as if its name ended in a slash.
    for folder in sorted(filter(None, folders), key=lambda folder: -folder.count(b"/")):
        above, _, name = folder.rpartition(b"/")
        tree = bytes.fromhex(_id_of(b"tree", _entries(folders.pop(folder))))
        folders[above][name + b"/"] = b"40000 %s\0%s" % (name, tree)
    return _id_of(b"tree", _entries(folders[b""]))


def _entries(folder: dict[bytes, bytes]) -> bytes:
    return b"".join(entry for _, entry in sorted(folder.items()))


def _id_of(kind: bytes, content: bytes) -> str:
    return hashlib.sha1(b"%s %d\0" % (kind, len(content)) + content, usedforsecurity=False).hexdigest()
