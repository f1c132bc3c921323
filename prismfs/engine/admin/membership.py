"""Who belongs to a tenant: the home beside a project, the first commit of one, what each project is to it."""

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from prismfs.engine.tenant.clones import clone_once
from prismfs.engine.tenant.places import Places, find_places, is_remote
from prismfs.engine.tenant.tenancy import HomeProject, Tenancy
from prismfs.engine.trust.endorsement import project_at
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.submit import command_event, rehearse, submit
from prismfs.errors import ConflictError, PrismfsError, Problem, RefusedError
from prismfs.kinds.core.settings.tenant import KIND
from prismfs.records.api import Document
from prismfs.store.git.history import founding_of
from prismfs.store.reading import truth


@dataclass(frozen=True, slots=True)
class Belonging:
    """A project of the tenant: its id, its role, where it lies here, and what is wrong with it.

    `root` is the commit that its records begin with, as the home has it; None where the home does not list it.
    """

    pid: str
    role: str
    root: str | None
    place: str | None
    problem: Problem | None

    def to_document(self) -> Document:
        """Return it as a JSON object with all its members."""
        problem = None if self.problem is None else dict(self.problem.as_document())
        return asdict(self) | {"problem": problem}


def first_commit(root: Path, pid: str | None = None) -> str:
    """Return the commit that founded the project at `root`, which is to be `pid`.

    Raises:
        ConflictError: `pid_mismatch`; it says that it is another.
        RefusedError: `no_founding`; no engine has begun its records.
        StoreError: it cannot be read.
    """
    with truth(root) as (git, head):
        found, said = founding_of(git, head), project_at(git, head)
    if pid is not None and (said is None or said.pid != pid):
        raise ConflictError("pid_mismatch", f"what lies there is not {pid}", path=str(root), hint="correct its place")
    if found is None:
        raise RefusedError("no_founding", "no engine has begun its records", path=str(root), hint="prismfs init")
    return found


def find_home(folder: Path) -> tuple[Path, HomeProject] | None:
    """Return the home among the projects of the `tenant.yaml` in `folder`, with its folder; None where none is.

    Raises:
        ConflictError: `several_homes`.
        ConfigError: `tenant.yaml` is invalid.
        StoreError: the home's records are not what its engines have signed.
    """
    places = Places(folder)
    if not (folder / KIND.folder).is_file():
        return None
    homes = []
    for pid, root in places.roots().items():
        tenancy = Tenancy(places, root)
        found = tenancy.project_of(pid)
        if found is not None and found.is_home and (home := tenancy.home()) is not None:
            homes.append((root, home))
    if len(homes) > 1:
        named = ", ".join(home.pid for _, home in homes)
        raise ConflictError(
            "several_homes", f"say each that it is the home: {named}", path=str(folder / KIND.folder),
            hint="take all but one out of tenant.yaml",
        )  # fmt: skip
    return homes[0] if homes else None


def home_for(root: Path, pid: str, tenant: str, *, home: bool) -> tuple[Path, HomeProject] | None:
    """Return the home that a project at `root` is to have, None where it is to be one itself, or there is none yet.

    Raises:
        ConflictError: `other_tenant`; the home beside it is another tenant's. `other_home`; it is to be a second one.
            `several_homes`.
        PrismfsError: as `find_home` does.
    """
    found = find_home(root.resolve().parent)
    if found is None or found[1].pid == pid:
        return None
    path, known = str(root.resolve().parent / KIND.folder), found[1]
    if home:
        raise ConflictError("other_home", f"the tenant's home is {known.pid}", path=path, hint="leave --home out")
    if known.tenant != tenant:
        said = f"names projects of the tenant {known.tenant}"
        raise ConflictError("other_tenant", said, path=path, hint="choose another folder")
    return found


def join_tenant(
    root: Path, pid: str, home: tuple[Path, HomeProject] | None, *, actor: str, now: datetime
) -> list[str]:  # fmt: skip
    """Write down where a new project lies, and let the `home` that it names list it; return what there is to say.

    Only an operator of the home may do the latter, and not where changes have to be signed: then the command that is
    left to do is said.
    """
    Places(root.resolve().parent).name(pid, root.resolve().name)
    if home is None:
        return []
    folder, known = home
    lines = [f"its intake desk is in the home project {known.pid}"]
    document: Document = {"pid": pid, "root": first_commit(root)}
    event = command_event("tenant.add", document, actor=actor, token=uuid.uuid4().hex, at=now)
    try:
        with Desk(folder) as desk:
            rehearse(desk, event, now)  # what is refused by the way is no try at a right
            submit(desk, event, now)
    except PrismfsError as error:
        return [
            *lines,
            f"not a member yet ({error.code}); an operator of {known.pid}: prismfs -C {folder} tenant add {pid}",
        ]
    return [*lines, f"{known.pid} lists it as a member"]


def find_place(root: Path, pid: str, place: str | None = None) -> Path:
    """Return where the project `pid` lies: at `place`, or where the `tenant.yaml` says that names the project `root`.

    A remote one is cloned.

    Raises:
        RefusedError: `unknown_pid`; the file says nothing of it, or nothing is there.
        PrismfsError: the file is invalid; the remote cannot be cloned.
    """
    places = find_places(root)
    place = place if place is not None or places is None else places.known.get(pid)
    places = places or Places(root.parent)
    if place is None:
        said = "tenant.yaml does not say where it lies"
        raise RefusedError("unknown_pid", said, field="PID", hint=f"prismfs tenant add {pid} PLACE")
    found = places.resolve(pid, place)
    if is_remote(place) and not found.exists():
        clone_once(place, found)
    if not found.exists():
        raise RefusedError(
            "unknown_pid", f"is not there: {found}", field="PID", hint="correct its place in tenant.yaml"
        )
    return found


def note_place(root: Path, pid: str, place: str) -> None:
    """Write down where the project `pid` lies, in the `tenant.yaml` that names the project at `root`, or beside that.

    Raises:
        ConfigError: it is invalid.
    """
    places = find_places(root)
    if places is None:
        places = Places(root.parent)
        with truth(root) as (git, head):
            own = project_at(git, head)
        assert own is not None  # otherwise the command would have been refused
        places.name(own.pid, root.name)
    places.name(pid, place)


def belongings(root: Path) -> list[Belonging]:
    """Return the tenant's projects as the one at `root` sees them: the home, its members, and what else lies here.

    Raises:
        PrismfsError: the home cannot be read, or is not what it is to be.
    """
    places = find_places(root)
    tenancy = None if places is None else Tenancy(places, root)
    home = None if tenancy is None else tenancy.home()
    if tenancy is None or home is None:
        return []
    known = tenancy.places.known
    found = [Belonging(home.pid, "home", home.root, known.get(home.pid), None)]
    for pid in sorted({*home.members, *known} - {home.pid}):
        role = "member" if pid in home.members else "other"
        found.append(Belonging(pid, role, home.members.get(pid), known.get(pid), _problem(tenancy, pid)))
    return found


def _problem(tenancy: Tenancy, pid: str) -> Problem | None:
    """Return what is wrong with a project of the list as this one and as itself has it."""
    root = tenancy.places.root_of(pid)
    if root is None:
        return Problem("no_place", "tenant.yaml does not say where it lies", hint=f"prismfs tenant add {pid} PLACE")
    try:
        return tenancy.problem_with(pid) or tenancy.seen_from(root).problem_with(pid)
    except PrismfsError as error:
        return error.problem
