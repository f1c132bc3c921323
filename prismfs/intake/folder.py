"""Opening a folder that may be a trap, and printing the names found in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prismfs.errors import StoreError

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def opened_folder(folder: Path, what: str) -> Iterator[int]:
    """Give a descriptor of `folder`, which must be a folder itself and no link to one, closed afterwards.

    Raises:
        StoreError: `<what>_missing`, `<what>_not_a_folder`, `<what>_unreadable`.
    """
    try:
        fd = os.open(folder, _OPEN_FOLDER)
    except FileNotFoundError as error:
        raise StoreError(f"{what}_missing", "the folder is missing", path=f"{what}/", hint=f"mkdir {what}") from error
    except OSError as error:
        if folder.is_symlink() or not folder.is_dir():
            raise StoreError(
                f"{what}_not_a_folder",
                "this must be a folder, not a link or a file",
                path=f"{what}/",
                hint=f"move it away, then mkdir {what}",
            ) from error
        raise StoreError(
            f"{what}_unreadable",
            f"the folder cannot be opened: {error.strerror}",
            path=f"{what}/",
            hint=f"give the watcher's user read permission on {what}/",
        ) from error
    try:
        yield fd
    finally:
        os.close(fd)


def printable(name: str) -> str:
    r"""Return `name` safe to print: what is not printable, and the backslash, is escaped (`\n`, `\xff`)."""
    return "".join(_shown(letter) for letter in name)


def _shown(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":
        return f"\\x{ord(letter) - 0xDC00:02x}"
    if letter.isprintable() and letter != "\\":
        return letter
    return letter.encode("unicode_escape").decode("ascii")
