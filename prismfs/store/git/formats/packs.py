"""A pack of a few objects, written without a program: to start git costs more than all else in a small group.

Source: gitformat-pack(5) of git 2.39, pack version 2 and index version 2.
"""

import hashlib
import os
import zlib
from itertools import accumulate
from pathlib import Path

_TYPES = {"commit": 1, "tree": 2, "blob": 3}
_HEAD = b"PACK" + (2).to_bytes(4)


class Pack:
    """Objects that are written together, each of them once and whole."""

    def __init__(self) -> None:
        self._body = bytearray()
        self._places: dict[bytes, tuple[int, int]] = {}

    def add(self, type: str, data: bytes) -> bytes:
        """Add the object of that type (`commit`, `tree`, `blob`) with these bytes; return its id, 20 bytes."""
        name = hashlib.sha1(b"%s %d\0" % (type.encode(), len(data)) + data, usedforsecurity=False).digest()
        if name not in self._places:
            size, rest = len(data) & 0x0F | _TYPES[type] << 4, len(data) >> 4
            entry = bytearray()
            while rest:
                entry.append(size | 0x80)
                size, rest = rest & 0x7F, rest >> 7
            entry.append(size)
            entry += zlib.compress(data, 1)  # they are packed again soon
            self._places[name] = (len(_HEAD) + 4 + len(self._body), zlib.crc32(entry))
            self._body += entry
        return name

    def pack(self) -> bytes:
        """Return the bytes of the pack."""
        body = _HEAD + len(self._places).to_bytes(4) + self._body
        return body + _checksum(body)

    def index(self) -> bytes:
        """Return the bytes of its index."""
        names = sorted(self._places)
        firsts = bytes(name[0] for name in names)
        counts = accumulate(map(firsts.count, range(256)))
        body = b"\xfftOc" + (2).to_bytes(4) + b"".join(count.to_bytes(4) for count in counts) + b"".join(names)
        for part in (1, 0):  # all checksums, then all offsets
            body += b"".join(self._places[name][part].to_bytes(4) for name in names)
        body += _checksum(_HEAD + len(names).to_bytes(4) + self._body)
        return body + _checksum(body)

    def write(self, git_dir: Path) -> Path:
        """Put the pack where git finds it, flushed to the disk; return its `.keep`, made first.

        Raises:
            OSError: the disk is full, or the repository cannot be written.
        """
        pack, folder = self.pack(), git_dir / "objects" / "pack"
        stem = f"pack-{pack[-20:].hex()}"
        # git finds a pack by its index: that comes last. Aside it is neither tmp_ nor .idx, which git gc removes.
        for suffix, data in ((".keep", b"prismfs\n"), (".pack", pack), (".idx", self.index())):
            aside = folder / f".prismfs-{os.getpid()}"
            aside.unlink(missing_ok=True)
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            aside.rename(folder / f"{stem}{suffix}")
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return folder / f"{stem}.keep"


def _checksum(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()
