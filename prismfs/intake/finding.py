"""What a scan found: where, of what kind, how often; never the value, but a keyed hash of it.

The hash shows equal values, and cannot be used to guess one without the key. That is a file outside of every
repository, made when it is first needed and readable for its owner alone. Where there can be none, findings carry no
code; nothing else depends on it.
"""

import hashlib
import hmac
import os
import secrets
import stat
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from prismfs.intake.detector import Hit, Level

KEY_FILE = "PRISMFS_SCAN_KEY_FILE"
"""The environment variable that names another file than `$XDG_STATE_HOME/prismfs/scan.key`."""

_KEY_BYTES = 32
_MAC_DIGITS = 32  # of 64: 128 bits
_MOST_CODES = 32
"""Different values of one kind at one place that are told apart; the others are counted in one row."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`count` secrets of `kind` are in the string at `pointer` (RFC 6901; "" is the document).

    At level `redact` they were taken out, at `suspect` they were left. `mac` tells equal values, where there is a key.
    """

    pointer: str
    kind: str
    count: int
    level: Level = "redact"
    mac: str | None = None


@dataclass(frozen=True, slots=True)
class Scanned:
    """The scrubbed document, and what was found in it, in the document's order and then by kind.

    `rules` names the rule sets that looked.
    """

    document: dict[str, Any]
    findings: tuple[Finding, ...]
    rules: str

    @property
    def taken_out(self) -> tuple[Finding, ...]:
        """The findings without those that are only suspected."""
        return tuple(finding for finding in self.findings if finding.level == "redact")

    @property
    def redactions(self) -> list[Any]:
        """The findings as JSON objects, as an event carries them."""
        return [as_document(finding, self.rules) for finding in self.findings]


def as_document(finding: Finding, rules: str) -> dict[str, Any]:
    """Return `finding` as a JSON object; members that are as usual are left out."""
    said: dict[str, Any] = {"pointer": finding.pointer, "kind": finding.kind, "count": finding.count}
    if finding.level != "redact":
        said["level"] = finding.level
    said["rules"] = rules
    return said if finding.mac is None else said | {"mac": finding.mac}


@dataclass
class Tally:
    """Counts hits by place, kind, level and value. `key` makes the codes of the values."""

    rules: str
    key: bytes | None = None
    _counts: dict[str, dict[tuple[str, Level, str | None], int]] = field(default_factory=dict)

    def note(self, pointer: str, hits: Iterable[Hit]) -> None:
        """Count what was found at `pointer`."""
        for hit in hits:
            counts = self._counts.setdefault(pointer, {})
            row = (hit.kind, hit.level, mac_of(hit.value, self.key))
            if row not in counts and sum(kind == hit.kind for kind, _, _ in counts) >= _MOST_CODES:
                row = (hit.kind, hit.level, None)
            counts[row] = counts.get(row, 0) + 1

    def findings(self) -> tuple[Finding, ...]:
        """Return what was counted."""
        return tuple(
            Finding(pointer, kind, count, level, mac)
            for pointer, counts in self._counts.items()
            for (kind, level, mac), count in sorted(counts.items(), key=lambda row: (row[0][0], row[0][2] or ""))
        )


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
    for missing in reversed([one for one in path.parents if not one.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
        missing.chmod(0o700)  # whatever the umask is
    # Linked when it is whole: of two processes that make one, both go on with the same.
    handle, made = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, 0o600)
            file.write(secrets.token_bytes(_KEY_BYTES))
        with suppress(FileExistsError):
            os.link(made, path)
    finally:
        os.unlink(made)
