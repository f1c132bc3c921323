"""Writing a file that others read while it is written: they see the old one or the new one, never a part."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from prismfs.errors import StoreError

_READABLE = 0o644
"""A collector that runs as somebody else reads it, too."""


def write_whole(path: Path, text: str) -> None:
    """Write `text` beside `path` and rename it there; the name until then begins with a dot and ends in `.part`.

    Raises:
        StoreError: `not_written`; `path` is as it was.
    """
    name = None
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            os.fchmod(number, _READABLE)
        os.replace(name, path)
    except OSError as error:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        raise StoreError(
            "not_written", f"cannot be written: {error.strerror}", path=str(path),
            hint="check that its folder is there, and its mode",
        ) from error  # fmt: skip
