"""Reading the commits of a branch in order, with what each changed and what its message claims, and where two meet."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from prismfs.errors import StoreError
from prismfs.kinds import kind_of_path
from prismfs.records import plan
from prismfs.store.git.failures import missing
from prismfs.store.git.plumbing import EMPTY_TREE, Change, parse_raw
from prismfs.store.git.repository import Git


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The truth at one moment, and where the window stood; None where people have no such branch."""

    commit: str
    window: str | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A commit that the engine did not make, and that the truth does not hold yet: by hand, by pull, by a merge.

    `changes` are against its first parent; of a merge only those in which it differs from all of its parents.
    """

    commit: str
    author: str
    email: str
    seconds: int
    subject: str
    changes: tuple[Change, ...]


_AUTHOR = re.compile(r"^author (.*) <(.*)> (-?[0-9]+) ", re.MULTILINE)
_COMMITS_AT_ONCE = 1000  # whose changes are held in memory

_LAST = 253_402_300_799
_AT_ONCE = 256  # files of a commit that are asked for at a time

_MOST_BY_HAND = 200
"""Commits of people looked through for the engine's before them; it answers each with one of its own."""

ENGINE = "prismfs <engine@prismfs.invalid>"
"""Committer of every commit of the engine, and author of those that nobody asked for; the actor is in a trailer."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit against its first parent. The trailers are claims until `verify` has decided it again."""

    id: str
    parents: tuple[str, ...]
    author: str
    email: str
    seconds: int
    message: str
    changes: tuple[Change, ...]
    by_engine: bool = False
    signed: bool = False

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that it changes."""
        return tuple(change.path for change in self.changes)

    @property
    def trailers(self) -> dict[str, str]:
        """The trailers in the last paragraph of the message."""
        last = self.message.strip().rpartition("\n\n")[2]
        pairs = (line.partition(": ") for line in last.splitlines())
        return {key: value for key, separator, value in pairs if separator}

    @property
    def cause(self) -> str | None:
        """The cause that the message claims to answer; None for a person's commit."""
        return self.trailers.get(plan.CAUSE)

    @property
    def rules(self) -> int:
        """The version of the rules that it says decided it; 0 for none."""
        version = self.trailers.get(plan.VERSION, "")
        return int(version) if self.cause is not None and re.fullmatch("[0-9]{1,9}", version) else 0


def read_commits(git: Git, *, since: str | None, until: str) -> Iterator[Commit]:
    """Yield the commits after `since` up to `until` along first parents, oldest first."""
    span = until if since is None else f"{since}..{until}"
    waiting = iter(git.run("rev-list", "--first-parent", "--reverse", "--parents", span).splitlines())
    while listed := [line.decode() for line in islice(waiting, _COMMITS_AT_ONCE)]:
        asked = "".join(" ".join(line.split(" ")[:2]) + "\n" for line in listed)
        raw = git.run(
            "diff-tree", "--stdin", "-r", "--root", "-z", "--raw", "--no-renames", "--always", input=asked.encode()
        )
        changes = _split(raw)
        contents = git.read_many(line.partition(" ")[0] for line in listed)
        for line, data in zip(listed, contents, strict=True):
            identifier, *parents = line.split(" ")
            assert data is not None
            yield _commit(identifier, tuple(parents), data, changes.get(identifier, ()))


def merges_below(git: Git, until: str) -> Iterator[tuple[str, str]]:
    """Yield both parents of each commit up to `until`, along first parents, that has two."""
    for line in git.run("rev-list", "--first-parent", "--merges", "--parents", until).decode().splitlines():
        _, *parents = line.split(" ")
        if len(parents) == 2:
            yield parents[0], parents[1]


def files_at(git: Git, commit: str) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of every record file that `commit` holds."""
    held = (change for change in git.each_change(EMPTY_TREE, commit) if kind_of_path(change.path) is not None)
    while batch := tuple(islice(held, _AT_ONCE)):
        for change, data in zip(batch, git.read_many(change.new for change in batch), strict=True):
            yield change.path, data or b""


def newest_rules(git: Git, commit: str, *, known: int) -> int:
    """Return the version of the rules that decided last on the way to `commit`; 0 where nothing was decided lately.

    A version above `known` counts only in a commit that brings an audit row: its message alone is a claim.
    """
    for _ in range(_MOST_BY_HAND):
        found = read_commit(git, commit)
        claimed = found.rules > known and not _brings_a_row(git, found.parents, commit)
        if not found.parents or (found.rules and not claimed):
            return 0 if claimed else found.rules
        commit = found.parents[0]
    return 0


def _brings_a_row(git: Git, parents: tuple[str, ...], commit: str) -> bool:
    before = parents[0] if parents else EMPTY_TREE
    return any(
        (kind := kind_of_path(change.path)) is not None and kind.chained for change in git.each_change(before, commit)
    )


def _commit(identifier: str, parents: tuple[str, ...], data: bytes, changes: tuple[Change, ...]) -> Commit:
    head, _, message = data.decode(errors="replace").partition("\n\n")
    found = _AUTHOR.search(head)
    # Whatever date somebody gives a commit: from 1970 to the end of 9999 there are instants for it.
    author, email, seconds = (found[1], found[2], max(0, min(int(found[3][:18]), _LAST))) if found else ("", "", 0)
    return Commit(
        id=identifier, parents=parents, author=author, email=email, seconds=seconds, message=message, changes=changes,
        by_engine=f"\ncommitter {ENGINE} " in head, signed="\ngpgsig " in head,
    )  # fmt: skip


def _split(raw: bytes) -> dict[str, tuple[Change, ...]]:
    """Split diff-tree's stream: each commit's id comes before its pairs of (raw entry, path)."""
    found: dict[str, tuple[Change, ...]] = {}
    parts = raw.split(b"\0")
    position = 0
    while position < len(parts) and parts[position]:
        identifier = parts[position].decode()
        position += 1
        begin = position
        while position < len(parts) and parts[position].startswith(b":"):
            position += 2
        found[identifier] = tuple(parse_raw(parts[begin:position]))
    return found


def first_parents(git: Git, until: str) -> tuple[str, ...]:
    """Return the commits that lead to `until` along first parents, oldest first.

    What is cut off cannot be told from what is forged (FG-03).

    Raises:
        StoreError: `history_shallow`; the repository holds the end of the history only.
    """
    try:
        return tuple(git.run("rev-list", "--first-parent", "--reverse", until).decode().split())
    except StoreError as error:
        if error.code not in ("git_failed", "history_shallow", "objects_lost"):
            raise
        said = (
            "only the end of the history is here (a shallow clone), so that nothing can be decided again from its start"
        )
        raise missing(git.git_dir, said) from error


def check_whole(git: Git, until: str, *, since: str | None = None) -> None:
    """Accept a history of which every commit and every file is here; with `since` only what is new after that.

    Raises:
        StoreError: `history_shallow`; it is a shallow clone, or one that leaves files out (a partial clone).
    """
    span = (until,) if since is None else (until, f"^{since}")
    first_parents(git, until)
    # Quiet: what is here is not named, only what is not.
    absent = git.run("rev-list", "--objects", "--missing=print", "--quiet", *span).decode().replace("?", "").split()
    if absent:
        raise missing(git.git_dir, f"{len(absent)} objects of the history are not here", absent[0])


def founding_of(git: Git, until: str) -> str | None:
    """Return the commit that founded the project whose records lead to `until`: the engine's first; None if none did.

    Raises:
        StoreError: `history_shallow`.
    """
    return next((oid for oid in first_parents(git, until) if read_commit(git, oid).by_engine), None)


def follows(git: Git, old: str, new: str) -> bool:
    """Tell whether `old` is `new`, or leads to it along first parents."""
    if old == new:
        return True
    listed = git.run("rev-list", "--first-parent", "--parents", new, f"^{old}").decode().splitlines()
    return bool(listed) and listed[-1].split(" ")[1:2] == [old]


def new_commits(git: Git, heads: Sequence[str], without: Sequence[str]) -> tuple[str, ...]:
    """Return the commits in the history of `heads` and not in that of `without`, each after its parents."""
    return tuple(git.run("rev-list", "--topo-order", "--reverse", *heads, "--not", *without).decode().split())


def read_commit(git: Git, commit: str) -> Commit:
    """Return one commit without its changes.

    Raises:
        StoreError: `history_shallow`; it is not here.
    """
    data = git.read(commit)
    if data is None:
        raise missing(git.git_dir, "is missing here", commit)
    parents = (line[7:].decode() for line in data.partition(b"\n\n")[0].splitlines() if line[:7] == b"parent ")
    return _commit(commit, tuple(parents), data, ())


def proposal_of(git: Git, commit: Commit) -> Proposal:
    """Return what `commit` proposes."""
    first, *others = commit.parents or (EMPTY_TREE,)
    changes = git.changes(first, commit.id)
    for other in others:
        own = {change.path for change in git.each_change(other, commit.id)}
        changes = tuple(change for change in changes if change.path in own)
    return Proposal(commit.id, commit.author, commit.email, commit.seconds, commit.subject, changes)


def held_before(git: Git, old: str, new: str, path: str) -> frozenset[str]:
    """Return the blobs that the file at `path` has had between two commits along first parents."""
    raw = git.run("log", "--first-parent", "-m", "--format=", "--raw", "--no-abbrev", "--no-renames", "-z",
                  f"{old}..{new}", "--", path)  # fmt: skip
    return frozenset(blob for change in parse_raw(raw.split(b"\0")) for blob in (change.old, change.new))


def is_ancestor(git: Git, commit: str, of: str) -> bool:
    """Tell whether `commit` is `of` or in its history."""
    return commit == of or git.status("merge-base", "--is-ancestor", commit, of) == 0


def merge_base(git: Git, one: str, other: str) -> str | None:
    """Return the newest commit that both histories hold, None for histories that have nothing in common."""
    found = git.run("merge-base", one, other, accept=(0, 1)).decode().split()
    return found[0] if found else None


_PID = re.compile(rb"^pid: *[\"']?(PID-[A-Z0-9]{3,32})[\"']?\s*$", re.MULTILINE)


def read_pid(root: Path, git_dir: Path) -> str:
    """Return the project id that the branch checked out at `root` holds, before the clone is known as a project.

    Raises:
        StoreError: `no_commits`; `not_a_project`.
    """
    with Git(root, git_dir) as git:
        if git.resolve("HEAD") is None:
            said = "the repository has no commit yet"
            raise StoreError("no_commits", said, path=str(root), hint="prismfs init makes the first")
        found = _PID.search(git.read("HEAD:prismfs.yaml") or b"")
    if found is None:
        said = "the branch that is checked out holds no project"
        raise StoreError("not_a_project", said, path=str(root), hint="git switch BRANCH, or prismfs init")
    return found[1].decode()
