"""Quarantine: refused entries, kept as they are, each with the reason beside it."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import yaml

from prismfs.errors import StoreError
from prismfs.intake.drop import SIGNATURE, opened_folder, printable
from prismfs.intake.inbox import Inbox, Refusal
from prismfs.intake.scan import redact_text

_REASON = ".reason.yaml"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_STEM = re.compile(r"\d{8}T\d{6}Z-([0-9a-f]{64}|[0-9a-f]{12})-.+")
_MAX_NAME = 80  # characters kept of the entry's own name; with stamp, hash and suffix well under 255


class Quarantine:
    """The folder `quarantine/` of the project at `root`; the watcher alone writes into it."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "quarantine"
        self._stems: dict[str, str] | None = None

    def keep(self, inbox: Inbox, refusal: Refusal, *, at: datetime) -> Path:
        """Move the refused entry here, write its reason beside it, and return the entry's path.

        The entry is renamed, never opened or followed, whatever it is. The name is
        `<yyyymmddThhmmssZ>-<12 hex digits of the cause>-<safe name>`, the reason's has `.reason.yaml` behind
        it. Nothing is overwritten. Calling it again after a crash completes what is missing under the first
        call's name. An entry that an agent has replaced since is left in the inbox; then only the reason
        is written.

        Raises:
            StoreError: the entry cannot be moved (`quarantine_other_device` when the two folders lie on
                different file systems, `quarantine_occupied` when another file has its name, else
                `quarantine_failed`), or a folder is missing or no folder.
        """
        with self._opened() as fd:
            stem = self._stem(fd, refusal, at)
            # The reason comes first: after a crash the entry is still in the inbox and is read again.
            if not _exists(fd, stem + _REASON):
                self._write(fd, stem + _REASON, _reason(refusal, at))
            self._move(fd, stem, inbox, refusal)
        return self.folder / stem

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
        except FileExistsError:
            pass  # a link or a file: opening it says so
        except OSError as error:
            raise self._failed("the folder cannot be made", error) from error
        with opened_folder(self.folder, "quarantine") as fd:
            yield fd

    def _stem(self, fd: int, refusal: Refusal, at: datetime) -> str:
        """Return the name under which the entry is or shall be kept."""
        if self._stems is None:
            found = ((name, _STEM.fullmatch(name)) for name in os.listdir(fd))
            self._stems = {match[1]: name.removesuffix(_REASON) for name, match in found if match}
        cause = refusal.cause.rpartition(":")[2]
        token = cause[:12]
        if token in self._stems and not self._is_about(fd, self._stems[token], refusal.cause):
            token = cause
        safe = _UNSAFE.sub("_", redact_text(refusal.name))[:_MAX_NAME]
        # An entry must not look like the reason of another one.
        safe = f"{safe}_" if safe.endswith(_REASON) else safe
        return self._stems.setdefault(token, f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{token}-{safe}")

    def _is_about(self, fd: int, stem: str, cause: str) -> bool:
        # Twelve digits can be made to collide; the reason carries the cause in full.
        try:
            with open(os.open(stem + _REASON, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=fd), "rb") as file:
                return f"cause: {cause}\n".encode() in file.read()
        except FileNotFoundError:
            return True

    def _write(self, fd: int, name: str, text: str) -> None:
        aside = f".{name}.new"
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(aside, flags, 0o600, dir_fd=fd), "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.rename(aside, name, src_dir_fd=fd, dst_dir_fd=fd)
        except OSError as error:
            raise self._failed("the reason cannot be written", error) from error

    def _move(self, fd: int, stem: str, inbox: Inbox, refusal: Refusal) -> None:
        if not inbox.holds(refusal.name, refusal.cause):
            return
        if _exists(fd, stem):
            said = f"inbox/{printable(refusal.name)} is refused, and another file lies where it belongs"
            raise StoreError("quarantine_occupied", said, path=f"quarantine/{stem}", hint="move that file away")
        aside = inbox.set_aside(refusal.name, refusal.cause)
        if aside is None:
            return
        try:
            with inbox.opened() as source:
                os.rename(aside, stem, src_dir_fd=source, dst_dir_fd=fd)
                with suppress(OSError):  # most have none
                    os.rename(refusal.name + SIGNATURE, stem + SIGNATURE, src_dir_fd=source, dst_dir_fd=fd)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM) and inbox.hide(aside, stem):
                return  # a folder of another user's may be renamed where it is, and not be moved
            inbox.put_back(refusal.name)
            raise self._failed(f"inbox/{printable(refusal.name)} cannot be moved here", error) from error

    def _failed(self, what: str, error: OSError) -> StoreError:
        if error.errno == errno.EXDEV:
            said = f"{what}: inbox and quarantine lie on different file systems"
            hint = "put inbox/ and quarantine/ on the file system of the project"
            return StoreError("quarantine_other_device", said, path="quarantine/", hint=hint)
        hint = "give the watcher's user write permission on inbox/ and quarantine/, and free space"
        return StoreError("quarantine_failed", f"{what}: {error.strerror}", path="quarantine/", hint=hint)


def _exists(fd: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _reason(refusal: Refusal, at: datetime) -> str:
    problem = refusal.problem
    document = {
        "code": problem.code,
        "message": problem.message,
        "field": problem.field,
        "hint": problem.hint,
        "original_name": printable(redact_text(refusal.name)),
        "cause": refusal.cause,
        "sha256": refusal.sha256,
        "size": refusal.size,
        "refused_at": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=4096)
    return text
