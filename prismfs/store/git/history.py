"""Reading the commits of a branch in order, with what each changed and what its message claims, and where two meet."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prismfs.errors import RefusedError
from prismfs.kinds import kind_of_path
from prismfs.records import plan
from prismfs.store.git.plumbing import EMPTY_TREE, Change, parse_raw
from prismfs.store.git.repository import Git


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A commit of the branch, and the commit up to which news was handled (None: never)."""

    commit: str
    seen: str | None


@dataclass(frozen=True, slots=True)
class ForeignCommit:
    """A commit that the engine did not make: by hand, by pull, by a merged pull request.

    `puts` are the paths of added or changed files, `removed` of deleted ones, against its first parent.
    """

    commit: str
    author: str
    seconds: int
    subject: str
    puts: tuple[str, ...]
    removed: tuple[str, ...]


_AUTHOR = re.compile(r"^author (.*) <.*> (-?[0-9]+) ", re.MULTILINE)
_MOST_BY_HAND = 200
"""Commits of people looked through for the engine's before them; it answers each with one of its own."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit against its first parent. The trailers are claims until `verify` has decided it again."""

    id: str
    parents: tuple[str, ...]
    author: str
    seconds: int
    message: str
    changes: tuple[Change, ...]

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

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
    listed = git.run("rev-list", "--first-parent", "--reverse", "--parents", span).decode().splitlines()
    if not listed:
        return
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


def newest_rules(git: Git, commit: str, *, known: int) -> int:
    """Return the version of the rules that decided last on the way to `commit`; 0 where nothing was decided lately.

    A version above `known` counts only in a commit that brings an audit row: its message alone is a claim.
    """
    for _ in range(_MOST_BY_HAND):
        data = git.read(commit) or b""
        parents = tuple(line[7:].decode() for line in data.partition(b"\n\n")[0].splitlines() if line[:7] == b"parent ")
        found = _commit(commit, parents, data, ())
        claimed = found.rules > known and not _brings_a_row(git, parents, commit)
        if not parents or (found.rules and not claimed):
            return 0 if claimed else found.rules
        commit = parents[0]
    return 0


def _brings_a_row(git: Git, parents: tuple[str, ...], commit: str) -> bool:
    before = parents[0] if parents else EMPTY_TREE
    return any(
        (kind := kind_of_path(change.path)) is not None and kind.chained for change in git.each_change(before, commit)
    )


def _commit(identifier: str, parents: tuple[str, ...], data: bytes, changes: tuple[Change, ...]) -> Commit:
    head, _, message = data.decode(errors="replace").partition("\n\n")
    found = _AUTHOR.search(head)
    author, seconds = (found[1], int(found[2])) if found else ("", 0)
    return Commit(id=identifier, parents=parents, author=author, seconds=seconds, message=message, changes=changes)


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


def meeting_point(git: Git, here: Snapshot, theirs: str) -> Snapshot:
    """Return `theirs` as the state to decide on; commits in both histories that were seen here count as seen.

    Raises:
        RefusedError: `unrelated`; the two histories have no commit in common.
    """
    if git.status("merge-base", here.commit, theirs):
        raise RefusedError("unrelated", "the other repository holds another project", hint="prismfs push REMOTE")
    common = git.run("merge-base", here.commit, theirs).decode().split()[0]
    seen = here.seen
    if seen is not None and git.status("merge-base", "--is-ancestor", seen, common):
        seen = common
    return Snapshot(commit=theirs, seen=seen)


def unpublished(git: Git, here: str, theirs: str) -> tuple[Sequence[Commit], frozenset[str]]:
    """Return the commits of `here` that `theirs` lacks, oldest first, without those that were carried over by hand.

    The second set names those: commits whose change another commit of `theirs` makes, as after a cherry-pick.
    A merge is returned as any other commit that a person made, and so is what it brought from the other side.
    """
    marked = git.run("rev-list", "--cherry-mark", "--right-only", "--no-merges", f"{theirs}...{here}").decode().split()
    carried = frozenset(mark[1:] for mark in marked if mark.startswith("="))
    commits = [commit for commit in read_commits(git, since=theirs, until=here) if commit.id not in carried]
    return commits, carried
