"""Putting a file into an inbox the safe way: written aside, then renamed. Imports nothing heavy."""

import os
import stat
import time
from pathlib import Path

from prismfs.errors import StoreError


def drop_bytes(root: Path, data: bytes, *, suffix: str, stem: str = "drop", signature: bytes | None = None) -> str:
    """Write `data` into the project's inbox under a new name, its `signature` before it, and return the name.

    Raises:
        StoreError: the inbox cannot be written.
    """
    name = f"{stem}-{time.time_ns():x}-{os.urandom(4).hex()}.{suffix}"
    inbox = root / "inbox"
    try:
        inbox.mkdir(exist_ok=True)
        if signature is not None:
            _write(inbox, f"{name}.sig", signature)
        _write(inbox, name, data)
    except OSError as error:
        raise StoreError(
            "inbox_not_writable", str(error.strerror), path="inbox", hint="check its owner and mode"
        ) from error
    return name


def _write(inbox: Path, name: str, data: bytes) -> None:
    aside = inbox / f".{name}"
    with aside.open("xb") as file:
        file.write(data)
        if inbox.stat().st_mode & stat.S_ISGID:  # of a desk whose engine is another user
            os.fchmod(file.fileno(), 0o640)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(inbox / name)
