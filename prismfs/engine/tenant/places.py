"""Where the projects of a tenant lie on this machine: what `tenant.yaml` says, which nobody signs (FT-05)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from prismfs.errors import ConfigError, RecordError

if TYPE_CHECKING:  # most projects are in no tenant, and who asks for one must start fast
    from prismfs.kinds.core.settings.tenant import Tenant

FILE = "tenant.yaml"

CLONES = "clones"
"""Below the tenant's folder: clones of remote projects, each named by its id."""


class Places:
    """The `tenant.yaml` of `folder`; it is read again when it has changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: tuple[bytes, Tenant] | None = None

    @property
    def file(self) -> Tenant:
        """What the file says now.

        Raises:
            ConfigError: `invalid_setting`; it is gone or invalid, or says who is home or a member.
        """
        from prismfs.kinds.core.settings.tenant import KIND, Tenant

        path = self.folder / FILE
        try:
            data = path.read_bytes()
            if self._file is None or self._file[0] != data:
                found = KIND.read(data, path=KIND.folder)
                assert isinstance(found, Tenant)
                self._file = (data, found)
        except (OSError, RecordError) as error:
            raise ConfigError("invalid_setting", f"tenant.yaml cannot be read: {error}", path=str(path)) from None
        return self._file[1]

    @property
    def known(self) -> Mapping[str, str]:
        """The place of each project, by its id, as it is written.

        Raises:
            ConfigError: as `file` does.
        """
        return self.file.projects

    def root_of(self, pid: str) -> Path | None:
        """Return the folder of a project, or of its clone; None where the file has none of this id."""
        place = self.known.get(pid)
        return None if place is None else self.resolve(pid, place)

    def roots(self) -> dict[str, Path]:
        """Return the folder of each project, in the file's order."""
        return {pid: self.resolve(pid, place) for pid, place in self.known.items()}

    def pid_at(self, root: Path) -> str | None:
        """Return the id that the file gives the project at `root`, not the one in its own file."""
        root = root.resolve()
        return next((pid for pid, place in self.roots().items() if place == root), None)

    def name(self, pid: str, place: str) -> None:
        """Write down where a project lies; the file is made if it is not there.

        Raises:
            ConfigError: as `file` does.
        """
        from prismfs.kinds.core.settings.tenant import KIND, Tenant

        path = self.folder / FILE
        old = path.read_bytes() if path.is_file() else None
        known = {} if old is None else self.known
        if known.get(pid) == place:
            return
        temporary = path.with_name(".tenant.new")
        temporary.write_bytes(KIND.write(Tenant(projects={**known, pid: place}), old=old))
        temporary.replace(path)

    def resolve(self, pid: str, place: str) -> Path:
        """Return the folder that `place` of the project `pid` means: as it is written, or that of a remote's clone."""
        return (self.folder / CLONES / pid if is_remote(place) else self.folder / place).resolve()


def find_places(root: Path) -> Places | None:
    """Return the nearest `tenant.yaml` above the project at `root`, None where it does not name the project.

    Raises:
        ConfigError: `invalid_setting`; the file names the project and is invalid, so that nobody knows where a signal
            may go.
    """
    root = root.resolve()
    folder = next((folder for folder in root.parents if (folder / FILE).is_file()), None)
    if folder is None:
        return None
    found = Places(folder)
    try:
        return found if found.pid_at(root) is not None else None
    except ConfigError:
        if _is_about_others(folder / FILE, root.relative_to(folder)):
            return None
        raise


def _is_about_others(path: Path, root: Path) -> bool:
    """Tell whether an invalid file lists projects, and nowhere has the path of the one at `root`."""
    try:
        data = path.read_bytes()
    except OSError:
        return False
    return b"projects" in data and str(root).encode() not in data


def is_remote(place: str) -> bool:
    """Tell whether `place` is something that git clones from: a URL, or `user@host:path`."""
    return "://" in place or ("@" in place.partition(":")[0] and ":" in place)
