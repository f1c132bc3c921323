"""One writer a project: an advisory lock that a crash releases, and marks of how far its work on files had come."""

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from prismfs.errors import ConflictError, Problem, StoreError
from prismfs.store.git.place import Place
from prismfs.store.git.plumbing import EMPTY_TREE, keeps_of_imports
from prismfs.store.git.repository import Git
from prismfs.store.git.worktree import disk_error

_MAY_NOT_WRITE = (errno.EACCES, errno.EPERM, errno.EROFS)


class Lock:
    """A lock on a file. Children that inherit `descriptor` keep it until they end, too.

    While it is held, the file says which process holds it; a holder that ends well empties the file.
    `broken_since` tells the next one that the last one did not, and when that one took the lock (seconds
    since 1970).
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self._refused: OSError | None = None
        except OSError as error:
            if error.errno not in _MAY_NOT_WRITE:
                raise disk_error(error, str(path.name)) from error
            # Readers need no lock: an auditor's copy may well be read-only.
            self.descriptor = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            self._refused = error
        self._path = path
        self.broken_since: float | None = None

    def acquire(self, *, wait: float = 0.0, pause: Callable[[float], None] = time.sleep) -> None:
        """Take the lock, waiting at most `wait` seconds for it.

        Raises:
            ConflictError: `locked`; another process holds it.
            StoreError: the disk is full, or the repository cannot be written.
        """
        if self._refused is not None:
            raise disk_error(self._refused, str(self._path.name)) from self._refused
        step, waited = 0.005, 0.0
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if waited >= wait:
                    holder = os.pread(self.descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
                    raise ConflictError(
                        "locked", f"process {holder} is writing here", path=self._path.name, hint="try again"
                    ) from None
                pause(step)
                waited += step
        found = os.fstat(self.descriptor)
        self.broken_since = found.st_mtime if found.st_size else None
        try:
            os.ftruncate(self.descriptor, 0)
            os.pwrite(self.descriptor, str(os.getpid()).encode(), 0)
            if self.broken_since is not None:
                # Killed before it has cleared what the last one left, this one leaves that to the next.
                os.utime(self.descriptor, ns=(found.st_mtime_ns, found.st_mtime_ns))
        except OSError as error:
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)
            raise disk_error(error, str(self._path.name)) from error

    def release(self, *, in_order: bool = True) -> None:
        """Release the lock; without `in_order` the next holder finds it broken."""
        with suppress(OSError):
            if in_order:
                os.ftruncate(self.descriptor, 0)
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file; a lock still held is released without that mark."""
        with suppress(OSError):
            os.close(self.descriptor)


class Marks:
    """The marks of one repository; each is a file that holds a commit's id."""

    def __init__(self, state: Path, git: Git) -> None:
        self._state = state
        self._git = git

    def read(self, name: str) -> str | None:
        """Return the commit of the mark `name`; None where there is none, or none that the repository holds."""
        with suppress(FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
            text = (self._state / name).read_text().strip()
            if len(text) in (40, 64) and (text == EMPTY_TREE or self._git.resolve(text) is not None):
                return text
        return None

    def write(self, name: str, commit: str) -> None:
        """Set the mark `name` to `commit`.

        Raises:
            StoreError: the disk is full, or the repository cannot be written.
        """
        try:
            # The index may be updated without the writer's lock, by any process.
            temporary = self._state / f"{name}.{os.getpid()}.new"
            temporary.write_text(f"{commit}\n")
            temporary.replace(self._state / name)
        except OSError as error:
            raise disk_error(error, str(self._state / name)) from error


def clear_dead_locks(place: Place, *, since: float) -> tuple[str, ...]:
    """Remove the lock files that a killed writer's git left behind, and return their names.

    Only called by the holder of the writer's lock after it was found broken: our lock held proves that no
    child of the dead writer lives. A lock file older than `since` (seconds since 1970, when the dead writer
    took its lock), or one that a living process has open, is somebody else's and stays.
    """
    removed = []
    for path, found in _lock_files(place):
        if found.st_mtime >= since and not _is_held(path, place) and _is_still(path, found):
            path.unlink(missing_ok=True)
            removed.append(path.name)
    for keep in keeps_of_imports(place.common):
        with suppress(OSError):
            if keep.stat().st_mtime >= since:
                keep.unlink()
    # What fast-import writes when its input ends early: these files are never read.
    for report in place.engine_git.glob("fast_import_crash_*"):
        report.unlink(missing_ok=True)
    return tuple(removed)


_LEFT = 60.0
"""Seconds after which a lock file that no process has open is nobody's: git closes some before it moves them."""


def left_locks(place: Place) -> tuple[Path, ...]:
    """Return the lock files, in the way of the engine, that a killed git has left behind, whoever started that."""
    return tuple(
        path for path, found in _lock_files(place) if time.time() - found.st_mtime > _LEFT and not _is_held(path, place)
    )


def is_broken(place: Place, git: Git, reference: str) -> bool:
    """Tell whether the file of a reference names nothing that is here, as where the power went: git cannot move it."""
    try:
        named = (place.common / reference).read_bytes()
    except OSError:
        return False
    return not named.startswith(b"ref: ") and git.resolve(reference) is None


def check_truth(place: Place, git: Git) -> None:
    """Accept a truth whose reference is there, or is not.

    Raises:
        StoreError: `records_gone`; its file names nothing. `repository_moved`; git's own directory is not there.
    """
    if not place.common.is_dir():
        hint = "start the watcher anew where git init --separate-git-dir has moved it, or move it back"
        raise StoreError("repository_moved", "git's directory has gone", path=str(place.common), hint=hint)
    if is_broken(place, git, place.truth):
        said = "its file names no commit that is here"
        raise StoreError("records_gone", said, path=place.truth, hint="prismfs recover")


def lock_left(lock: Path) -> Problem:
    """Return what such a file means, and the command that takes it away."""
    return Problem("lock_left", "a git that was killed has left it", path=lock.name, hint="prismfs recover")


def _lock_files(place: Place) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield each lock file that is in the engine's way, and what it was when it was found."""
    for path in (
        place.git_dir / "index.lock",
        place.git_dir / "prismfs-index.lock",
        place.common / "packed-refs.lock",
        place.common / f"{place.window}.lock",
        *(place.common / place.own).rglob("*.lock"),
        *(place.common / "objects" / "info").rglob("commit-graph*.lock"),
    ):
        with suppress(FileNotFoundError):
            yield path, path.stat()


def _is_held(path: Path, place: Place) -> bool:
    """Tell whether a living process holds the lock: it may have closed the file, as git does before it renames it."""
    persons = (place.git_dir / "index.lock", place.common / f"{place.window}.lock")
    return _is_open_somewhere(path) or (path in persons and git_runs(place.root))


def _is_still(path: Path, found: os.stat_result) -> bool:
    """Tell whether the file is the one that was `found`: a person's next command may have locked anew meanwhile."""
    try:
        now = path.stat()
    except FileNotFoundError:
        return False
    return (now.st_ino, now.st_ctime_ns) == (found.st_ino, found.st_ctime_ns)


def _is_open_somewhere(path: Path) -> bool:
    """Tell whether a process has the file open. Where /proc does not say, a young file counts as open."""
    processes = Path("/proc")
    if not (processes / "self/fd").exists():
        return time.time() - path.stat().st_mtime < 60
    wanted = str(path.resolve())
    for folder in processes.glob("[0-9]*/fd"):
        with suppress(OSError):
            for entry in folder.iterdir():
                if os.readlink(entry) == wanted:
                    return True
    return False


_TAKE_THE_INDEX = frozenset(
    b"add am apply branch cherry-pick checkout commit merge mv pull read-tree rebase reset restore revert rm stash"
    b" switch update-index".split()
)
"""The commands of git that lock the index, some for as long as a person writes, or rename the branch (git 2.39)."""


def git_runs(root: Path) -> bool:
    """Tell whether a git command that locks the index runs in the work tree at `root`, to which git goes by itself.

    The lock file does not say it: `git commit` takes the lock, lets go of it, and moves the branch later.
    """
    wanted = str(root.resolve())
    seen: set[str] = set()
    with suppress(FileNotFoundError):  # a system without /proc
        # Whoever began during the look is looked at, too: one that is overlooked fails when the branch moves under it.
        while begun := [name for name in os.listdir("/proc") if name.isdecimal() and name not in seen]:
            seen.update(begun)
            if any(_locks_the_index(name, wanted) for name in begun):
                return True
    return False


def wait_for_git(root: Path, seconds: float) -> None:
    """Wait until no such command runs there, at most `seconds`."""
    end = time.monotonic() + seconds
    while git_runs(root) and time.monotonic() < end:
        time.sleep(0.002)


def _locks_the_index(process: str, wanted: str) -> bool:
    with suppress(OSError):
        with open(f"/proc/{process}/cmdline", "rb", buffering=0) as file:
            command, *arguments = file.read().split(b"\0")
        takes_it = command.rpartition(b"/")[2] == b"git" and not _TAKE_THE_INDEX.isdisjoint(arguments)
        return takes_it and os.readlink(f"/proc/{process}/cwd") == wanted
    return False
