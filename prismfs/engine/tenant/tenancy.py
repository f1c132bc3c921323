"""The tenant: its projects, and the bridges of its home project as the protected roster has them (R-000-60, R-000-76).

The router and `whois` know of the home project what stands here and nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from prismfs.errors import ConfigError, PrismfsError, RecordError, StoreError
from prismfs.kinds.core.settings import persona, project, tenant
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.core.settings.tenant import Tenant
from prismfs.records.document import Document
from prismfs.store.git.repository import Git
from prismfs.store.reading import state_of, truth

HOME_UNREADABLE = "home_unreadable"
"""The error's code while the tenant's bridges cannot be read: signals that may be for one wait."""


class Tenancy:
    """One tenant's folder. What it reads is read again when a repository has moved on.

    A project that cannot be read just now is taken as it was read last.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, _Read] = {}
        self._file: tuple[bytes, Tenant] | None = None

    @property
    def tenant(self) -> Tenant:
        """What `tenant.yaml` says now.

        Raises:
            ConfigError: `invalid_setting`; it is invalid or gone.
        """
        path = self.folder / tenant.KIND.folder
        try:
            data = path.read_bytes()
            if self._file is None or self._file[0] != data:
                found = tenant.KIND.read(data, path=tenant.KIND.folder)
                assert isinstance(found, Tenant)
                self._file = (data, found)
        except (OSError, RecordError) as error:
            raise ConfigError("invalid_setting", f"tenant.yaml cannot be read: {error}", path=str(path)) from None
        return self._file[1]

    def root_of(self, pid: str) -> Path | None:
        """Return the folder of a project, or of its clone; None where the tenant has none of this id."""
        place = self.tenant.projects.get(pid)
        return None if place is None else place_of(self.folder, pid, place)

    def pid_at(self, root: Path) -> str | None:
        """Return the id that `tenant.yaml` gives the project at `root`, not the one in its own file."""
        root = root.resolve()
        found = (pid for pid, place in self.tenant.projects.items() if place_of(self.folder, pid, place) == root)
        return next(found, None)

    def project_of(self, pid: str) -> Project | None:
        """Return the project's own record in its protected branch, None where it cannot be read."""
        try:
            found = self._read(pid)
        except PrismfsError:
            return None
        return None if found is None else found.project

    def bridges(self) -> tuple[Persona, ...]:
        """Return the bridges: of class bridge in the home project's roster, and on its allow-list.

        Raises:
            StoreError: `home_unreadable`; nobody can say now who is a bridge.
        """
        home = self.tenant.home
        if home is None:
            return ()
        try:
            found = self._read(home)
        except PrismfsError as error:
            raise StoreError(
                HOME_UNREADABLE, f"the home project {home} cannot be read: {error.code}", path=str(self.folder),
                hint="prismfs doctor there says what is wrong",
            ) from error  # fmt: skip
        return () if found is None else found.bridges

    def describe(self, pids: Iterable[str]) -> Document:
        """Return what a rule may know of the tenant, with those of `pids` that are its projects.

        Raises:
            StoreError: `home_unreadable`.
            ConfigError: `tenant.yaml` is invalid.
        """
        known = self.tenant
        targets: Document = {}
        for pid in sorted(set(pids) & known.projects.keys()):
            found = self.project_of(pid)
            # One that cannot be read is the tenant's by its file; it will say itself whether it takes the signal.
            targets[pid] = known.tenant if found is None else found.tenant if found.pid == pid else ""
        return {"home": known.home, "bridges": [bridge.identity for bridge in self.bridges()], "targets": targets}

    def _read(self, pid: str) -> "_Read | None":
        """Return what the project holds now, or held when it was read last; None where the tenant has none."""
        root = self.root_of(pid)
        if root is None:
            return None
        known = self._known.get(pid)
        try:
            state = state_of(root)
            if known is None or known.state != state:
                with truth(root) as (git, head):
                    path = project.KIND.folder
                    found = project.KIND.read(git.read(f"{head}:{path}") or b"", path=path)
                    assert isinstance(found, Project)
                    bridges = _bridges(git, head, found) if found.home and found.pid == pid else ()
                known = self._known[pid] = _Read(state, found, bridges)
        except (PrismfsError, OSError) as error:
            if known is None:
                raise error if isinstance(error, PrismfsError) else StoreError("read_only", str(error)) from error
        return known


@dataclass(frozen=True, slots=True)
class _Read:
    """A project as it was read when its references were in `state`."""

    state: tuple[object, ...]
    project: Project
    bridges: tuple[Persona, ...]


def find_tenancy(root: Path) -> Tenancy | None:
    """Return the tenant whose file names the project at `root`, None for a project without a tenant.

    Raises:
        ConfigError: `invalid_setting`; the file is invalid, so that nobody knows where a signal may go.
    """
    root = root.resolve()
    for folder in root.parents:
        if (folder / tenant.KIND.folder).is_file():
            found = Tenancy(folder)
            return found if found.pid_at(root) is not None else None
    return None


def place_of(folder: Path, pid: str, place: str) -> Path:
    """Return where the project `pid` lies: its folder, or the clone of a remote one below the tenant's folder."""
    return (folder / "clones" / pid if is_remote(place) else folder / place).resolve()


def is_remote(place: str) -> bool:
    """Tell whether `place` is something that git clones from: a URL, or `user@host:path`."""
    return "://" in place or ("@" in place.partition(":")[0] and ":" in place)


def _bridges(git: Git, head: str, home: Project) -> tuple[Persona, ...]:
    bridges = []
    for name in home.bridges:
        path = persona.KIND.path_of(name)
        data = git.read(f"{head}:{path}")
        if data is None:
            continue
        found = persona.KIND.read(data, path=path)
        if isinstance(found, Persona) and found.persona_class == "bridge":
            bridges.append(found)
    return tuple(bridges)
