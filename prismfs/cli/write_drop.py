"""Putting a file into an inbox the safe way: written aside, then renamed. Imports nothing heavy."""

import os
import time
from pathlib import Path

from prismfs.errors import StoreError


def drop_bytes(root: Path, data: bytes, *, suffix: str, stem: str = "drop") -> str:
    """Write `data` into the project's inbox under a new name and return the name.

    Raises:
        StoreError: the inbox cannot be written.
    """
    name = f"{stem}-{time.time_ns():x}-{os.urandom(4).hex()}.{suffix}"
    inbox = root / "inbox"
    aside = inbox / f".{name}"
    try:
        inbox.mkdir(exist_ok=True)
        with aside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(inbox / name)
    except OSError as error:
        raise StoreError(
            "inbox_not_writable", str(error.strerror), path="inbox", hint="check its owner and mode"
        ) from error
    return name
