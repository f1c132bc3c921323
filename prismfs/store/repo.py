"""A project in a git repository: the store that `decide`'s plans are committed to.

The order in `apply` is the promise: objects, then the reference, both flushed; then files on disk; then the
projection; the index last, when there is time. `recover` completes what a crash cut off between them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Self

from prismfs.errors import ConflictError, StoreError
from prismfs.kinds import kind_of, kind_of_path
from prismfs.records.api import Kind, Plan, Record
from prismfs.store.engine_key import signing_key
from prismfs.store.git import history, worktree
from prismfs.store.git.history import ForeignCommit, Snapshot
from prismfs.store.git.keys import Signer
from prismfs.store.git.place import find_git_dir, read_branch
from prismfs.store.git.plumbing import EMPTY_TREE, NO_OBJECT, NewCommit
from prismfs.store.git.repository import Git
from prismfs.store.git.signing import sign_group
from prismfs.store.lock import Lock, Marks, clear_dead_locks
from prismfs.store.projection import Projection

SCRATCH = "refs/prismfs/scratch"
SEEN = "refs/prismfs/seen"
CrashPoint = Callable[[str], None]
_INDEX_TRIES = 3
ABANDONED = "refs/prismfs/abandoned/"
"""Prefix of references to former heads of the branch whose decisions were made again on another history."""

CRASH_POINTS = tuple(
    "before-objects before-reference after-reference between-files after-files after-projection before-index"
    " after-index".split()
)
"""Where the fault tests kill the process: between each two steps of a group."""


def nothing(_: str) -> None:
    """Do nothing at a crash point."""


ENGINE = "prismfs <engine@prismfs.invalid>"
"""Author and committer of every commit of the engine; the actor is in a trailer."""


def commit_of(
    plan: Plan,
    olds: Mapping[str, bytes | None],
    latest: dict[str, bytes],
    written: list[tuple[Kind, str, Record, bytes]],
) -> NewCommit:
    """Return the commit of `plan`, and add its files to `latest` and `written`.

    `olds` are the bytes that stood before the group at paths that people may have written, `latest` those that
    plans before this one made of them.
    """
    files = []
    for record in plan.puts:
        kind = kind_of(record)
        path = kind.place_of(record)
        data = kind.write(record, old=latest[path] if path in latest else olds.get(path))
        latest[path] = data
        files.append((path, data))
        written.append((kind, path, record, data))
    return NewCommit(
        message=plan.message,
        author=f"{plan.actor} <{plan.actor}@prismfs.invalid>",
        committer=ENGINE,
        seconds=int(plan.at.timestamp()),
        files=tuple(files),
    )


class ProjectRepo:
    """One project's repository, opened by one process.

    Reads need no lock. Every write is made inside `writer()`. `crash_point` is called with each name of
    `CRASH_POINTS` as it is passed. `signer` signs; without one the key of this clone's engine is looked for.
    """

    def __init__(self, root: Path, *, crash_point: CrashPoint = nothing, signer: Signer | None = None) -> None:
        # git runs in `root`, and files are written without following links.
        self.root = root = root.resolve()
        self.git_dir = find_git_dir(root)
        self.state = self.git_dir / "prismfs"
        self._lock = Lock(self.state / "writer.lock")
        self.git = Git(root, self.git_dir, inherit=self._lock.descriptor)
        self._marks = Marks(self.state, self.git)
        self.branch = read_branch(self.git_dir)
        self._crash_point = crash_point
        self._signer = signer
        self._projection: Projection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End git's long-lived children and close the projection."""
        self.git.close()
        self._lock.close()
        if self._projection is not None:
            self._projection.close()

    @contextmanager
    def writer(self, *, wait: float = 10.0) -> Iterator[None]:
        """Hold the writer's lock; what the last writer left unfinished is completed first.

        Raises:
            ConflictError: `locked`; another process is still writing after `wait` seconds.
        """
        self._lock.acquire(wait=wait)
        try:
            if self._lock.broken_since is not None:
                clear_dead_locks(self.git_dir, self.branch, since=self._lock.broken_since)
            self.recover()
            if self._lock.broken_since is not None:
                # A person who commits by an index from before the crash would undo what came after it.
                self.bring_index_if_free()
            yield
        finally:
            self._lock.release()

    def recover(self) -> tuple[str, ...]:
        """Bring the files on disk to the branch; return the paths left alone because a person edits them."""
        head = self._head()
        shown = self._marks.read("worktree") or head
        edited: tuple[str, ...] = ()
        if shown != head:
            changes = self.git.changes(shown, head)
            edited = worktree.restore(self.git, self.state, changes, lambda: self._crash_point("between-files"))
        if self._marks.read("worktree") != head:
            self._marks.write("worktree", head)
        if self._marks.read("index") is None:
            self._marks.write("index", head)
        return edited

    def snapshot(self) -> Snapshot:
        """Return the current state of the branch.

        Raises:
            StoreError: `branch_changed` when another branch was checked out than the one being served.
        """
        if read_branch(self.git_dir) != self.branch:
            served = self.branch.removeprefix("refs/heads/")
            said = f"another branch than {served} is checked out"
            raise StoreError("branch_changed", said, hint=f"git switch {served}")
        return Snapshot(commit=self._head(), seen=self.git.resolve(SEEN))

    def read(self, snapshot: Snapshot, path: str) -> bytes | None:
        """Return the bytes of the file at `path`, None where there is none."""
        return self.git.read(f"{snapshot.commit}:{path}")

    def files(self, snapshot: Snapshot) -> Iterator[tuple[str, bytes]]:
        """Yield path and bytes of every record file: the slow reader that the projection is held against."""
        for change in self.git.changes(EMPTY_TREE, snapshot.commit):
            if kind_of_path(change.path) is not None:
                yield change.path, self.git.read(change.new) or b""

    def news(self, snapshot: Snapshot) -> Sequence[ForeignCommit]:
        """Return the foreign commits that are not answered yet, oldest first."""
        if snapshot.seen == snapshot.commit:
            return ()
        if snapshot.seen is not None and self.git.status("merge-base", "--is-ancestor", snapshot.seen, snapshot.commit):
            said = f"the branch no longer holds the commit {snapshot.seen[:12]} that was seen last"
            hint = "run prismfs verify; git reflog shows what moved the branch"
            raise StoreError("history_rewritten", said, hint=hint)
        view = self.view(snapshot)
        return tuple(
            ForeignCommit(
                commit=commit.id,
                author=commit.author,
                seconds=commit.seconds,
                subject=commit.subject,
                puts=tuple(change.path for change in commit.changes if change.new != NO_OBJECT),
                removed=tuple(change.path for change in commit.changes if change.new == NO_OBJECT),
            )
            for commit in history.read_commits(self.git, since=snapshot.seen, until=snapshot.commit)
            if commit.cause is None and commit.parents and not view.handled(f"commit:{commit.id}")
        )

    def view(self, snapshot: Snapshot) -> Projection:
        """Return the projection, brought to `snapshot`."""
        if self._projection is None:
            self._projection = Projection(self.state / "projection.sqlite")
        self._projection.bring_to(snapshot.commit, self.git)
        return self._projection

    def overlay(self, snapshot: Snapshot) -> AbstractContextManager[Projection]:
        """Give a view of `snapshot` that takes plans; what it took is forgotten at the end."""
        return self.view(snapshot).overlay(snapshot.commit, self.git)

    def apply(self, plans: Sequence[Plan], *, base: Snapshot, instead_of: Snapshot | None = None) -> Sequence[str]:
        """Make one commit of each plan on top of `base`, sign the last; return their ids once they are durable.

        `instead_of` is what the branch stands at where that is not `base`: its commits that `base` lacks are given
        up in the same step that puts the new ones in their place, and stay within reach of a reference.
        """
        if not plans:
            if instead_of is not None or base.seen != base.commit:
                self._move(base.commit, instead_of or base, abandoned=instead_of)
                self._crash_point("after-reference")
                self.recover()
            return ()
        projection = self.view(base)
        self._signer = signing_key(projection, self.state, held=self._signer)
        latest: dict[str, bytes] = {}
        written: list[tuple[Kind, str, Record, bytes]] = []
        olds = self._old_files(plans, base)
        commits = (commit_of(plan, olds, latest, written) for plan in plans)
        self._crash_point("before-objects")
        ids = self.git.write_commits(commits, parent=base.commit, scratch=SCRATCH)
        unsigned, ids = ids[-1], sign_group(self.git, ids, base=base.commit, signer=self._signer)
        self._crash_point("before-reference")
        self._move(ids[-1], instead_of or base, abandoned=instead_of, scratch=unsigned)
        self._crash_point("after-reference")
        if instead_of is None:
            worktree.write_files(self.root, self.state, latest.items(), lambda: self._crash_point("between-files"))
            self._marks.write("worktree", ids[-1])
        else:
            self.recover()
        self._crash_point("after-files")
        projection.advance(base.commit, ids[-1], written, self.git)
        self._crash_point("after-projection")
        return ids

    def bring_index(self) -> None:
        """Update git's index with the files written since, so that `git status` is clean.

        Raises:
            ConflictError: `index_locked`; a person's git command holds the index. Try again later.
        """
        head, shown = self._head(), self._marks.read("index")
        if shown == head:
            return
        self._crash_point("before-index")
        for attempt in range(1, _INDEX_TRIES + 1):
            try:
                self._bring_index(shown, head)
                break
            except StoreError as error:
                if (self.git_dir / "index.lock").exists():
                    raise ConflictError(
                        "index_locked", "another git command holds the index", path=".git/index.lock", hint="try again"
                    ) from error
                if attempt == _INDEX_TRIES:  # otherwise its holder may just have released it
                    raise
        self._crash_point("after-index")
        self._marks.write("index", head)

    def bring_index_if_free(self) -> None:
        """Update the index, unless another git command holds it: the next writer does it then."""
        with suppress(ConflictError):
            self.bring_index()

    def _bring_index(self, shown: str | None, head: str) -> None:
        between = () if shown in (None, EMPTY_TREE) else history.read_commits(self.git, since=shown, until=head)
        steps = (change for commit in between for change in commit.changes)
        worktree.bring_index(self.git, self.git.changes(shown or head, head), steps)

    def make_first_commit(self, files: dict[str, bytes], *, message: str, seconds: int) -> str:
        """Make the first commit of a project from `files` (path → bytes) and return its id.

        On a branch that has commits already it is made on top, and their files are kept.
        """
        parent = self.git.resolve(self.branch)
        commit = NewCommit(
            message=message, author=ENGINE, committer=ENGINE, seconds=seconds, files=tuple(sorted(files.items()))
        )
        (new,) = self.git.write_commits([commit], parent=parent, scratch=SCRATCH)
        self.git.move({self.branch: (parent or NO_OBJECT, new), SEEN: (self.git.resolve(SEEN) or NO_OBJECT, new)})
        self._marks.write("worktree", parent or EMPTY_TREE)
        self._marks.write("index", parent or EMPTY_TREE)
        return new

    def _move(self, to: str, old: Snapshot, *, abandoned: Snapshot | None, scratch: str | None = None) -> None:
        """Move the branch and the seen mark from `old` to `to`, in one transaction; `scratch`, if any, goes."""
        moves = {self.branch: (old.commit, to), SEEN: (old.seen or NO_OBJECT, to)}
        moves |= {} if scratch is None else {SCRATCH: (scratch, NO_OBJECT)}
        if abandoned is not None and self.git.resolve(ABANDONED + abandoned.commit) is None:
            moves[ABANDONED + abandoned.commit] = (NO_OBJECT, abandoned.commit)
        self.git.move(moves)

    def _old_files(self, plans: Sequence[Plan], base: Snapshot) -> dict[str, bytes | None]:
        """Return the content at `base` of every file that people may have written and `plans` overwrite."""
        places = ((kind_of(record), record) for plan in plans for record in plan.puts)
        paths = {kind.place_of(record): None for kind, record in places if kind.format != "json" or kind.upgrades}
        return dict(zip(paths, self.git.read_many(f"{base.commit}:{path}" for path in paths), strict=True))

    def _head(self) -> str:
        head = self.git.resolve(self.branch)
        if head is None:
            said = "the repository has no commit yet"
            raise StoreError("no_commits", said, path=str(self.root), hint="prismfs init makes the first")
        return head
