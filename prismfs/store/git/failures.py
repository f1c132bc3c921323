"""What is wrong where a git command failed: told by the operating system's own words, which git passes on."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from prismfs.errors import ConflictError, PrismfsError, StoreError

_WRITES = frozenset({"fast-import", "index-pack", "update-ref"})
_LITTLE = 1 << 15
"""Bytes of room below which a git that failed has met a full disk: less than the smallest group takes."""

_READS = frozenset({"diff-tree", "log", "merge-base", "rev-list"})


def failure(
    verb: str, code: int | None, errors: bytes, git_dir: Path | None = None, index: Path | None = None
) -> PrismfsError:
    """Return the error for a git command `verb` in `git_dir` on `index` that ended with `code` and said `errors`.

    It is a ConflictError where another git command was in the way of one that writes: a lock file is there
    (`reference_locked`), or `git gc --prune=now` has taken away what was being written (`objects_pruned`). It is
    `history_shallow` where one that reads the history failed in a shallow or partial clone. An index that git cannot
    read, as a machine that lost its power leaves it, is a person's to make again (`window_busy`): the desk goes on.
    """
    text = errors.decode(errors="replace").strip().splitlines()
    detail = text[-1] if text else f"exit code {code}"
    if says(errors, errno.ENOSPC, errno.EDQUOT) or (git_dir is not None and _is_full(git_dir)):
        return StoreError("disk_full", "the disk is full", hint="make room; nothing was changed")
    if says(errors, errno.EACCES, errno.EROFS):
        return StoreError("read_only", f"git {verb}: {detail}", hint="make the repository writable")
    if verb in _WRITES and says(errors, errno.EEXIST):
        hint = "try again; prismfs recover takes away the lock of a git that was killed"
        return ConflictError("reference_locked", "another git command holds the reference", hint=hint)
    if verb in _WRITES and says(errors, errno.ENOENT):
        said = "another git command took away what was being written"
        return ConflictError("objects_pruned", said, hint="try again; leave out --prune=now while prismfs writes")
    if verb in _READS and git_dir is not None and _leaves_out(git_dir):
        return missing(git_dir, "a part of the history is not here")
    if index is not None:
        said = f"git cannot read the index: {detail}"
        return ConflictError("window_busy", said, hint='rm "$(git rev-parse --git-path index)" && git reset')
    return StoreError("git_failed", f"git {verb}: {detail}", hint="run prismfs doctor")


def not_started(error: OSError) -> StoreError:
    """Return the error for a git that could not be started at all."""
    if isinstance(error, FileNotFoundError):
        return StoreError("git_missing", "git was not found", hint="install git 2.39 or newer")
    return StoreError("disk_failed", f"git cannot be started: {error.strerror}", hint="try again")


_UNSHALLOW = "git prune --expire=never && git fetch --unshallow, then again"
"""Nothing is pruned but edges of commits that are not here: after a clone --shallow-since they stop git fetch."""


def missing(git_dir: Path, what: str, path: str | None = None) -> StoreError:
    """Return the error for objects of the history that a shallow or partial clone has not, with what brings them.

    In any other repository they are lost (`objects_lost`). Source: git-fetch(1) of git 2.39.
    """
    if not _leaves_out(git_dir):
        return StoreError("objects_lost", what, path=path, hint="prismfs recover --dry-run says what is left")
    cut = (_common(git_dir) / "shallow").exists()
    hint = _UNSHALLOW if cut else "git fetch --no-filter --refetch, then again"
    return StoreError("history_shallow", what, path=path, hint=hint)


def _common(git_dir: Path) -> Path:
    return (git_dir / "objects").resolve().parent


def _is_full(folder: Path) -> bool:
    """Tell whether there is no room: where a write was cut short, git has words of its own for that."""
    with suppress(OSError):
        room = os.statvfs(folder)
        return room.f_bavail * room.f_frsize < _LITTLE or (room.f_files > 0 and room.f_favail == 0)
    return False


def _leaves_out(git_dir: Path) -> bool:
    """Tell whether the repository is a shallow or a partial clone, by what git itself writes into it."""
    common = _common(git_dir)
    with suppress(OSError):
        return (common / "shallow").exists() or "partialclonefilter" in (common / "config").read_text().casefold()
    return False


def says(errors: bytes, *numbers: int) -> bool:
    """Tell whether git passes on one of these errors of the operating system, by `errno`.

    git ends with 128 whatever was wrong. Both take the words from the C library, and git has the C locale
    (`git_env`), so that none of git's own words is looked for.
    """
    return any(os.strerror(number).encode() in errors for number in numbers)
