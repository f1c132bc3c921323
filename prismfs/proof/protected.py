"""The protected files along a line: as they are, and as they count.

They count as the mark holds them. A person moves it by an act of her own, which is the difference of her commit to its
parent: her tree may hold what strangers put below it, and a signature on the whole would launder that.
"""

from collections.abc import Iterable, Mapping, Sequence

from prismfs.proof.commit_object import CommitObject
from prismfs.proof.evidence import Evidence, FileChange
from prismfs.proof.key_ring import Holder, KeyRing
from prismfs.proof.proofs import Anchor, FaultCode, Mark

Files = Mapping[str, str]


class ProtectedFiles:
    """The protected files at one commit after the other, the mark, its keys, and the keys that are used no further."""

    def __init__(self, anchor: Anchor, evidence: Evidence) -> None:
        self._evidence = evidence
        self.files: Files = anchor.files
        self.mark = anchor.mark
        self.stopped = anchor.stopped
        self.ring: KeyRing = evidence.ring(self.mark.files)
        self._off = {path for path in {*self.files, *self.mark.files} if self._differs(path)}

    def anchor(self, commit: str) -> Anchor:
        """Return the state as the anchor of what follows `commit`."""
        return Anchor(commit, self.mark, self.files, self.stopped)

    @property
    def off(self) -> tuple[str, ...]:
        """The paths at which the files are not as the mark holds them."""
        return tuple(sorted(self._off))

    def pass_by(self, commit: str) -> None:
        """Go on to the files of `commit`, the next of the line."""
        changes = self._evidence.protected(commit)
        if changes:
            self.files = changed(self.files, changes)
            self._compare(commit, [change.path for change in changes])

    def news_of(self, commit: str) -> tuple[FileChange, ...]:
        """Return what `commit` makes of protected files that the mark does not hold already."""
        return tuple(one for one in self._evidence.protected(commit) if one.new != self.mark.files.get(one.path))

    def move(self, commit: str, changes: Sequence[FileChange]) -> None:
        """Let `changes` count from the commit after `commit` on, the one passed by last."""
        self.mark = Mark(self.mark.commit, changed(self.mark.files, changes))
        moved = {change.path for change in changes}
        self.stopped = {key: place for key, place in self.stopped.items() if place not in moved}
        self.ring = self._evidence.ring(self.mark.files)
        self._off |= moved
        self._compare(commit, moved)

    def stop(self, key: str, holder: Holder) -> None:
        """Use `key` no further, until a person changes its entry in the roster."""
        self.stopped = {**self.stopped, key: holder.place}

    def _compare(self, commit: str, paths: Iterable[str]) -> None:
        for path in paths:
            (self._off.add if self._differs(path) else self._off.discard)(path)
        if not self._off:
            self.mark = Mark(commit, self.mark.files)

    def _differs(self, path: str) -> bool:
        return self.files.get(path) != self.mark.files.get(path)


def refusal_of(changes: Sequence[FileChange], holder: Holder, files: Files) -> FaultCode | None:
    """Return why a person may not make `changes` of protected `files` that count, None where that may be."""
    if not holder.operator:
        return "not_entitled"
    if any(change.old != files.get(change.path) for change in changes):
        return "built_on_unproven"
    return None


def own_changes(commit: CommitObject, evidence: Evidence) -> Sequence[FileChange]:
    """Return the protected files that `commit` itself changes: a merge those that none of its sides has so.

    What a merge brings from a side is of others, and whoever signs the merge need not have read it.
    """
    changes = evidence.protected(commit.oid)
    for other in commit.parents[1:] if changes else ():
        differing = set(evidence.differing(other, commit.oid))
        changes = [change for change in changes if change.path in differing]
    return changes


def changed(files: Files, changes: Iterable[FileChange]) -> Files:
    """Return `files` after `changes`."""
    made = dict(files)
    for change in changes:
        if change.new is None:
            made.pop(change.path, None)
        else:
            made[change.path] = change.new
    return made
