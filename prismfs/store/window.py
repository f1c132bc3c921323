"""The window: the branch that people see and commit on, carried behind the truth, which the engine alone moves.

What people commit is a proposal until the engine has taken it: nothing that they do to this branch states what the
truth is. It is carried in this order: the files on disk, the index made beside, the branch. Where a person's git
command is under way, it stays behind until that has ended.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from prismfs.errors import ConflictError, Problem, StoreError
from prismfs.store.git import worktree
from prismfs.store.git.history import ENGINE, is_ancestor, merge_base, new_commits, read_commit
from prismfs.store.git.place import Place, read_branch
from prismfs.store.git.plumbing import EMPTY_TREE, NO_OBJECT, Change, parse_raw
from prismfs.store.git.repository import Git
from prismfs.store.lock import Marks, git_runs, is_broken

if TYPE_CHECKING:
    from prismfs.store.git.form import Fault
    from prismfs.store.git.held import Held

_UNDER_WAY = {
    "MERGE_HEAD": ("a merge", "merge"),
    "CHERRY_PICK_HEAD": ("a cherry-pick", "cherry-pick"),
    "REVERT_HEAD": ("a revert", "revert"),
    "rebase-merge": ("a rebase", "rebase"),
    "rebase-apply": ("a rebase", "rebase"),
    "sequencer": ("a sequence of picks", "cherry-pick"),
}
"""What git leaves in its directory while it waits for a person, how that is called, and the command that ends it."""

STUCK = ("broken_commit", "foreign_history")  # they keep it until somebody moves the branch; all else may end by itself

_MOST_FRESH = 5000
"""Files of new commits that are held for the window: those of a storm between two times that it is carried."""


class Window:
    """The window of one project; every method but `news` and `obstacle` wants the writer's lock."""

    def __init__(self, place: Place, git: Git, crash_point: Callable[[str], None]) -> None:
        self._place = place
        self._git = git
        self._marks = Marks(place.state, git)
        self._crash_point = crash_point
        self._found: tuple[tuple[str, ...], tuple[tuple[str, ...], Fault | None]] | None = None
        self._sound: set[str] = set()  # commits that were looked at and can be taken
        self._fresh: dict[str, bytes] = {}

    def head(self) -> str | None:
        """Return the commit at which the window stands, None where there is no such branch."""
        return self._git.reference(self._place.window)

    def news(self, truth: str, heads: tuple[str | None, ...]) -> tuple[str, ...]:
        """Return the commits of `heads` that the truth does not hold, each after its parents.

        Former decisions of the engine's, made again on another history, are none; neither is a history that has
        nothing in common with the truth, nor what cannot be taken (`fault`).
        """
        return self._look(truth, heads)[0]

    def fault(self, truth: str, head: str | None) -> "Fault | None":
        """Return the first commit on the way from the truth to `head` that cannot be taken, and why; None for none."""
        return self._look(truth, (head,))[1]

    def _look(self, truth: str, heads: tuple[str | None, ...]) -> "tuple[tuple[str, ...], Fault | None]":
        known = self._known(truth)
        asked = (truth, *(head for head in heads if head is not None and head not in known))
        # A turn asks several times. Only what is news is kept: what is cut off (a shallow clone) may come yet.
        if len(asked) == 1:
            return (), None
        if self._found is not None and self._found[0] == asked:
            return self._found[1]
        from prismfs.store.git.form import sound_of  # only what is news meets it

        try:
            found = [head for head in asked[1:] if merge_base(self._git, head, truth) not in (None, head)]
            new = new_commits(self._git, found, (truth, f"--glob={self._place.own}abandoned")) if found else ()
            looked = sound_of(self._git, new, self._sound)
        except StoreError as error:
            if error.code != "git_failed":
                raise
            looked = (), (asked[-1], error.problem.message)  # bytes that are no commit's
        self._found = (asked, looked) if looked[0] else None
        return looked

    def obstacle(self, truth: str) -> ConflictError | None:
        """Return what keeps the window from being carried to `truth` now, and the command that ends it; not raised."""
        here, head = read_branch(self._place.git_dir), self.head()
        way = "git reset --hard" if here == self._place.window else f"git branch -f {self._short}"
        fault = self.fault(truth, head)
        if fault is not None:
            said = f"{self._short} cannot be taken from {fault[0][:12]} on: {fault[1]}"
            return ConflictError("broken_commit", said, path=self._short, hint=f"{way} {self._place.truth}")
        if head is not None and not self._is_ours(head, truth):
            said = f"{self._short} was moved to a history that is not this project's"
            return ConflictError("foreign_history", said, path=self._short, hint=f"{way} {self._place.truth}")
        if head is None and is_broken(self._place, self._git, self._place.window):
            return self._busy("the branch's file names no commit that is here", "prismfs recover")
        for name, (what, verb) in _UNDER_WAY.items():
            if (self._place.git_dir / name).exists():
                return self._busy(f"{what} is under way", f"git {verb} --continue, or git {verb} --abort")
        if here != self._place.window:
            return None
        if (self._place.git_dir / "index.lock").exists():
            return self._busy("another git command holds the index", "prismfs recover, where that git was killed")
        if git_runs(self._place.root):
            return self._busy("a git command is under way")
        return None

    def renamed(self, truth: str) -> str | None:
        """Return the branch that is checked out where the window's own is gone and that one holds its history."""
        here = read_branch(self._place.git_dir)
        if here is None or self.head() is not None:
            return None
        head = self._git.resolve(here)
        return here if head is not None and self._is_ours(head, truth) else None

    def unseen(self) -> Problem | None:
        """Return why the records are not seen in the work tree although the window follows them, None if they are."""
        here = read_branch(self._place.git_dir)
        if here == self._place.window:
            return None
        where = "no branch" if here is None else here.removeprefix("refs/heads/")
        others = {self._place.common, *(head.parent for head in (self._place.common / "worktrees").glob("*/HEAD"))}
        # git leaves a branch to the work tree that has it, whose index stays behind: a commit there loses nothing.
        taken = any(read_branch(other) == self._place.window for other in others - {self._place.git_dir})
        way = f"git switch {'--ignore-other-worktrees ' if taken else ''}{self._short}"
        way = "git bisect reset" if (self._place.git_dir / "BISECT_LOG").exists() else way
        said = f"{where} is checked out here, and the records are seen on {self._short}"
        return Problem("window_elsewhere", said, path=self._short, hint=way)

    def unknown(self, truth: str) -> Problem | None:
        """Return that the window holds what an engine says it has decided, and the roster does not know; else None."""
        found = (read_commit(self._git, commit) for commit in self.news(truth, (self.head(),)))
        claimed = [commit for commit in found if commit.by_engine and commit.signed]
        if not claimed:
            return None
        said = f"{self._short} has {len(claimed)} signed commits of an engine that the roster here does not know"
        way = "an operator enrols it; where it is yours and nobody can: prismfs keys accept (docs/trust.md)"
        return Problem("engine_unknown", said, path=claimed[0].id, hint=way)

    def fill(self) -> None:
        """Write all files of the window's own commit, as after a clone: nothing is there yet."""
        head = self.head()
        if head is not None:
            self._carry_all(head, head, fresh=True)

    def hold(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Keep files (path, bytes) of commits that were just made until they are carried: git need not be asked."""
        self._fresh.update(files)
        if len(self._fresh) > _MOST_FRESH:  # where it is not carried for long
            self._fresh = {}

    def carry(self, head: str | None, truth: str) -> tuple[str, ...]:
        """Bring files, index and branch from `head` to `truth`; return the paths left because a person edits them.

        Where another branch is checked out, the window's moves and nothing else. `head` is where the caller has looked
        at what people propose: one that they have moved on meanwhile is left to the next time.

        Raises:
            ConflictError: `window_busy`, a person's command is under way; `branch_moved`.
        """
        if head == truth and self._marks.read("carried") == truth:
            return ()
        stays = self.obstacle(truth)
        if stays is not None:
            raise stays
        edited: tuple[str, ...] = ()
        if read_branch(self._place.git_dir) == self._place.window:
            edited = self._carry_all(head, truth)
        else:
            self._take_back(head)
            self._git.move({self._place.window: (head or NO_OBJECT, truth)})
        self._marks.write("carried", truth)
        return edited

    def edited(self) -> tuple[str, ...]:
        """Return the files that people have changed and not committed, as git sees them without its configuration."""
        head, tree = self.head(), f"--work-tree={self._place.root}"
        if head is None or read_branch(self._place.git_dir) != self._place.window:
            return ()
        index = self._place.git_dir / f"prismfs-index.{os.getpid()}"  # a split index is found beside the other half
        try:
            _copy(self._place.git_dir / "index", index)
            self._git.run(tree, "update-index", "-q", "--refresh", accept=(0, 1), index=index)
            raw = self._git.run(tree, "diff-index", "-z", "--raw", "--no-renames", head, index=index)
        finally:
            index.unlink(missing_ok=True)
        return tuple(change.path for change in parse_raw(raw.split(b"\0")))

    @property
    def _short(self) -> str:
        return self._place.window.removeprefix("refs/heads/")

    def _known(self, truth: str) -> frozenset[str | None]:
        """Return commits that the truth is known to hold without starting a git to find out."""
        return frozenset((truth, self._marks.read("carried"), *read_commit(self._git, truth).parents))

    def _is_ours(self, head: str, truth: str) -> bool:
        return head in self._known(truth) or merge_base(self._git, head, truth) is not None

    def _carry_all(self, head: str | None, truth: str, *, fresh: bool = False) -> tuple[str, ...]:
        start = EMPTY_TREE if fresh or head is None else head
        changes = self._changes(start, truth)
        # Where the files were brought last, and where a carry that was cut off was bringing them.
        marks = set() if fresh else {self._marks.read("worktree"), self._marks.read("carrying")} - {None, start, truth}
        between = [change for mark in marks if mark is not None for change in self._changes(mark, truth)]
        self._marks.write("carrying", truth)
        self._crash_point("before-files")
        edited = worktree.restore(
            self._git, self._place.state, changes, lambda: self._crash_point("between-files"), between, self._fresh
        )
        self._fresh = {}
        self._marks.write("worktree", truth)
        self._crash_point("before-index")
        index = self._place.git_dir / "index"
        made = self._place.git_dir / "prismfs-index"
        stamp = _copy(index, made)
        worktree.bring_index(self._git, made, truth, (*changes, *between))
        with self._moving(head, truth):
            # A person's command that begins between this look and the move of the branch fails: nothing that takes time
            # is done there, and no git is waited for.
            if git_runs(self._place.root):
                raise self._busy("a git command is under way")
            with self._held(index):
                if _stamp(index) != stamp:
                    raise self._busy("the index was changed meanwhile")
                if made.exists():
                    made.replace(index)
            self._crash_point("after-index")
        self._crash_point("after-window")
        return edited

    def _changes(self, old: str, new: str) -> tuple[Change, ...]:
        from prismfs.store.git.formats.trees import few_changes

        few = few_changes(self._git, old, new)
        return self._git.changes(old, new) if few is None else few

    def _take_back(self, head: str | None) -> None:
        """Take back the files of a carry that was cut off before the branch: another one is checked out now."""
        for name in ("carrying", "worktree"):
            mark = self._marks.read(name)
            if head is not None and mark is not None and not is_ancestor(self._git, mark, head):
                index = self._place.git_dir / "index"
                worktree.take_back(self._git, self._place.state, index, self._git.changes(head, mark))
                self._marks.write(name, head)

    def _busy(self, why: str, way: str = "the branch follows once it has ended") -> ConflictError:
        return ConflictError("window_busy", why, path=self._short, hint=way)

    @contextmanager
    def _moving(self, head: str | None, truth: str) -> Iterator[None]:
        """Hold the branch meanwhile, and move it from `head` to `truth` at the end."""
        if head is None:
            yield
            self._git.move({self._place.window: (NO_OBJECT, truth)})  # git knows which names may stand beside which
            return
        with self._held(self._place.reference, f"{truth}\n".encode()) as branch:
            if self.head() != head:
                raise ConflictError("branch_moved", "the branch moved meanwhile", hint="try again")
            yield
            log = self._place.common / "logs" / self._place.window
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("a") as file:
                file.write(f"{head} {truth} {ENGINE} {int(time.time())} +0000\tprismfs: to the records\n")
            branch.replace()

    def _held(self, path: Path, data: bytes = b"") -> "Held":
        from prismfs.store.git.held import Held

        try:
            return Held(path, data)
        except FileExistsError:
            raise self._busy(f"another git command holds {path.name}") from None


def _copy(index: Path, made: Path) -> tuple[int, ...] | None:
    """Copy the index; return what tells it from any later one, None where there is none."""
    stamp = _stamp(index)
    for left in (made, made.with_name(f"{made.name}.lock")):  # of a carry that was killed, perhaps with its git
        left.unlink(missing_ok=True)
    if stamp is not None:
        shutil.copyfile(index, made)
    return stamp


def _stamp(index: Path) -> tuple[int, ...] | None:
    try:
        found = index.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
