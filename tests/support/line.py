"""Lines of commits in memory: signed as real ones are, their trees plain dictionaries, so that thousands are quick."""

import hashlib
from collections.abc import Collection, Mapping, Sequence

from prismfs.proof.commit_object import CommitObject, oid_of, read_commit
from prismfs.proof.evidence import FileChange
from prismfs.proof.key_ring import Holder, KeyRing
from prismfs.proof.line import classify
from prismfs.proof.proofs import Anchor, Classified
from prismfs.proof.statements import Covers
from tests.support.signed_desk import commit_of, key_of, line_of, signed

Tree = Mapping[str, str]
PROTECTED = "roster/"


class MemoryLine:
    """A branch with its trees. Protected is what lies below `roster/`: `engine KEY`, `person KEY` or `operator KEY`."""

    def __init__(self, roster: Tree, *, engine_vouches: bool = False) -> None:
        self.vouches = engine_vouches
        self.trees: dict[str, Tree] = {}
        self.commits: dict[str, CommitObject] = {}
        self.sides: dict[str, Sequence[CommitObject]] = {}
        self.root = self.head = self.add(dict(roster), ())

    def add(self, tree: Tree, parents: Sequence[str], *, key: str | None = None, message: str = "event\n\nby x") -> str:
        """Write a commit; it becomes the head."""
        name = hashlib.sha1(repr(sorted(tree.items())).encode(), usedforsecurity=False).hexdigest()
        data = commit_of(name, parents, message)
        data = data if key is None else signed(data, key_of(key))
        self.head = oid_of(data)
        self.trees[self.head], self.commits[self.head] = tree, read_commit(self.head, data)
        return self.head

    def put(self, changes: Tree, *, key: str | None = None, message: str = "event\n\nby x") -> str:
        """Write a commit on top of the head."""
        return self.add({**self.trees[self.head], **changes}, (self.head,), key=key, message=message)

    def group(self, engine: str, *steps: Tree) -> str:
        """Write a group of an engine's."""
        base = self.head
        for number, step in enumerate(steps or ({},)):
            last = number == len(steps or ({},)) - 1
            lines = ["Prismfs-Cause: x"] + ([Covers(base, number + 1).line] if last else [])
            self.put(step, key=engine if last else None, message=f"event {number}\n\n" + "\n".join(lines))
        return self.head

    def line(self, head: str | None = None) -> list[CommitObject]:
        """The commits after the root, oldest first."""
        found: list[CommitObject] = []
        oid = head or self.head
        while oid != self.root:
            found.append(self.commits[oid])
            oid = found[-1].parents[0]
        return found[::-1]

    def classify(self, head: str | None = None, anchor: Anchor | None = None) -> Classified:
        line = self.line(head)
        if anchor is not None:
            line = line[[one.oid for one in line].index(anchor.commit) + 1 :] if anchor.commit != self.root else line
        return classify(line, anchor or Anchor.at_root(self.root, guarded(self.trees[self.root])), self)

    # What `classify` asks

    def protected(self, commit: str) -> Sequence[FileChange]:
        before, now = (guarded(tree) for tree in (self._below(commit), self.trees[commit]))
        paths = sorted({*before, *now})
        changes = (FileChange(path, before.get(path), now.get(path)) for path in paths)
        return [change for change in changes if change.old != change.new]

    def differing(self, commit: str, other: str) -> Collection[str]:
        return _differing(self.trees[commit], self.trees[other])

    def side(self, merge: str) -> Sequence[CommitObject]:
        return self.sides.get(merge, ())

    def ring(self, files: Mapping[str, str]) -> KeyRing:
        entries = []
        for path, text in files.items():
            kind, name, *since = text.split() if " " in text else ("person", "nobody")
            holder = Holder(
                "engine" if kind == "engine" else "person", path, path, kind == "operator", since[0] if since else None
            )
            entries.append((line_of(name), holder))
        return KeyRing.of(entries, engine_vouches=self.vouches)

    def verified(self, commit: str, key: str) -> bool | None:
        return None

    def _below(self, commit: str) -> Tree:
        parents = self.commits[commit].parents
        return self.trees[parents[0]] if parents else {}


def guarded(tree: Tree) -> Tree:
    return {path: text for path, text in tree.items() if path.startswith(PROTECTED)}


def _differing(one: Tree, other: Tree) -> set[str]:
    return {path for path in {*one, *other} if one.get(path) != other.get(path)}
