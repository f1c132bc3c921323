"""The doctor's checks of a tenant: its file, its projects, and personas that claim to be a bridge (R-000-76)."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from prismfs.engine.tenant.places import Places, is_remote
from prismfs.engine.tenant.tenancy import Tenancy, find_tenancy
from prismfs.engine.trust.endorsement import roster_at
from prismfs.errors import PrismfsError, Problem
from prismfs.kinds.care.settings import consent
from prismfs.kinds.care.settings.consent import TEXT_VERSION, Consent
from prismfs.kinds.core.settings.project import Project
from prismfs.store.git.clone import check_address
from prismfs.store.repo import ProjectRepo

Look = Callable[[], Problem | None]


def tenant_checks(folder: Path) -> Iterator[tuple[str, Look]]:
    """Yield the checks of a tenant's folder: the name of each, and the check itself, which may raise."""
    places = Places(folder)
    yield "tenant.yaml is valid", partial(_check_file, places)
    try:
        projects = places.known
    except PrismfsError:
        return
    for pid, place in projects.items():
        yield f"{pid} is there and is what it says", partial(_check_project, places, pid, place)
    yield "the home project has bridges", partial(_check_home, folder)


def project_checks(repo: ProjectRepo) -> Iterator[tuple[str, Look]]:
    """Yield the checks of a project that concern its tenant."""
    yield "nobody claims to be a bridge", partial(_check_claims, repo)
    yield "the home is the one that is named, and lists this project", partial(_check_belongs, repo)
    yield f"what may leave was told{_told(repo)}", partial(_check_consent, repo)


def _check_file(places: Places) -> None:
    assert places.known is not None


def _check_project(places: Places, pid: str, place: str) -> Problem | None:
    field, root = f"/projects/{pid}", places.resolve(pid, place)
    if is_remote(place):
        check_address(place)
    if not root.exists():
        if is_remote(place):
            return Problem("not_cloned", "has no clone here yet", path=str(root), field=field, hint="prismfs watch")
        return Problem(
            "missing_project", "is not there", path=str(root), field=field, hint="correct its place in tenant.yaml"
        )
    tenancy = Tenancy(places, root)
    found = tenancy.project_of(pid)
    if found is None:
        return Problem("unreadable_project", "is no project that can be read", path=str(root), field=field)
    if found.pid != pid:
        said = f"tenant.yaml has it as {pid}, its prismfs.yaml says {found.pid}"
        return Problem("pid_mismatch", said, path=str(root), field=field, hint="correct the one that is wrong")
    problem = tenancy.problem_with(pid)
    home = None if problem is not None else tenancy.home()
    if home is not None and found.tenant != home.tenant:
        said = f"is of tenant {found.tenant}: no signal crosses to it or from it"
        return Problem("other_tenant", said, path=str(root), field=field, hint="take it out of tenant.yaml")
    return problem


def _check_home(folder: Path) -> Problem | None:
    from prismfs.engine.admin.membership import find_home  # it decides, and a lone project's doctor does not

    found = find_home(folder)
    if found is None:
        hint = "prismfs init FOLDER --pid PID --tenant T --home"
        return Problem("no_home", "no project says that it is the home", path="tenant.yaml", hint=hint)
    if not found[1].bridges:
        return Problem(
            "no_bridges", f"{found[1].pid} has no bridge: nobody reaches its intake desk", path="prismfs.yaml",
            field="/bridges", hint="prismfs roster elevate NAME there",
        )  # fmt: skip
    return None


def _check_belongs(repo: ProjectRepo) -> Problem | None:
    project = repo.view(repo.snapshot()).single(Project)
    if project.home is False:
        return None
    tenancy = find_tenancy(repo.root)
    return None if tenancy is None else tenancy.problem_with(project.pid)


def _check_claims(repo: ProjectRepo) -> Problem | None:
    """Name the first persona that is a bridge by one of class and allow-list, and not by both."""
    snapshot = repo.snapshot()
    project = repo.view(snapshot).single(Project)
    home = project.is_home
    personas = {persona.identity.casefold(): persona for persona in roster_at(repo.git, snapshot.commit)}
    listed = {name.casefold(): name for name in project.bridges} if home else {}
    for key, persona in personas.items():
        if persona.persona_class == "bridge" and key not in listed:
            said = "the home project's prismfs.yaml does not list it" if home else "this is not the home project"
            return Problem(
                "claims_bridge", f"{persona.identity} says class: bridge and is none: {said}",
                path=f"roster/{key}.yaml", field="/class", hint=f"prismfs roster {'elevate' if home else 'list'}",
            )  # fmt: skip
    for key, name in listed.items():
        if key not in personas or personas[key].persona_class != "bridge":
            return Problem(
                "claims_bridge", f"{name} is listed and is none: its persona is not of class bridge",
                path="prismfs.yaml", field="/bridges", hint=f"prismfs roster elevate {name}, or demote",
            )  # fmt: skip
    return None


def _check_consent(repo: ProjectRepo) -> Problem | None:
    found = _consent(repo)
    if found is None:
        return Problem(
            "no_consent", "nobody was told what may leave this project", path=consent.KIND.folder,
            hint="prismfs init shows the text and keeps who was shown it",
        )  # fmt: skip
    if found.text_version < TEXT_VERSION:
        said = f"{found.shown_to} was shown an older text than the one that holds now"
        return Problem(
            "consent_outdated", said, path=consent.KIND.folder, field="/text_version",
            hint="take text and text_version from the file that prismfs init writes for a new project",
        )  # fmt: skip
    return None


def _told(repo: ProjectRepo) -> str:
    try:
        found = _consent(repo)
    except PrismfsError:
        return ""
    return "" if found is None else f" to {found.shown_to} on {found.at:%Y-%m-%d}"


def _consent(repo: ProjectRepo) -> Consent | None:
    """Return the record of who was shown which text; R-000-40."""
    path = consent.KIND.folder
    data = repo.read(repo.snapshot(), path)
    found = None if data is None else consent.KIND.read(data, path=path)
    assert found is None or isinstance(found, Consent)
    return found
