"""Opening a folder that may be a trap, and one entry of it: a drop, the bytes of one file of an agent, or a refusal."""

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prismfs.errors import Problem, StoreError
from prismfs.intake.scan import redact_text

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
            said, hint = "this must be a folder, not a link or a file", f"move it away, then mkdir {what}"
            raise StoreError(f"{what}_not_a_folder", said, path=f"{what}/", hint=hint) from error
        said = f"the folder cannot be opened: {error.strerror}"
        hint = f"give the watcher's user read permission on {what}/"
        raise StoreError(f"{what}_unreadable", said, path=f"{what}/", hint=hint) from error
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


NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\.(ya?ml|json)")
"""The name of a drop (matched as a whole). Names that begin with a dot are a writer's, not yet dropped."""

SIGNATURE = ".sig"
"""What the name of a drop's signature has behind the drop's own; it is there before the drop is."""

_MAX_SIGNATURE = 16 * 1024  # bytes; one by an RSA key of 16,384 bits has 6,000

MAX_BYTES = 1 << 20
"""The largest drop, in bytes."""

Identity = tuple[int, int, int, int]
"""What tells one file from the next under the same name: device, inode, modified (ns), size (bytes)."""

_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NOT_FILES = (
    (stat.S_ISDIR, "directory"),
    (stat.S_ISLNK, "symbolic link"),
    (stat.S_ISFIFO, "FIFO"),
    (stat.S_ISSOCK, "socket"),
)


@dataclass(frozen=True, slots=True)
class Drop:
    """The bytes of one drop. `cause` names this very file: reading it again gives it again.

    `owner` is the operating-system user (number) that the file belongs to; `signature` what lies beside it under its
    name with `.sig`, unchecked, empty where that is no file of a signature's size; None without one.
    """

    name: str
    data: bytes
    sha256: str
    cause: str
    owner: int
    signature: bytes | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that is refused, and why.

    `size` (bytes) is known of regular files, `sha256` of those that were read.
    """

    name: str
    cause: str
    problem: Problem
    sha256: str | None = None
    size: int | None = None


def identity_of(info: os.stat_result) -> Identity:
    """Return what tells the file of `info` from another under its name."""
    return info.st_dev, info.st_ino, info.st_mtime_ns, info.st_size


def read_entry(folder: int, name: str) -> tuple[Drop | Refusal, Identity] | None:
    """Return the entry `name` of the open `folder`, or None where it was removed or changed while it was read.

    Only a regular file with one name and at most MAX_BYTES is ever opened.
    """
    data = None
    try:
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        problem = _unopened(info)
        if problem is None:
            data = _bytes(folder, name, info)
            if data is None:
                return None
            problem = _unfit(name, data)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            # It became a link or a socket after the first look at it; the next look sees which.
            return None
        problem = Problem(
            "unreadable",
            f"the file cannot be read: {error.strerror}",
            hint="drop it again, readable for the watcher's user (chmod 644)",
        )
    sha256 = hashlib.sha256(data).hexdigest() if data is not None else None
    cause = _cause(name, info, sha256)
    if problem is None and data is not None and sha256 is not None:
        return Drop(name, data, sha256, cause, info.st_uid, _signature(folder, name)), identity_of(info)
    assert problem is not None
    size = info.st_size if stat.S_ISREG(info.st_mode) else None
    where = f"inbox/{redact_text(printable(name))}"
    return Refusal(name, cause, problem.at(where), sha256, size), identity_of(info)


def drop_of(name: str) -> str | None:
    """Return the name of the drop whose signature an entry of this name is; None where it is none."""
    signed = name.removesuffix(SIGNATURE)
    return signed if signed != name and NAME.fullmatch(signed) else None


def _signature(folder: int, name: str) -> bytes | None:
    try:
        info = os.stat(name + SIGNATURE, dir_fd=folder, follow_symlinks=False)
        if _unopened(info) is not None or info.st_size > _MAX_SIGNATURE:
            return b""
        return _bytes(folder, name + SIGNATURE, info) or b""
    except FileNotFoundError:
        return None
    except OSError:
        return b""


def _cause(name: str, info: os.stat_result, sha256: str | None) -> str:
    parts = (os.fsencode(name).hex(), info.st_dev, info.st_ino, info.st_mtime_ns, sha256)
    return "drop:" + hashlib.sha256(repr(parts).encode()).hexdigest()


def _bytes(folder: int, name: str, seen: os.stat_result) -> bytes | None:
    """Return the content of the file `seen`; None when `name` is another one by now or was being written."""
    fd = os.open(name, _OPEN_FILE, dir_fd=folder)
    try:
        if _state(os.fstat(fd)) != _state(seen):
            return None
        pieces, wanted = [], seen.st_size + 1  # with one byte more it is another file
        while wanted > 0 and (piece := os.read(fd, wanted)):
            pieces.append(piece)
            wanted -= len(piece)
        data = b"".join(pieces)
        return data if _state(os.fstat(fd)) == _state(seen) and len(data) == seen.st_size else None
    finally:
        os.close(fd)


def _state(info: os.stat_result) -> tuple[int, ...]:
    return (*identity_of(info), info.st_ctime_ns, info.st_mode, info.st_nlink)


def _unopened(info: os.stat_result) -> Problem | None:
    """Return what is wrong with an entry that must not even be opened."""
    if not stat.S_ISREG(info.st_mode):
        what = next((word for is_it, word in _NOT_FILES if is_it(info.st_mode)), "device")
        return Problem(
            "not_a_regular_file",
            f"this is a {what}, and only regular files are taken in",
            hint="write the record itself into a file of the inbox",
        )
    if info.st_nlink > 1:
        return Problem(
            "hard_linked",
            "the file has another name elsewhere, so its content could change after it was checked",
            hint="copy the file into the inbox instead of linking it",
        )
    if info.st_size > MAX_BYTES:
        return Problem(
            "too_large",
            f"the file has {info.st_size} bytes; at most {MAX_BYTES} are taken in",
            hint="put the large part elsewhere and drop a record that names it",
        )
    return None


def _unfit(name: str, data: bytes) -> Problem | None:
    """Return what is wrong with the file `name` of which `data` is the content."""
    if drop_of(name) is not None:
        return Problem(
            "signature_alone",
            "a signature lies here without the file that it is of",
            hint="put the signature first and the file right after it; prismfs emit --sign KEY does",
        )
    if not NAME.fullmatch(name):
        return Problem(
            "bad_name",
            "the name does not follow the rule for drops",
            hint="name it with a-z, 0-9, dot, dash and underscore, at most 100, ending .yaml, .yml or .json",
        )
    if not data:
        return Problem(
            "empty_file",
            "the file is empty",
            hint="write it under a name that begins with a dot, then rename it into place",
        )
    if b"\0" in data:
        return Problem("binary", "the file holds a NUL byte, so it is no text", hint="write YAML or JSON in UTF-8")
    return None
