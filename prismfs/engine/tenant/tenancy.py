"""The tenant that a project belongs to: its home, the members, and the bridges (R-000-60, R-000-76).

Who is home and who is a member stands in protected files: a member's `prismfs.yaml` names its home by id and first
commit, and the home lists its members likewise (FT-05). `tenant.yaml` says where they lie, and nothing more. The router
and `whois` know of the home project what stands here and nothing else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from prismfs.engine.tenant.places import Places, find_places
from prismfs.errors import PrismfsError, Problem, RecordError, StoreError
from prismfs.kinds.core.settings import members, persona, project
from prismfs.kinds.core.settings.members import Members
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.project import Project
from prismfs.records.api import Kind, Record
from prismfs.records.document import Document
from prismfs.store.git.history import founding_of
from prismfs.store.git.repository import Git
from prismfs.store.reading import state_of, truth
from prismfs.store.witness import begins_with, proven_files

HOME_UNREADABLE, HOME_MISMATCH, HOME_UNPROVEN = "home_unreadable", "home_mismatch", "home_unproven"

NO_HOME = frozenset({HOME_UNREADABLE, HOME_MISMATCH, HOME_UNPROVEN})
"""The codes of errors that say why nobody can tell who is a bridge: signals that may be for one wait."""


@dataclass(frozen=True, slots=True)
class HomeProject:
    """The home project at one commit that its engines have signed: its members (id to first commit) and bridges."""

    pid: str
    root: str
    tenant: str
    members: Mapping[str, str]
    bridges: tuple[Persona, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """A project as it was read when its references were in `state`, its records at `head`.

    `first` is the commit that they were to begin with, None where nobody asked; `fits` tells whether they do.
    """

    state: tuple[object, ...]
    head: str
    project: Project
    first: str | None
    fits: bool


_homes: dict[str, tuple[str, HomeProject]] = {}
"""By the first commit of a home, the newest head that was looked at, and what it says, the same for everybody."""


class Tenancy:
    """The tenant as the project at `root` sees it, among those that lie in `places`.

    What it reads is read again when a repository has moved on. A project that cannot be read just now is taken as it
    was read last. `own` gives the project's own record, where somebody has it at hand.
    """

    def __init__(self, places: Places, root: Path, own: Callable[[], Project] | None = None) -> None:
        self.places = places
        self.root = root
        self._own = own or (lambda: self._read(root).project)
        self._known: dict[Path, _Read] = {}
        self._others: dict[Path, Tenancy] = {}
        self._home: tuple[_Read, HomeProject] | None = None

    def seen_from(self, root: Path) -> "Tenancy":
        """Return the tenant as the project at `root` sees it; what is read is read once for both."""
        if root not in self._others:
            self._others[root] = Tenancy(self.places, root)
            self._others[root]._known = self._known
        return self._others[root]

    def project_of(self, pid: str) -> Project | None:
        """Return the record of the project that lies where `pid` is to be, None where it cannot be read."""
        root = self.places.root_of(pid)
        try:
            return None if root is None else self._read(root).project
        except PrismfsError:
            return None

    def home(self) -> HomeProject | None:
        """Return the home that this project names, or this one itself; None where it names none and is none.

        Raises:
            StoreError: `home_unreadable`; `home_mismatch`, what lies in the home's place is another project;
                `home_unproven`, its records hold what no engine of its roster has signed.
            ConfigError: `tenant.yaml` is invalid.
        """
        try:
            own = self._own()
        except PrismfsError as error:
            raise _unknown(HOME_UNREADABLE, f"this project cannot be read: {error.code}", self.root) from error
        if isinstance(own.home, bool):
            return self._proven(self.root, own.pid, self._first()) if own.home else None
        folder = self.places.root_of(own.home.pid)
        if folder is None:
            said = f"tenant.yaml does not say where the home {own.home.pid} lies"
            raise _unknown(HOME_UNREADABLE, said, self.places.folder)
        return self._proven(folder, own.home.pid, own.home.root)

    def bridges(self) -> tuple[Persona, ...]:
        """Return the bridges: of class bridge in the home project's roster, and on its allow-list.

        Raises:
            StoreError, ConfigError: as `home` does; nobody can say now who is a bridge.
        """
        home = self.home()
        return () if home is None else home.bridges

    def problem_with(self, pid: str) -> Problem | None:
        """Return why nothing may cross between this project and `pid`, None where both are of one tenant.

        A member is a project that the home lists, whose records begin with the commit that is listed.

        Raises:
            ConfigError: `tenant.yaml` is invalid.
        """
        try:
            home = self.home()
            if home is None:
                hint = f"prismfs -C {self.root} tenant join HOME"
                return Problem("no_home", "names no home project, and is none", path=str(self.root), hint=hint)
            folder = self.places.root_of(pid)
            if pid == home.pid or folder is None:
                return None
            if pid not in home.members:
                hint = f"an operator of {home.pid} gives: prismfs tenant add {pid}"
                return Problem("not_a_member", f"the home {home.pid} does not list {pid}", path=str(folder), hint=hint)
            if self._read(folder, pid, home.members[pid]).fits:
                return None
        except (StoreError, RecordError) as error:
            return error.problem
        said = f"its records do not begin with the commit that {home.pid} lists for {pid}: it is another project"
        return Problem("root_mismatch", said, path=str(folder), hint="correct its place in tenant.yaml")

    def describe(self, pids: Iterable[str]) -> Document:
        """Return what a rule may know of the tenant, with those of `pids` that belong to it.

        Raises:
            StoreError, ConfigError: as `home` does.
        """
        home = self.home()
        if home is None:
            return {"home": None, "bridges": [], "targets": {}}
        targets: Document = {}
        for pid in sorted(set(pids) & {home.pid, *home.members} & self.places.known.keys()):
            found = self.project_of(pid)
            # One that cannot be read is the tenant's by the home's list; it says itself whether it takes the signal.
            targets[pid] = home.tenant if found is None else found.tenant if found.pid == pid else ""
        return {"home": home.pid, "bridges": [bridge.identity for bridge in home.bridges], "targets": targets}

    def _first(self) -> str:
        """Return the commit that founded this project, as it was when it was looked at first."""
        if self._home is not None:
            return self._home[1].root
        with truth(self.root) as (git, head):
            first = founding_of(git, head)
        if first is None:
            raise _unknown(HOME_UNPROVEN, "no engine has begun its records", self.root)
        return first

    def _proven(self, folder: Path, pid: str, root: str) -> HomeProject:
        """Return what the home at `folder` says in a commit that its engines have signed."""
        try:
            found = self._read(folder)
        except PrismfsError as error:
            said = f"the home project {pid} cannot be read: {error.code}"
            raise _unknown(HOME_UNREADABLE, said, self.places.folder) from error
        if self._home is not None and self._home[0] is found and (self._home[1].pid, self._home[1].root) == (pid, root):
            return self._home[1]
        newest, home = _homes.get(root, ("", None))
        if newest != found.head or home is None or home.pid != pid:
            with truth(folder) as (git, _):
                is_it = found.project.is_home and found.project.pid == pid
                files = proven_files(git, pid, root, found.head) if is_it else None
                if files is None and not (is_it and begins_with(git, pid, root, found.head)):
                    said = f"what lies there is not the home {pid} whose records begin with {root[:12]}"
                    raise _unknown(HOME_MISMATCH, said, folder)
                if files is None:
                    said = f"the records of the home {pid} hold what no engine of its roster has signed"
                    raise _unknown(HOME_UNPROVEN, said, folder)
                home = _home_of(git, files, pid, root)
            _homes[root] = (found.head, home)
        self._home = (found, home)
        return home

    def _read(self, root: Path, pid: str = "", first: str | None = None) -> _Read:
        """Return what the project at `root` holds now, or held when it was read last.

        Where `first` is given it says whether the records of the project `pid` begin with that commit.
        """
        known = self._known.get(root)
        try:
            state = state_of(root)
            if known is None or known.state != state or first not in (None, known.first):
                with truth(root) as (git, head):
                    path = project.KIND.folder
                    found = project.KIND.read(git.read(f"{head}:{path}") or b"", path=path)
                    assert isinstance(found, Project)
                    fits = first is not None and begins_with(git, pid, first, head)
                known = self._known[root] = _Read(state, head, found, first, fits)
        except (PrismfsError, OSError) as error:
            if known is None or first not in (None, known.first):
                raise error if isinstance(error, PrismfsError) else StoreError("read_only", str(error)) from error
        return known


def find_tenancy(root: Path, own: Callable[[], Project] | None = None) -> Tenancy | None:
    """Return the tenant whose `tenant.yaml` names the project at `root`, None where none does; `own` as for `Tenancy`.

    Raises:
        ConfigError: `invalid_setting`; the file is invalid, so that nobody knows where a signal may go.
    """
    places = find_places(root)
    return None if places is None else Tenancy(places, root, own)


def _home_of(git: Git, files: Mapping[str, str], pid: str, root: str) -> HomeProject:
    """Return what the protected `files` of the home (path to blob id) say.

    Raises:
        StoreError: `home_unreadable`; `prismfs.yaml` or the list of members is invalid.
    """

    def at(kind: Kind, path: str) -> Record | None:
        return kind.read(git.read(files[path]) or b"", path=path) if path in files else None

    try:
        own, listed = at(project.KIND, project.KIND.folder), at(members.KIND, members.KIND.folder)
        assert isinstance(own, Project)
        roster = [at(persona.KIND, persona.KIND.path_of(name)) for name in own.bridges]
    except RecordError as error:
        raise StoreError(HOME_UNREADABLE, f"the home {pid}: {error}", hint="prismfs doctor there") from error
    bridges = (one for one in roster if isinstance(one, Persona) and one.persona_class == "bridge")
    named = listed.members if isinstance(listed, Members) else {}
    return HomeProject(pid, root, own.tenant, named, tuple(bridges))


def _unknown(code: str, said: str, path: Path) -> StoreError:
    return StoreError(code, said, path=str(path), hint="prismfs doctor there says what is wrong")
