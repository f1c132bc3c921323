"""Who can be addressed from a project: its personas, and the tenant's bridges (R-000-73). Decides nothing.

What a project without a tenant says stands in its projection, so that the verb that asks imports no models.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from prismfs.engine.tenant.places import find_places
from prismfs.errors import Problem, RefusedError
from prismfs.records.document import Document
from prismfs.store.listing import find_documents
from prismfs.store.reading import reading


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


def read_entries(root: Path) -> tuple[list[Entry], Problem | None]:
    """Return the personas of the project's roster, and then the tenant's bridges where those are elsewhere.

    Beside them, why no bridge can be written to, though the project names a home or is one.

    A persona that only claims to be a bridge is shown as what it is, one of the project (R-000-76).

    Raises:
        ConfigError: `invalid_setting`; `prismfs.yaml` or `tenant.yaml` is invalid.
    """
    project, personas = _read(root)
    pid, places = str(project["pid"]), find_places(root)
    if places is None:
        return [_own(persona, pid, bridge=False) for persona in personas], None
    from prismfs.engine.tenant.tenancy import Tenancy

    tenancy = Tenancy(places, root)
    problem = None if project.get("home", False) is False else tenancy.problem_with(pid)
    home = tenancy.home() if problem is None else None
    bridges = {} if home is None else {bridge.identity: bridge for bridge in home.bridges}
    if home is None or home.pid == pid:
        return [_own(persona, pid, bridge=persona["identity"] in bridges) for persona in personas], problem
    found = [_own(persona, pid, bridge=False) for persona in personas]
    operators = project["operators"]
    assert isinstance(operators, list)
    hidden = {name.casefold() for name in (*(entry.identity for entry in found), *map(str, operators))}
    for name, bridge in bridges.items():
        shown = f"{name}@{home.pid}" if name.casefold() in hidden else name
        found.append(Entry(name, bridge.role, "bridge", home.pid, bridge.availability, shown))
    return found, problem


def read_roster(root: Path) -> list[Document]:
    """Return the documents of the project's personas, in the order of their files; engines are left out.

    Raises:
        ConfigError: as for `read_entries`.
    """
    return _read(root)[1]


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


def _read(root: Path) -> tuple[Document, list[Document]]:
    """Return the document of the project, and those of its roster."""
    with reading(root) as connection:
        projects, personas = (
            [json.loads(text) for text in find_documents(connection, kind, where={"status": ""})[0]]
            for kind in ("project", "persona")
        )
    if not projects:
        from prismfs.kinds.core.settings.project import Project
        from prismfs.store.repo import ProjectRepo

        with ProjectRepo(root) as repo:  # it is missing or invalid, and the view says how
            projects = [repo.view(repo.snapshot()).single(Project).to_document()]
    roster = (persona for persona in personas if persona.get("class") != "engine")
    return projects[0], sorted(roster, key=lambda persona: f"{persona['identity'].lower()}.yaml")


def _own(persona: Document, pid: str, *, bridge: bool) -> Entry:
    identity, role, availability = (persona.get(name) for name in ("identity", "role", "availability"))
    kind, said = "bridge" if bridge else "project", None if availability is None else str(availability)
    return Entry(str(identity), str(role), kind, pid, said, str(identity))
