"""Files on disk and the index, brought along after the commit; never the truth.

The folders may be written by agents, so every directory on the way to a record is opened without following
links, and a file is put in place by a rename from a directory that only the engine writes.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path, PurePosixPath

from prismfs.errors import StoreError
from prismfs.store.git.plumbing import LINK, NO_OBJECT, PLAIN, PROGRAM, SUBMODULE, Change, parse_raw
from prismfs.store.git.repository import Git

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


_MOST_OPEN = 64
"""Folders that are open at a time: a storm has hundreds, and a process may have 1,024 files open on most systems."""


class Folders:
    """Directories below `root`, kept open while files in them follow one another, and closed at the end.

    A descriptor that `open` has returned holds until the next call.
    """

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self._open = {"": os.open(root, _FOLDER)}
        stack.callback(self._close_but, ())

    def open(self, folder: str, *, create: bool) -> int | None:
        """Return a descriptor of `folder`, made if `create`; None where it is missing.

        Raises:
            StoreError: a part of the path is a link or a file.
        """
        if folder in self._open:
            return self._open[folder]
        above, _, name = folder.rpartition("/")
        parent = self.open(above, create=create)
        if parent is None:
            return None
        try:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=parent)
            descriptor = os.open(name, _FOLDER, dir_fd=parent)
        except FileNotFoundError:
            return None
        except NotADirectoryError:
            raise _not_a_folder(folder) from None
        except OSError as error:
            raise disk_error(error, folder) from error
        if len(self._open) >= _MOST_OPEN:
            self._close_but(("", folder, *map(str, PurePosixPath(folder).parents)))
        self._open[folder] = descriptor
        return descriptor

    def leave(self, folder: str) -> None:
        """Remove `folder` and those above it as far as they are empty, as git does when their last file goes."""
        while folder and folder in self._open:
            above, _, name = folder.rpartition("/")
            try:
                os.rmdir(name, dir_fd=self._open[above])
            except OSError:
                return
            os.close(self._open.pop(folder))
            folder = above

    def _close_but(self, kept: Container[str]) -> None:
        for folder in [folder for folder in self._open if folder not in kept]:
            os.close(self._open.pop(folder))


def write_files(
    root: Path,
    scratch: Path,
    files: Iterable[tuple[str, bytes]],
    each: Callable[[], None],
    modes: Mapping[str, str] | None = None,
) -> None:
    """Put each file (path, bytes) in place by a rename; `each` is called after every one.

    `modes` names those that are programs or links; the bytes of a link are where it points.

    Raises:
        StoreError: the disk is full, read-only, or a path leads through a link. What was written stays.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    temporary = scratch / "file"
    temporary.unlink(missing_ok=True)  # what a crash left there may have another mode
    with ExitStack() as stack:
        folders = Folders(root, stack)
        for path, data in files:
            folder, _, name = path.rpartition("/")
            target = folders.open(folder, create=True)
            try:
                _make_aside(temporary, data, (modes or {}).get(path, PLAIN))
                os.rename(temporary, name, dst_dir_fd=target)
            except OSError as error:
                raise disk_error(error, path) from error
            each()


def restore(
    git: Git, scratch: Path, changes: Sequence[Change], each: Callable[[], None], also: Iterable[Change],
    held: Mapping[str, bytes],
) -> tuple[str, ...]:  # fmt: skip
    """Bring the files of `changes` on disk from their old content to the new one.

    The old contents of `also` may stand there besides: what a carry that was cut off has put there. A file whose
    content is none of these, such as one that a person is editing, is left alone. Returns their paths. git is not asked
    for what is `held`, by path.
    """
    edited = []
    known = {(change.path, change.old) for change in also}
    missing: dict[str, str] = {}
    with ExitStack() as stack:
        folders = Folders(git.root, stack)
        # What goes makes room first: a file may come where a folder was.
        for change in sorted(changes, key=lambda change: change.new != NO_OBJECT):
            if change.mode == SUBMODULE:
                folders.open(change.path, create=True)
                continue
            found = _blob_on_disk(folders, change.path)
            known_by_content = change.mode not in (PROGRAM, LINK) and change.old != change.new
            if found == change.new and known_by_content:
                continue
            if found not in (change.old, change.new, NO_OBJECT) and (change.path, found) not in known:
                edited.append(change.path)
            elif change.new == NO_OBJECT:
                folder, _, name = change.path.rpartition("/")
                if found != NO_OBJECT:
                    os.unlink(name, dir_fd=folders.open(folder, create=False))
                folders.leave(folder)
            else:
                missing[change.path] = change.new
    here = {path for path, new in missing.items() if path in held and _blob_of(held[path]) == new}
    asked = git.read_many(new for path, new in missing.items() if path not in here)
    contents = (held[path] if path in here else next(asked) for path in missing)
    files = zip(missing, (data for data in contents if data is not None), strict=True)
    write_files(git.root, scratch, files, each, {change.path: change.mode for change in changes})
    return tuple(edited)


def take_back(git: Git, scratch: Path, index: Path, changes: Iterable[Change]) -> None:
    """Bring the files that are as `changes` make them back to their old content, but for those that `index` has so.

    What a carry that was cut off has put beside the files of another branch is nobody's, and in git's way.
    """
    listed = git.run("ls-files", "-s", "-z", index=index).split(b"\0")[:-1]
    has = {
        (os.fsdecode(path), entry.split()[1].decode()) for entry, _, path in (one.partition(b"\t") for one in listed)
    }
    with ExitStack() as stack:
        folders = Folders(git.root, stack)
        put = [
            Change(change.path, change.new, change.old)
            for change in changes
            if change.new != NO_OBJECT and (change.path, change.new) not in has
            and _blob_on_disk(folders, change.path) == change.new
        ]  # fmt: skip
    restore(git, scratch, put, lambda: None, (), {})


def edited(git: Git, commit: str, paths: Sequence[str]) -> tuple[str, ...]:
    """Return those of `paths` that `commit` holds and that are missing on disk, or other bytes there."""
    with ExitStack() as stack:
        folders = Folders(git.root, stack)
        held = zip(paths, git.read_many(f"{commit}:{path}" for path in paths), strict=True)
        return tuple(path for path, data in held if data is not None and _blob_on_disk(folders, path) != _blob_of(data))


def bring_index(git: Git, index: Path, head: str, changes: Iterable[Change]) -> None:
    """Point `index`, a copy of a person's, at the files of `head` wherever it still names an old one of `changes`.

    `changes` lead to `head`, from where the branch stood and from where the index was brought last. What a person has
    staged is left alone.
    """
    olds: dict[str, dict[str, Change]] = {}
    for change in changes:
        olds.setdefault(change.path, {})[change.old] = change
    from prismfs.store.git.formats.index_file import amend  # by whoever only reads it is not met

    if not olds or amend(index, olds):
        return
    raw = git.run("diff-index", "--cached", "-z", "--raw", "--no-renames", head, index=index)
    lines = []
    for staged in parse_raw(raw.split(b"\0")):
        known = olds.get(staged.path, {}).get(staged.new)
        if known is not None:
            mode = "0" if known.new == NO_OBJECT else known.mode
            lines.append(f"{mode} {known.new}\t".encode() + os.fsencode(staged.path))
    if lines:
        tree = f"--work-tree={git.root}"
        git.run(tree, "update-index", "-z", "--index-info", input=b"\0".join(lines) + b"\0", index=index)


def _blob_on_disk(folders: Folders, path: str) -> str:
    folder, _, name = path.rpartition("/")
    try:
        parent = folders.open(folder, create=False)
    except StoreError as error:
        if error.code != "link_in_path":
            raise
        return NO_OBJECT
    if parent is None:
        return NO_OBJECT
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
    except FileNotFoundError:
        return NO_OBJECT
    except OSError:
        try:
            return _blob_of(os.fsencode(os.readlink(name, dir_fd=parent)))
        except OSError:
            return ""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return ""
    with os.fdopen(descriptor, "rb") as file:
        return _blob_of(file.read())


def _blob_of(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0%s" % (len(data), data), usedforsecurity=False).hexdigest()


def _make_aside(temporary: Path, data: bytes, mode: str) -> None:
    if mode == LINK:
        os.symlink(data, temporary)
        return
    descriptor = os.open(temporary, _FILE, 0o755 if mode == PROGRAM else 0o644)
    try:
        while data:  # a disk that fills up takes the first part of a file without an error
            data = data[os.write(descriptor, data) :]
    finally:
        os.close(descriptor)


def _not_a_folder(path: str) -> StoreError:
    return StoreError(
        "link_in_path", "is a link or a file where a folder of records belongs", path=path, hint="remove it"
    )


def disk_error(error: OSError, path: str) -> StoreError:
    """Return what an operating-system error on `path` means to the caller."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return StoreError("disk_full", "the disk is full", path=path, hint="make room; recovery completes the rest")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return StoreError(
                "read_only", "the repository cannot be written", path=path, hint="check its owner and mode"
            )
        case errno.ELOOP | errno.ENOTDIR:
            return _not_a_folder(path)
        case _:
            return StoreError("disk_failed", str(error.strerror or error), path=path)
