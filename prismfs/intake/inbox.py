"""The inbox: the one folder that agents write into, read as if each entry were made to do harm.

An entry is a drop when its name follows the rule and it is a regular file; every other entry is
refused. Nothing is followed, nothing but a regular file is opened, and its bytes are read once.
"""

import errno
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from prismfs.errors import StoreError
from prismfs.intake import drop as drops
from prismfs.intake.drop import NAME, SIGNATURE, Drop, Refusal, printable

__all__ = ["NAME", "SETTLE", "Drop", "Inbox", "Refusal", "Scan", "printable"]

_ASIDE, _LONGEST_NAME = ".taken-", 255

ALONE = 60.0
"""Seconds that a signature waits for its drop."""

SETTLE = 0.3
"""Seconds that an entry stays unchanged before it is taken, unless its writer is seen to have closed it."""


@dataclass(frozen=True, slots=True)
class Scan:
    """The result of one scan of the inbox.

    `ready` names entries to read, the oldest first; `waiting` counts those not yet still, and `wait_until`
    is the monotonic time, in seconds, at which the first of them may be. `more` says that `ready` was cut
    to the limit. `aside` counts names that begin with a dot.
    """

    ready: tuple[str, ...]
    waiting: int
    wait_until: float | None
    more: bool
    aside: int


class Inbox:
    """The folder `inbox/` of the project at `root`.

    It remembers, in memory only, how long a changing entry has been still and which files it has read; names
    that vanish are forgotten at the next look. Every method raises StoreError where the folder is missing, is none
    (such as a symbolic link), or cannot be read or changed: `inbox_missing`, `inbox_not_a_folder`, `inbox_unreadable`,
    `inbox_unwritable`.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / "inbox"
        self._still: dict[str, tuple[tuple[int, ...], float]] = {}
        self._read: dict[str, tuple[str, drops.Identity]] = {}
        self._opened: int | None = None

    @contextmanager
    def opened(self) -> Iterator[int]:
        """Give a descriptor of the folder, closed afterwards; what is called meanwhile has the same one."""
        if self._opened is not None:
            yield self._opened
            return
        with drops.opened_folder(self.folder, "inbox") as self._opened:
            try:
                yield self._opened
            finally:
                self._opened = None

    def scan(self, monotonic: float, wall: float, *, complete: Collection[str] = (), limit: int = 1000) -> Scan:
        """List every entry once, and return which are ready to be read.

        `monotonic` and `wall` are now, in seconds, on the two clocks. An entry is ready when its name is in
        `complete` (its writer was seen to close or rename it), when the kernel last changed its inode at
        least SETTLE before `wall`, or when it looked the same SETTLE ago: modification times alone can be
        forged, and a wall clock can jump.
        """
        ready: list[tuple[int, str]] = []
        still: dict[str, tuple[tuple[int, ...], float]] = {}
        dues: list[float] = []
        aside = 0
        listed = dict(self._listed())
        for name, info in listed.items():
            if name.startswith("."):
                aside += 1
                continue
            signed = drops.drop_of(name)
            if signed in listed:
                continue  # it goes with its drop
            seen = (info.st_size, info.st_mtime_ns, info.st_ino)
            before, since = self._still.get(name, (None, monotonic))
            still[name] = (seen, since if before == seen else monotonic)
            settle = SETTLE if signed is None else ALONE
            due = min(still[name][1] + settle, monotonic + info.st_ctime + settle - wall)
            # What is going to be refused in any case need not be waited for; a signature comes before its drop.
            refused = not NAME.fullmatch(name) or not stat.S_ISREG(info.st_mode)
            if due <= monotonic or (signed is None and (name in complete or refused)):
                ready.append((info.st_mtime_ns, name))
            else:
                dues.append(due)
        self._still = still
        self._read = {name: entry for name, entry in self._read.items() if name in still}
        ready.sort()
        return Scan(
            ready=tuple(name for _, name in ready[:limit]),
            waiting=len(dues),
            wait_until=min(dues, default=None),
            more=len(ready) > limit,
            aside=aside,
        )

    def _listed(self) -> list[tuple[str, os.stat_result]]:
        """Return all entries, once those that a killed process held have their names again.

        What is in history by then is not taken twice. An entry that cannot be renamed, such as one that an agent named
        like this, stays aside.
        """
        entries = list(self._entries())
        held = [name.removeprefix(_ASIDE) for name, _ in entries if name.startswith(_ASIDE)]
        for name in held:
            with suppress(OSError):
                self.put_back(name)
        return list(self._entries()) if held else entries

    def _entries(self) -> Iterator[tuple[str, os.stat_result]]:
        with self.opened() as fd, os.scandir(fd) as entries:
            for entry in entries:
                try:
                    yield entry.name, entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue

    def read(self, name: str) -> Drop | Refusal | None:
        """Return the drop `name`, or why it is refused; None where it is absent, set aside, or still being written.

        Raises:
            ValueError: `name` is not the name of an entry of one folder.
        """
        if name in ("", ".", "..") or "/" in name or "\0" in name:
            raise ValueError("an entry's name has no slash and no NUL")
        if name.startswith("."):
            return None
        with self.opened() as fd:
            found = drops.read_entry(fd, name)
        if found is None:
            return None
        outcome, identity = found
        self._read[name] = (outcome.cause, identity)
        return outcome

    def holds(self, name: str, cause: str) -> bool:
        """Return whether the entry `name` is still the one that was read as `cause`."""
        if name not in self._read:
            # After a restart nothing is remembered: the same file gives the same cause.
            self.read(name)
        known, identity = self._read.get(name, (None, None))
        if known != cause:
            return False
        with self.opened() as fd:
            try:
                return drops.identity_of(os.stat(name, dir_fd=fd, follow_symlinks=False)) == identity
            except FileNotFoundError:
                return False

    def remove(self, name: str, cause: str) -> bool:
        """Remove the file `name` if it is still the one read as `cause`, and return whether it was removed.

        A file that an agent has since put in its place stays, to be read as a drop of its own.
        """
        aside = self.set_aside(name, cause)
        if aside is None:
            return False
        with self.opened() as fd:
            try:
                os.unlink(aside, dir_fd=fd)
            except OSError as error:
                raise _unwritable(name, error) from error
            # Not before: killed in between, the file would be read again as a mere claim, and refused.
            with suppress(OSError):  # an agent may have put anything there
                os.unlink(name + SIGNATURE, dir_fd=fd)
        self._read.pop(name, None)
        return True

    def set_aside(self, name: str, cause: str) -> str | None:
        """Rename the entry read as `cause`, and return its name then; None where it is not there any more.

        A look at a name and a removal by that name are two steps, between which an agent may put another file
        there. A rename takes what is there in one step: what turns out to be another is put back.
        """
        if not self.holds(name, cause):
            return None
        if len(os.fsencode(_ASIDE + name)) > _LONGEST_NAME:
            return name  # too long for a drop: an entry with this name is refused
        with self.opened() as fd:
            try:
                os.rename(name, _ASIDE + name, src_dir_fd=fd, dst_dir_fd=fd)
                if drops.identity_of(os.stat(_ASIDE + name, dir_fd=fd, follow_symlinks=False)) == self._read[name][1]:
                    return _ASIDE + name
                _put_back(fd, name)
            except FileNotFoundError:
                return None
            except OSError as error:
                raise _unwritable(name, error) from error
        return None

    def hide(self, aside: str, stem: str) -> bool:
        """Rename what was set aside as `aside` to a name that is looked at no more; tell whether that was possible."""
        with self.opened() as fd:
            try:
                os.rename(aside, f".refused-{stem}", src_dir_fd=fd, dst_dir_fd=fd)
            except OSError:
                return False
        return True

    def put_back(self, name: str) -> None:
        """Give the entry that was set aside its name again: it could not be moved where it belongs."""
        with self.opened() as fd, suppress(FileNotFoundError):
            _put_back(fd, name)


def _put_back(fd: int, name: str) -> None:
    """Rename what was set aside to its old name, or to a free one where an agent has used that since."""
    free = name
    for number in count(1):
        try:
            os.stat(free, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            break
        free = f"again-{number}-{name}"
    os.rename(_ASIDE + name, free, src_dir_fd=fd, dst_dir_fd=fd)


def _unwritable(name: str, error: OSError) -> StoreError:
    return StoreError(
        "inbox_unwritable",
        f"a file that was taken in cannot be removed: {error.strerror}",
        path=f"inbox/{printable(name)}",
        hint="umount it" if error.errno == errno.EBUSY else "give the watcher's user write permission on inbox/",
    )
