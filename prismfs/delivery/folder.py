"""A folder below a project's root that agents may write to, opened part by part without following links."""

import errno
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from prismfs.errors import RecordError, StoreError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


class Folder:
    """One open folder; `path` is its place below the root, for messages. Made by `opened`.

    Every method raises StoreError for what the disk refuses.
    """

    def __init__(self, path: str, descriptor: int, stack: ExitStack) -> None:
        self.path = path
        self._descriptor = descriptor
        self._stack = stack

    def names(self) -> list[str]:
        """Return the names in the folder, sorted; those that begin with a dot are still being written."""
        return sorted(name for name in os.listdir(self._descriptor) if not name.startswith("."))

    def folder(self, name: str, *, create: bool) -> "Folder | None":
        """Return the folder `name` in this one, made if `create`; None where it is missing."""
        path = f"{self.path}/{name}" if self.path else name
        with _translated(path):
            if create:
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=self._descriptor)
            try:
                descriptor = os.open(name, _FOLDER, dir_fd=self._descriptor)
            except FileNotFoundError:
                return None
        self._stack.callback(os.close, descriptor)
        return Folder(path, descriptor, self._stack)

    def read(self, name: str, *, most: int) -> bytes | None:
        """Return the content of a file, None where it is missing.

        Raises:
            RecordError: `not_readable`, `not_a_file` (a link, a folder, a pipe) or `too_large` (over `most` bytes).
        """
        path = f"{self.path}/{name}"
        try:
            descriptor = os.open(name, _READ, dir_fd=self._descriptor)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RecordError("not_readable", f"cannot be read: {error.strerror}", path=path) from error
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise RecordError("not_a_file", "is no plain file", path=path)
            data = b""
            while len(data) <= most and (piece := os.read(descriptor, most + 1 - len(data))):
                data += piece
        except OSError as error:
            raise RecordError("not_readable", f"cannot be read: {error.strerror}", path=path) from error
        finally:
            os.close(descriptor)
        if len(data) > most:
            raise RecordError("too_large", f"is larger than {most} bytes", path=path)
        return data

    def write(self, name: str, data: bytes) -> None:
        """Put a file in place, flushed to the disk: written aside, then renamed."""
        aside = self._write_aside(name, data)
        with _translated(f"{self.path}/{name}"):
            os.rename(aside, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
            os.fsync(self._descriptor)

    def add(self, name: str, data: bytes) -> bool:
        """Put a new file in place as `write` does; false where there is one of that name, which stays as it is."""
        aside = self._write_aside(name, data)
        with _translated(f"{self.path}/{name}"):
            try:
                os.link(aside, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
            except FileExistsError:
                return False
            finally:
                os.unlink(aside, dir_fd=self._descriptor)
            os.fsync(self._descriptor)
        return True

    def move(self, name: str, to: "Folder", new: str) -> bool:
        """Rename a file into `to`; false where it has gone. Of several processes that try, one is told true."""
        with _translated(f"{self.path}/{name}"):
            try:
                os.rename(name, new, src_dir_fd=self._descriptor, dst_dir_fd=to._descriptor)
            except FileNotFoundError:
                return False
        return True

    def remove(self, name: str) -> None:
        """Remove a file that may have gone already."""
        with _translated(f"{self.path}/{name}"), suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._descriptor)

    def _write_aside(self, name: str, data: bytes) -> str:
        # Each writer has a name of its own.
        aside = f".{name}.{os.getpid()}.{threading.get_native_id()}.new"
        with _translated(f"{self.path}/{name}"):
            descriptor = os.open(aside, _WRITE, 0o644, dir_fd=self._descriptor)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(descriptor)
        return aside


@contextmanager
def opened(root: Path, *parts: str, create: bool) -> Iterator[Folder | None]:
    """Give the folder `parts` below `root`, made if `create`; None where it is missing.

    It and the folders that are opened in it are closed together at the end.

    Raises:
        StoreError: `link_in_path`, or `run_not_usable` for what else the disk refuses.
    """
    with ExitStack() as stack:
        with _translated(str(root)):
            descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        stack.callback(os.close, descriptor)
        found: Folder | None = Folder("", descriptor, stack)
        for part in parts:
            found = None if found is None else found.folder(part, create=create)
        yield found


@contextmanager
def _translated(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.EISDIR, errno.ELOOP):
            said = "is a link, or a file where a folder belongs, or the reverse"
            raise StoreError("link_in_path", said, path=path, hint="remove it") from error
        hint = "check its owner and mode, and the room on the disk"
        raise StoreError("run_not_usable", str(error.strerror), path=path, hint=hint) from error
