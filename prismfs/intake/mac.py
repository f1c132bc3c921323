"""A keyed hash of each value found: it shows equal values, and cannot be used to guess one without the key.

The key is a file outside of every repository, made when it is first needed and readable for its owner alone. Where
there can be none, reports carry no code; nothing else depends on it.
"""

import hashlib
import hmac
import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

KEY_FILE = "PRISMFS_SCAN_KEY_FILE"
"""The environment variable that names another file than `$XDG_STATE_HOME/prismfs/scan.key`."""

_KEY_BYTES = 32
_MAC_DIGITS = 32  # of 64: 128 bits


def mac_of(value: bytes, key: bytes | None) -> str | None:
    """Return the first 32 hexadecimal digits of the HMAC-SHA256 of `value`; None without a key."""
    return None if key is None else hmac.new(key, value, hashlib.sha256).hexdigest()[:_MAC_DIGITS]


def scan_key(environ: Mapping[str, str] = os.environ) -> bytes | None:
    """Return this machine's key, made now if there was none; None where it can be neither read nor made.

    A key that others may read is no key.
    """
    named = environ.get(KEY_FILE)
    if named:
        return _key_in(Path(named))
    state, home = environ.get("XDG_STATE_HOME"), environ.get("HOME")
    if not state and not home:
        return None
    return _key_in((Path(state) if state else Path(str(home), ".local", "state")) / "prismfs" / "scan.key")


@cache
def _key_in(path: Path) -> bytes | None:
    try:
        if not path.exists():
            _make(path)
        mode = path.stat().st_mode
        key = path.read_bytes() if stat.S_ISREG(mode) and not mode & 0o077 else b""
    except OSError:
        return None
    return key if len(key) >= _KEY_BYTES else None


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Linked when it is whole: of two processes that make one, both go on with the same.
    handle, made = tempfile.mkstemp(dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
        with suppress(FileExistsError):
            os.link(made, path)
    finally:
        os.unlink(made)
