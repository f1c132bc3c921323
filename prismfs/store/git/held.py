"""git's own lock on a file of the repository, taken by this process.

What a person's command has read must not change under it. To start a git, or to wake one, takes long enough for such a
command to begin.

Source: lockfile.h of git 2.39: `NAME.lock`, which one process alone can make, holds NAME and is renamed to it.
"""

import os
from pathlib import Path
from typing import Self


class Held:
    """A lock on the file at `path`, whose place `data` may take; let go of at the end.

    Raises:
        FileExistsError: another process holds it.
        OSError: it cannot be written.
    """

    def __init__(self, path: Path, data: bytes = b"") -> None:
        self._path = path
        self._lock = path.with_name(f"{path.name}.lock")
        self._lock.parent.mkdir(parents=True, exist_ok=True)  # git removes the folder of a branch that it packs
        descriptor = os.open(self._lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self._ours = True
        try:
            os.write(descriptor, data)
            os.fsync(descriptor)
        except OSError:
            self.__exit__()
            raise
        finally:
            os.close(descriptor)

    def replace(self) -> None:
        """Put the data in the file's place; the lock is gone with that."""
        self._lock.replace(self._path)
        self._ours = False  # from now on the lock's name is anybody's

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._ours:
            self._lock.unlink(missing_ok=True)
