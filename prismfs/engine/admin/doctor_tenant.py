"""The doctor's checks of a tenant: its file, its projects, and personas that claim to be a bridge (R-000-76)."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from prismfs.engine.tenant.tenancy import Tenancy, find_tenancy, is_remote
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
    tenancy = Tenancy(folder)
    yield "tenant.yaml is valid", partial(_check_file, tenancy)
    try:
        projects = tenancy.tenant.projects
    except PrismfsError:
        return
    for pid, place in projects.items():
        yield f"{pid} is there and is what it says", partial(_check_project, tenancy, pid, place)
    yield "the home project has bridges", partial(_check_home, tenancy)


def project_checks(repo: ProjectRepo) -> Iterator[tuple[str, Look]]:
    """Yield the checks of a project that concern its tenant."""
    yield "nobody claims to be a bridge", partial(_check_claims, repo)
    yield f"what may leave was told{_told(repo)}", partial(_check_consent, repo)


def _check_file(tenancy: Tenancy) -> None:
    assert tenancy.tenant


def _check_project(tenancy: Tenancy, pid: str, place: str) -> Problem | None:
    field, root = f"/projects/{pid}", tenancy.root_of(pid)
    assert root is not None
    if is_remote(place):
        check_address(place)
    if not root.exists():
        if is_remote(place):
            return Problem("not_cloned", "has no clone here yet", path=str(root), field=field, hint="prismfs watch")
        return Problem(
            "missing_project", "is not there", path=str(root), field=field, hint="correct its place in tenant.yaml"
        )
    found = tenancy.project_of(pid)
    if found is None:
        return Problem("unreadable_project", "is no project that can be read", path=str(root), field=field)
    if found.pid != pid:
        said = f"tenant.yaml has it as {pid}, its prismfs.yaml says {found.pid}"
        return Problem("pid_mismatch", said, path=str(root), field=field, hint="correct the one that is wrong")
    if found.tenant != tenancy.tenant.tenant:
        said = f"is of tenant {found.tenant}: no signal crosses to it or from it"
        return Problem("other_tenant", said, path=str(root), field=field, hint="take it out of tenant.yaml")
    return None


def _check_home(tenancy: Tenancy) -> Problem | None:
    home = tenancy.tenant.home
    if home is None:
        return Problem("no_home", "the tenant names no home project", path="tenant.yaml", field="/home")
    found = tenancy.project_of(home)
    if found is not None and not found.home:
        said = f"{home} does not say that it is the home"
        return Problem("not_home", said, path="prismfs.yaml", field="/home", hint="home: true there")
    if not tenancy.bridges():
        return Problem(
            "no_bridges", f"{home} has no bridge: nobody reaches its intake desk", path="prismfs.yaml",
            field="/bridges", hint="prismfs roster elevate NAME there",
        )  # fmt: skip
    return None


def _check_claims(repo: ProjectRepo) -> Problem | None:
    """Name the first persona that is a bridge by one of class and allow-list, and not by both."""
    snapshot = repo.snapshot()
    project, tenancy = repo.view(snapshot).single(Project), find_tenancy(repo.root)
    home = project.home and (tenancy is None or tenancy.tenant.home == project.pid)
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
