"""Groups of commits: a small one is written by this process, a large one by git while it is being decided.

Either way the ids are the same: an object's id follows from its bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice

from prismfs.proof.commit_object import oid_of
from prismfs.proof.statements import Covers
from prismfs.store.git.failures import missing
from prismfs.store.git.formats.packs import Pack
from prismfs.store.git.formats.trees import FOLDER, Tree, read_tree, write_tree
from prismfs.store.git.keys import Signer
from prismfs.store.git.plumbing import PLAIN, NewCommit
from prismfs.store.git.repository import Git
from prismfs.store.git.signing import put_pack, sign_group, signed_tip

FEW = 8
"""Commits up to which a group is small: git, once it runs, is quicker, and has a processor of its own."""

_MOST_KNOWN = 256
"""Folders that are remembered: those of an hour, with the last ones in them."""


class Groups:
    """Writes groups into one repository; the folders that the last ones wrote are remembered.

    `scratch` is the reference under which git writes.
    """

    def __init__(self, git: Git, scratch: str) -> None:
        self._git = git
        self._scratch = scratch
        self._known: dict[bytes, Tree] = {}

    def write(self, commits: Iterable[NewCommit], *, base: str, signer: Signer | None) -> tuple[str, ...]:
        """Write `commits` on top of `base`, the last one signed where there is a `signer`; return their ids.

        All is flushed to the disk; no branch moves.

        Raises:
            ConflictError: another git command was in the way.
            StoreError: it cannot be written, or not be signed; a folder of `base` is not here.
        """
        made = iter(commits)
        few = tuple(islice(made, FEW + 1))
        if len(few) <= FEW and not any(commit.takes or commit.merges for commit in few):
            return self._write_few(few, base, signer)
        ids = self._git.write_commits(chain(few, made), parent=base, scratch=self._scratch)
        return sign_group(self._git, ids, base=base, signer=signer)

    def _write_few(self, commits: Sequence[NewCommit], base: str, signer: Signer | None) -> tuple[str, ...]:
        if len(self._known) > _MOST_KNOWN:  # not while a group is made: git does not have its folders yet
            self._known.clear()
        pack, parent, ids = Pack(), base, list[str]()
        tree = bytes.fromhex(self._read(base)[5:45].decode())  # it begins with "tree " and the id
        for number, commit in enumerate(commits, start=1):
            blobs = {tuple(path.encode().split(b"/")): pack.add("blob", data) for path, data in commit.files}
            tree = self._put(pack, tree, blobs)
            who = f"author {commit.author} {commit.seconds} +0000\ncommitter {commit.committer} {commit.seconds} +0000"
            data = f"tree {tree.hex()}\nparent {parent}\n{who}\n\n{commit.message}".encode()
            if number == len(commits) and signer is not None:
                data = signed_tip(oid_of(data), data, Covers(base, number), signer)
            parent = pack.add("commit", data).hex()
            ids.append(parent)
        put_pack(self._git, pack, parent)
        return tuple(ids)

    def _put(self, pack: Pack, tree: bytes | None, blobs: Mapping[tuple[bytes, ...], bytes]) -> bytes:
        """Return the folder `tree` with `blobs` (path to id) in it, added to `pack` with those below."""
        entries = dict(self._entries(tree))
        below: dict[bytes, dict[tuple[bytes, ...], bytes]] = {}
        for (name, *rest), blob in blobs.items():
            if rest:
                below.setdefault(name, {})[tuple(rest)] = blob
            else:
                entries[name] = (PLAIN.encode(), blob)
        for name, inner in below.items():
            mode, old = entries.get(name, (b"", b""))
            entries[name] = (FOLDER, self._put(pack, old if mode == FOLDER else None, inner))
        made = pack.add("tree", write_tree(entries))
        self._known.pop(tree or b"", None)
        self._known[made] = entries
        return made

    def _entries(self, tree: bytes | None) -> Tree:
        if tree is None:
            return {}
        return self._known.get(tree) or read_tree(self._read(tree.hex()))

    def _read(self, name: str) -> bytes:
        data = self._git.read(name)
        if data is None:
            raise missing(self._git.git_dir, "is missing here", name)
        return data
