"""Marks in `.git/prismfs`: up to which commit the files on disk, and the index, were brought along."""

import os
from contextlib import suppress
from pathlib import Path

from prismfs.store.git.plumbing import EMPTY_TREE
from prismfs.store.git.repository import Git
from prismfs.store.git.worktree import disk_error


class Marks:
    """The marks of one repository; each is a file that holds a commit's id."""

    def __init__(self, state: Path, git: Git) -> None:
        self._state = state
        self._git = git

    def read(self, name: str) -> str | None:
        """Return the commit of the mark `name`; None where there is none, or none that the repository holds."""
        with suppress(FileNotFoundError):
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
            raise disk_error(error, f".git/prismfs/{name}") from error
