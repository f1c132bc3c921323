"""Asking git what `classify` wants to know of a branch (prismfs.proof), and reading a line of commits for it."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from prismfs.errors import RecordError
from prismfs.kinds import PROTECTED_TOPS, kind_of_path
from prismfs.kinds.core.settings import persona, project
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.project import Project
from prismfs.proof.commit_object import CommitObject, read_commit
from prismfs.proof.evidence import FileChange
from prismfs.proof.key_ring import KeyRing
from prismfs.proof.line import classify
from prismfs.proof.proofs import Anchor, Classified
from prismfs.proof.roster import ring_of
from prismfs.records.api import Kind, Record
from prismfs.store.git import history, signatures
from prismfs.store.git.failures import missing
from prismfs.store.git.keys import accepted_keys
from prismfs.store.git.plumbing import EMPTY_TREE, NO_OBJECT, parse_raw
from prismfs.store.git.repository import Git

_DIFF = ("diff-tree", "-r", "-z", "--raw", "--no-renames")


Checked = dict[tuple[str, str], bool]
"""What ssh-keygen said of (commit, key): it costs a dozen milliseconds, and the answer never changes."""


def classify_branch(git: Git, head: str, anchor: Anchor, *, checked: Checked | None = None) -> Classified:
    """Return the proofs of the commits between `anchor` and `head` along first parents.

    `checked` is kept by the caller from one call to the next, and added to.
    """
    line = read_line(git, head, {anchor.commit})
    return classify(line, anchor, GitEvidence(git, line, anchor, checked={} if checked is None else checked))


def has_engines(git: Git, commit: str) -> bool:
    """Tell whether the roster at `commit` has engines, revoked ones among them, so that what they decide is signed."""
    files = protected_files(git, commit)
    roster = GitEvidence(git, (), Anchor.at_root(commit, files), checked={}).roster(files)
    return any(entry.persona_class == "engine" for entry in roster)


def ring_at(git: Git, commit: str) -> KeyRing:
    """Return the keys that the protected files of `commit` give, whoever put them there."""
    files = protected_files(git, commit)
    return GitEvidence(git, (), Anchor.at_root(commit, files), checked={}).ring(files)


def classify_above(git: Git, truth: str, head: str) -> Classified | None:
    """Return the proofs of what leads to `head` along first parents, off the line of `truth`; None where nothing does.

    The keys are those of the roster where both lines part, and of what is proven above.
    """
    base = _parting(git, truth, head)
    return None if base is None else classify_branch(git, head, Anchor.at_root(base, protected_files(git, base)))


def _parting(git: Git, truth: str, head: str) -> str | None:
    """Return the newest commit of the line of `truth` below `head`; None where `head` is on it, or nothing is common.

    What `truth` holds beside its line, such as a proposal that was refused, is somebody's: its roster gives no keys.
    """
    above = git.run("rev-list", "--first-parent", head, "--not", truth).decode().split()
    parents = read_commit(above[-1], git.read(above[-1]) or b"").parents if above else (head,)
    if not parents:
        return None
    if not history.follows(git, parents[0], truth):
        # rev-list has --exclude-first-parent-only for that, and git 2.39 answers by the order of its arguments.
        line = set(history.first_parents(git, truth))
        parents = tuple(oid for oid in reversed(history.first_parents(git, parents[0])) if oid in line)
    base = next(iter(parents), None)
    return None if base == head else base


def newest_proven(git: Git, truth: str, head: str) -> str | None:
    """Return the newest commit on the way to `head` that engines have added without a gap to what `truth` knows.

    The keys are those of `classify_above`, without those that `truth` has revoked since both lines part. None where
    there is no such commit.
    """
    base = _parting(git, truth, head)
    if base is None:
        return None
    found = classify_branch(git, head, Anchor.at_root(base, protected_files(git, base)))
    revoked = frozenset() if base == truth else _signing(git, base) - _signing(git, truth)
    newest = None
    for proof in found.proofs.values():
        if proof.status != "engine" or proof.key in revoked:
            break
        newest = proof.commit if proof.tip == proof.commit else newest
    return newest


def _signing(git: Git, commit: str) -> frozenset[str]:
    """Return the keys that engines may sign with by the roster at `commit`."""
    holders = ring_at(git, commit).holders.items()
    return frozenset(key for key, one in holders if one.kind == "engine" and one.compromised_since is None)


def files_signed_since(git: Git, base: str, head: str) -> Mapping[str, str] | None:
    """Return the protected files at `head` as they count, where engines have signed each commit after `base`.

    None where one is not signed so, or `base` does not lead to `head` along first parents. What `base` holds of
    protected files is taken as it is, its keys among them.
    """
    anchor = Anchor.at_root(base, protected_files(git, base))
    if head == base:
        return anchor.files
    found = classify_branch(git, head, anchor)
    if found.undecidable or any(proof.status != "engine" for proof in found.proofs.values()):
        return None
    return found.mark.files


def first_truth(git: Git, window: str) -> str:
    """Return where the records begin in a clone: the newest commit on the way to `window` that engines have proven.

    What lies above it are commits of people that nobody has looked at. A project without engines begins at the newest
    commit that says it is the engine's.
    """
    found = history.read_commit(git, window)
    while found.parents and not found.by_engine:
        found = history.read_commit(git, found.parents[0])
    if not found.by_engine or not has_engines(git, found.id):
        return found.id if found.by_engine else window
    founding = history.founding_of(git, found.id)
    assert founding is not None
    return newest_proven(git, founding, window) or founding


def protected_files(git: Git, commit: str) -> dict[str, str]:
    """Return the protected files of `commit`: path to blob id."""
    listed = git.run(*_DIFF, EMPTY_TREE, commit, "--", *PROTECTED_TOPS)
    return {change.path: change.new for change in parse_raw(listed.split(b"\0")) if _is_protected(change.path)}


def read_line(git: Git, head: str, stops: Collection[str]) -> tuple[CommitObject, ...]:
    """Return the commits from `head` down along first parents to one of `stops`, itself left out; oldest first.

    It ends early at a first commit, and above one that is missing.
    """
    found: list[CommitObject] = []
    oid: str | None = head
    while oid is not None and oid not in stops:
        data = git.read(oid)
        if data is None:
            break
        found.append(read_commit(oid, data))
        oid = next(iter(found[-1].parents), None)
    return tuple(reversed(found))


class GitEvidence:
    """What `classify` asks, answered from a repository; `line`, which follows `anchor`, is read ahead in one go."""

    def __init__(self, git: Git, line: Sequence[CommitObject], anchor: Anchor, *, checked: Checked) -> None:
        self._git = git
        self._protected: dict[str, tuple[FileChange, ...]] = {}
        self._checked = checked
        self._read_ahead(line, anchor)

    def protected(self, commit: str) -> Sequence[FileChange]:
        """Return the protected files that differ between a commit and its first parent."""
        if commit not in self._protected:
            raw = self._git.run(*_DIFF, self._parent(commit), commit, "--", *PROTECTED_TOPS)
            self._protected[commit] = _changes(raw.split(b"\0"))
        return self._protected[commit]

    def differing(self, commit: str, other: str) -> Collection[str]:
        """Return the paths of all files that differ between two commits."""
        return [change.path for change in self._git.each_change(commit, other)]

    def side(self, merge: str) -> Sequence[CommitObject]:
        """Return the commits that a merge brings beside those of its first parent, oldest first."""
        listed = self._git.run("rev-list", "--reverse", "--topo-order", merge, f"^{merge}^1").decode().split()
        oids = [oid for oid in listed if oid != merge]
        return [
            read_commit(oid, data)
            for oid, data in zip(oids, self._git.read_many(oids), strict=True)
            if data is not None
        ]

    def ring(self, files: Mapping[str, str]) -> KeyRing:
        """Return the keys that these protected files (path to blob id) give; files that are invalid give none.

        Raises:
            StoreError: `history_shallow`; one of them is missing here.
        """
        own = self._record(project.KIND, project.KIND.folder, files)
        if not isinstance(own, Project):
            return ring_of(self.roster(files), None)
        return ring_of(self.roster(files), own, accepted=accepted_keys(own.pid))

    def roster(self, files: Mapping[str, str]) -> Sequence[Persona]:
        """Return the entries of the roster that these protected files hold; invalid ones are left out.

        Raises:
            StoreError: `history_shallow`; one of them is missing here.
        """
        found = (self._record(persona.KIND, path, files) for path in sorted(files) if persona.KIND.owns(path))
        return [record for record in found if isinstance(record, Persona)]

    def verified(self, commit: str, key: str) -> bool | None:
        """Tell whether `key`, which is not Ed25519, signed a commit; None where ssh-keygen is missing."""
        if (commit, key) not in self._checked:
            state = signatures.check_signature(self._git, commit, {"holder": (key,)}).state
            if state == "signature_unverifiable":
                return None
            self._checked[commit, key] = state == "good"
        return self._checked[commit, key]

    def _record(self, kind: Kind, path: str, files: Mapping[str, str]) -> Record | None:
        if path not in files:
            return None
        data = self._git.read(files[path])
        if data is None:
            raise missing(self._git.git_dir, "is missing here", path)
        try:
            return kind.read(data, path=path)
        except RecordError:
            return None

    def _parent(self, commit: str) -> str:
        """Return the first parent that the object names: grafts and a shallow clone make git answer another."""
        return next(iter(read_commit(commit, self._git.read(commit) or b"").parents), EMPTY_TREE)

    def _read_ahead(self, line: Sequence[CommitObject], anchor: Anchor) -> None:
        if line:  # the anchor's own tree may be missing, as at the edge of a shallow clone
            now = protected_files(self._git, line[0].oid)
            both = sorted({*now, *anchor.files})
            changes = (FileChange(path, anchor.files.get(path), now.get(path)) for path in both)
            self._protected[line[0].oid] = tuple(change for change in changes if change.old != change.new)
        asked = "".join(f"{upper.oid} {lower.oid}\n" for lower, upper in pairwise(line))
        if not asked:
            return
        parts = self._git.run(*_DIFF, "--stdin", "--always", "--", *PROTECTED_TOPS, input=asked.encode()).split(b"\0")
        position = 0
        while position < len(parts) and parts[position]:
            oid, begin = parts[position].decode(), position + 1
            position = begin
            while position < len(parts) and parts[position].startswith(b":"):
                position += 2
            self._protected[oid] = _changes(parts[begin:position])


def _changes(parts: Sequence[bytes]) -> tuple[FileChange, ...]:
    return tuple(
        FileChange(change.path, _blob(change.old), _blob(change.new))
        for change in parse_raw(parts)
        if _is_protected(change.path)
    )


def _blob(oid: str) -> str | None:
    return None if oid == NO_OBJECT else oid


def _is_protected(path: str) -> bool:
    kind = kind_of_path(path)
    return kind is not None and kind.protected
