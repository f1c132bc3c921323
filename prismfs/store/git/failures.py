"""What is wrong where a git command failed: told by the operating system's own words, which git passes on."""

import errno
import os

from prismfs.errors import StoreError


def failure(verb: str, code: int | None, errors: bytes) -> StoreError:
    """Return the error for a git command `verb` that ended with `code` and said `errors`."""
    text = errors.decode(errors="replace").strip().splitlines()
    detail = text[-1] if text else f"exit code {code}"
    if says(errors, errno.ENOSPC, errno.EDQUOT):
        return StoreError("disk_full", "the disk is full", hint="make room; nothing was changed")
    if says(errors, errno.EACCES, errno.EROFS):
        return StoreError("read_only", f"git {verb}: {detail}", hint="make the repository writable")
    return StoreError("git_failed", f"git {verb}: {detail}", hint="run prismfs doctor")


def says(errors: bytes, *numbers: int) -> bool:
    """Tell whether git passes on one of these errors of the operating system, by `errno`.

    git ends with 128 whatever was wrong. Both take the words from the C library, and git has the C locale
    (`git_env`), so that none of git's own words is looked for.
    """
    return any(os.strerror(number).encode() in errors for number in numbers)
