"""Who can be addressed from a project: its personas, and the tenant's bridges (R-000-73). Decides nothing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from prismfs.engine.tenant.tenancy import find_tenancy
from prismfs.engine.trust.endorsement import roster_at
from prismfs.errors import Problem, RefusedError
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.project import Project
from prismfs.records.api import Document
from prismfs.store.repo import ProjectRepo


@dataclass(frozen=True, slots=True)
class Entry:
    """A persona that signals of this project may be addressed to; `address` is the value of `to`.

    Of a bridge nothing else of its home project is told (R-000-74).
    """

    identity: str
    role: str
    persona_class: str
    pid: str
    availability: str | None
    address: str

    def to_document(self) -> Document:
        """Return the entry as a JSON object."""
        return {"class" if name == "persona_class" else name: value for name, value in asdict(self).items()}


def read_entries(repo: ProjectRepo) -> tuple[list[Entry], Problem | None]:
    """Return the personas of the project's roster, and then the tenant's bridges where those are elsewhere.

    Beside them, why no bridge can be written to, though the project names a home or is one.

    A persona that only claims to be a bridge is shown as what it is, one of the project (R-000-76).
    """
    snapshot = repo.snapshot()
    project = repo.view(snapshot).single(Project)
    tenancy = find_tenancy(repo.root, lambda: project)
    personas = roster_at(repo.git, snapshot.commit)
    problem = None if tenancy is None or project.home is False else tenancy.problem_with(project.pid)
    home = None if tenancy is None or problem is not None else tenancy.home()
    own = {bridge.identity for bridge in home.bridges} if home is not None and home.pid == project.pid else set()
    found = [_entry(persona, project.pid, persona.identity, bridge=persona.identity in own) for persona in personas]
    if home is None or home.pid == project.pid:
        return found, problem
    hidden = {persona.identity.casefold() for persona in personas} | {name.casefold() for name in project.operators}
    for bridge in home.bridges:
        name = bridge.identity
        found.append(_entry(bridge, home.pid, f"{name}@{home.pid}" if name.casefold() in hidden else name, bridge=True))
    return found, problem


def find(entries: Sequence[Entry], name: str, problem: Problem | None) -> list[Entry]:
    """Return the entries of `name`, or of the address `NAME@PID`; `problem` is what keeps bridges from being known.

    Raises:
        RefusedError: `unknown_identity`, or the code of the `problem`, where nobody has the name.
    """
    wanted, _, pid = name.casefold().partition("@")
    found = [entry for entry in entries if entry.identity.casefold() == wanted and pid in ("", entry.pid.casefold())]
    if not found and problem is not None:
        raise RefusedError(problem.code, problem.message, path=problem.path, hint=problem.hint)
    if not found:
        raise RefusedError("unknown_identity", "nobody here has this name", field="NAME", hint="prismfs whois")
    return found


def _entry(persona: Persona, pid: str, shown: str, *, bridge: bool) -> Entry:
    kind = "bridge" if bridge else "project"
    return Entry(persona.identity, persona.role, kind, pid, persona.availability, shown)
