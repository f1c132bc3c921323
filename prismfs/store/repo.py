"""A project in a git repository: the store that `decide`'s plans are committed to.

The order in `apply` is the promise: objects, then the truth's reference, both flushed; then the projection. The window,
where people see it, is carried behind when there is time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Self

from prismfs.errors import ConflictError, StoreError
from prismfs.records.api import Plan
from prismfs.store.engine_key import engine_key, signing_key
from prismfs.store.git.history import ENGINE, Commit, Snapshot, files_at, is_ancestor, read_commit, read_pid
from prismfs.store.git.keys import Signer, accepted_keys
from prismfs.store.git.place import check_form, find_git_dir, locate, make_engine_git, place_of, register
from prismfs.store.git.plumbing import NO_OBJECT, NewCommit
from prismfs.store.git.repository import Git
from prismfs.store.git.worktree import disk_error
from prismfs.store.lock import Lock, Marks, check_truth, clear_dead_locks
from prismfs.store.projection import Projection
from prismfs.store.window import Window
from prismfs.store.witness import Witness, is_proven

if TYPE_CHECKING:
    from prismfs.store.git.groups import Groups
    from prismfs.store.plan_commits import Written

CrashPoint = Callable[[str], None]

CRASH_POINTS = tuple(
    "before-objects before-reference after-reference after-projection before-files between-files before-index"
    " after-index after-window".split()
)
"""Where the fault tests kill the process: between each two steps of a group, and of bringing the window along."""


def nothing(_: str) -> None:
    """Do nothing at a crash point."""


class ProjectRepo:
    """One project's repository, opened by one process; `pid` where the branch does not say it yet.

    Reads need no lock. Every write is made inside `writer()`. `crash_point` is called with each name of
    `CRASH_POINTS` as it is passed. `signer` signs; without one the key of this clone's engine is looked for.
    """

    def __init__(
        self, root: Path, *, crash_point: CrashPoint = nothing, pid: str | None = None, signer: Signer | None = None
    ) -> None:
        self.root = root = root.resolve()  # files are written without following links below it
        self.place = locate(root) or place_of(root, pid or read_pid(root, find_git_dir(root)))
        check_form(self.place.common)
        self.state = self.place.state
        self._lock = Lock(self.state / "writer.lock")
        self.git = Git(root, make_engine_git(self.place), inherit=self._lock.descriptor)
        self._groups: Groups | None = None
        self._marks = Marks(self.state, self.git)
        self.window = Window(self.place, self.git, crash_point)
        self.witness = Witness(self.place, self.git)
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

    def work_tree(self) -> Git:
        """Return git as people have it here: with their HEAD, index and configuration; to be closed by the caller."""
        return Git(self.root, self.place.git_dir)

    @contextmanager
    def writer(self, *, wait: float = 10.0) -> Iterator[None]:
        """Hold the writer's lock; what the last writer left unfinished is completed first.

        Raises:
            ConflictError: `locked`; another process is still writing after `wait` seconds.
            StoreError: the disk fails, whatever met that inside.
        """
        self._lock.acquire(wait=wait)
        try:
            if self._lock.broken_since is not None:
                clear_dead_locks(self.place, since=self._lock.broken_since)
            self.witness.check(self._found())
            yield
        except BaseException as error:
            # A git of ours may have died: the next writer looks for its lock files. Nothing died of what people do.
            self._lock.release(in_order=isinstance(error, ConflictError))
            if isinstance(error, OSError):
                raise disk_error(error, str(error.filename or self.root)) from error
            raise
        self._lock.release()

    def snapshot(self) -> Snapshot:
        """Return the current state of the truth and of the window.

        Raises:
            StoreError: `no_commits`; `records_gone`, the file of the truth's reference is empty.
        """
        window = self.window.head()
        return Snapshot(commit=self.git.reference(self.place.truth) or self._first(window), window=window)

    def read(self, snapshot: Snapshot, path: str) -> bytes | None:
        """Return the bytes of the file at `path`, None where there is none."""
        return self.git.read(f"{snapshot.commit}:{path}")

    def files(self, snapshot: Snapshot) -> Iterator[tuple[str, bytes]]:
        """Yield path and bytes of every record file: the slow reader that the projection is held against."""
        return files_at(self.git, snapshot.commit)

    def news(self, snapshot: Snapshot, heads: Sequence[str] = ()) -> Sequence[Commit]:
        """Return what the window and the histories of `heads` have and the truth lacks, each after its parents.

        The commits come without their changes.
        """
        found = self.window.news(snapshot.commit, (snapshot.window, *heads))
        return tuple(read_commit(self.git, commit) for commit in found)

    def view(self, snapshot: Snapshot) -> Projection:
        """Return the projection, brought to `snapshot`."""
        if self._projection is None:
            self._projection = Projection(self.state / "projection.sqlite")
        self._projection.bring_to(snapshot.commit, self.git)
        return self._projection

    def overlay(self, snapshot: Snapshot) -> AbstractContextManager[Projection]:
        """Give a view of `snapshot` that takes plans; what it took is forgotten at the end."""
        return self.view(snapshot).overlay(snapshot.commit, self.git)

    def apply(self, plans: Iterable[Plan], *, base: Snapshot) -> Sequence[str]:
        """Make one commit of each plan on top of `base`, sign the last; return their ids once they are durable.

        Plans may be made while they are taken: git works on each while the next one is.
        """
        projection = self.view(base)
        written: list[Written] = []
        applied: list[Plan] = []
        ids = self.write(_noted(plans, applied), base=base.commit, view=projection, written=written)
        if not ids:
            return ()
        self._crash_point("before-reference")
        self._move(base, ids[-1])
        self._crash_point("after-reference")
        self.window.hold((path, data) for _, path, _, data in written)
        if any(plan.takes for plan in applied):
            projection.bring_to(ids[-1], self.git)
        else:
            projection.advance(base.commit, ids[-1], written, self.git)
        self._crash_point("after-projection")
        return ids

    def write(
        self, plans: Iterable[Plan], *, base: str, view: Projection, sign: bool = True,
        written: 'list[Written] | None' = None,
    ) -> Sequence[str]:  # fmt: skip
        """Write one commit of each plan on top of `base`, sign the last, and return their ids; the truth stays.

        One that takes over what people propose can only be the first: a signature covers no other merge. `view` knows
        whose signature counts; what the commits hold is added to `written`.
        """
        made = iter(plans)
        first = next(made, None)
        if first is None:
            return ()
        not_yet: StoreError | None = None
        if sign:
            try:
                self._signer = signing_key(view, self.state, held=self._signer)
            except StoreError as error:
                if error.code != "engine_not_enrolled" or not (first.merges or accepted_keys(self.place.pid)):
                    raise
                # Where no clone can sign any more, what is taken over may bring the key, or this user accepts it.
                self._signer, not_yet = engine_key(self.state, self.place.pid), error
        from prismfs.store.git.groups import Groups  # whoever only reads meets neither
        from prismfs.store.plan_commits import commits_of

        self._crash_point("before-objects")
        self._groups = self._groups or Groups(self.git, self.place.scratch)
        commits = commits_of(chain([first], made), self.git, base, [] if written is None else written, view)
        signed = self._groups.write(commits, base=base, signer=self._signer if sign else None)
        if not_yet is not None and not is_proven(self.git, base, signed[-1]):
            self._signer = None
            raise not_yet
        return signed

    def follow(self, here: Snapshot, to: str) -> None:
        """Move the truth from `here` to the history of `to`; what that lacks is given up, and stays within reach."""
        self._crash_point("before-reference")
        self._move(here, to, gives_up=not is_ancestor(self.git, here.commit, to))
        self._crash_point("after-reference")
        self.view(Snapshot(to, here.window))
        self._crash_point("after-projection")

    def is_window_behind(self) -> bool:
        """Tell whether the window stands elsewhere than the truth, or was left half carried."""
        truth = self.git.reference(self.place.truth)
        return not (self.window.head() == truth == self._marks.read("carried"))

    def bring_window(self) -> tuple[str, ...]:
        """Carry the window to the truth; return the paths left alone because a person edits them.

        What people have committed there is taken first, by whoever decides it: until then it stays as it is.

        Raises:
            ConflictError: `window_busy`; a person's git command is under way. Try again later.
        """
        now = self.snapshot()
        if self.window.news(now.commit, (now.window,)):
            return ()
        edited = self.window.carry(now.window, now.commit)
        for path in (self.place.common / self._abandoned("again")).glob("*"):
            self.git.run("update-ref", "-d", self._abandoned(f"again/{path.name}"))
        return edited

    def bring_window_if_free(self) -> None:
        """Carry the window, unless a person's git command is under way: the next writer does it then."""
        with suppress(ConflictError):
            self.bring_window()

    def forget_abandoned(self, commit: str) -> None:
        """Let go of a former head all of whose decisions were made again; until the window has left it, it is kept."""
        old, new = self._abandoned(commit), self._abandoned(f"again/{commit}")
        if self.git.resolve(old) is not None:
            self.git.move({old: (commit, NO_OBJECT), new: (self.git.resolve(new) or NO_OBJECT, commit)})

    def make_first_commit(self, files: dict[str, bytes], *, message: str, seconds: int) -> str:
        """Make the first commit of a project from `files` (path → bytes) and return its id.

        On a branch that has commits already it is made on top, and their files are kept.
        """
        commit = NewCommit(
            message=message, author=ENGINE, committer=ENGINE, seconds=seconds, files=tuple(sorted(files.items()))
        )
        register(self.place)
        (new,) = self.git.write_commits([commit], parent=self.window.head(), scratch=self.place.scratch)
        self.git.move({self.place.truth: (self.git.reference(self.place.truth) or NO_OBJECT, new)})
        self.witness.note(new)
        return new

    def _abandoned(self, commit: str) -> str:
        return f"{self.place.own}abandoned/{commit}"

    def _move(self, old: Snapshot, to: str, *, gives_up: bool = False) -> None:
        """Move the truth from `old` to `to`; what it gives up stays within reach of a reference.

        The reference under which commits are written goes along: to remove it would want the lock of the packed
        references, which the code's own git may hold.
        """
        moves = {self.place.truth: (old.commit, to)}
        scratch = self.git.reference(self.place.scratch)
        moves |= {} if scratch is None else {self.place.scratch: (scratch, to)}
        if gives_up and self.git.resolve(self._abandoned(old.commit)) is None:
            moves[self._abandoned(old.commit)] = (NO_OBJECT, old.commit)
        self.git.move(moves)
        self.witness.sign(to, self._signer)

    def _found(self) -> str:
        """Return the truth; a clone that has none yet begins it. The window goes where people have renamed it to."""
        truth = self.git.reference(self.place.truth)
        renamed = None if truth is None else self.window.renamed(truth)
        if renamed is not None:
            self.place = replace(self.place, window=renamed)
            self.window = Window(self.place, self.git, self._crash_point)
            register(self.place)
        if truth is None:
            truth = self._first(window := self.window.head())
            register(self.place)
            self._marks.write("worktree", window or truth)
            self.git.move({self.place.truth: (NO_OBJECT, truth)})
        return truth

    def _first(self, window: str | None) -> str:
        from prismfs.store.git.proofs import first_truth

        check_truth(self.place, self.git)
        if window is None:
            said = "the repository has no commit yet"
            raise StoreError("no_commits", said, path=str(self.root), hint="prismfs init makes the first")
        return first_truth(self.git, window)


def _noted(plans: Iterable[Plan], seen: list[Plan]) -> Iterator[Plan]:
    for plan in plans:
        seen.append(plan)
        yield plan
