"""Founding a project: the repository, its settings and roster, and what git must leave alone."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from prismfs import schema
from prismfs.errors import ConflictError, RecordError
from prismfs.kinds import kind_of, tenant
from prismfs.kinds.project import Project
from prismfs.kinds.tenant import Tenant
from prismfs.records.base import Record
from prismfs.store.defaults import default_files
from prismfs.store.place import make_repository
from prismfs.store.repo import ProjectRepo

FOLDERS = ("inbox", "quarantine", "run")
"""Beside the records, ignored by git: intake, refused files, health and nudges."""

_PLAIN_FILES = {
    ".gitignore": "".join(f"/{name}/\n" for name in FOLDERS).encode(),
    ".gitattributes": b"# Records are bytes: no line-ending conversion, no filters.\n* -text\n",
}


def found_project(root: Path, *, project: Project, now: datetime) -> tuple[str, bool]:
    """Make `root` a project; return the commit it starts from and whether it was made now.

    An existing repository keeps what it holds. A project of the same pid is left as it is.

    Raises:
        ConflictError: `other_project`; the folder is a project with another pid.
    """
    root.mkdir(parents=True, exist_ok=True)
    make_repository(root)
    with ProjectRepo(root) as store:
        path = kind_of(project).place_of(project)
        held = store.git.read(f"{store.branch}:{path}")
        if held is not None:
            _check_same(held, project, path)
            with store.writer():
                return store.snapshot().commit, False
        files = {path: kind_of(project).write(project), **_new_files(store)}
        message = f"project: found {project.pid}\n\nSettings, roster and schemas that prismfs starts with.\n"
        commit = store.found(files, message=message, seconds=int(now.timestamp()))
        with store.writer():
            store.bring_index()
    for name in FOLDERS:
        (root / name).mkdir(exist_ok=True)
    return commit, True


def _new_files(store: ProjectRepo) -> dict[str, bytes]:
    """Return what a project starts with, less what the branch holds already; `.gitignore` is extended."""
    held = store.git.resolve(store.branch)
    files = {**default_files(), **_schema_files(), **_PLAIN_FILES}
    if held is None:
        return files
    ignored = store.git.read(f"{held}:.gitignore")
    new = {path: data for path, data in files.items() if store.git.resolve(f"{held}:{path}") is None}
    if ignored is not None:
        lines = [line for line in files[".gitignore"].splitlines(keepends=True) if line not in ignored]
        new[".gitignore"] = ignored + (b"" if ignored.endswith(b"\n") else b"\n") + b"".join(lines)
    return new


def register(root: Path, project: Project) -> None:
    """Name the project in the tenant file beside its folder; the file is made if it is not there.

    Raises:
        ConflictError: `other_tenant`; the file beside the folder is another tenant's.
    """
    path = root.resolve().parent / tenant.KIND.folder
    old = path.read_bytes() if path.is_file() else None
    known = Tenant(tenant=project.tenant, projects={})
    if old is not None:
        found = tenant.KIND.read(old, path=tenant.KIND.folder)
        assert isinstance(found, Tenant)
        known = found
    if known.tenant != project.tenant:
        raise ConflictError(
            "other_tenant",
            f"is the file of tenant {known.tenant}",
            path=str(path),
            hint="choose another folder",
        )
    named = known.changed(projects={**known.projects, project.pid: root.resolve().name})
    temporary = path.with_name(".tenant.new")
    temporary.write_bytes(tenant.KIND.write(named, old=old))
    temporary.replace(path)


def _check_same(held: bytes, project: Project, path: str) -> None:
    try:
        known: Record = kind_of(project).read(held, path=path)
    except RecordError as error:
        raise ConflictError("other_project", str(error), path=path) from error
    if not isinstance(known, Project) or known.pid != project.pid:
        raise ConflictError(
            "other_project",
            "the folder is a project with another pid",
            path=path,
            hint="choose another folder",
        )


def _schema_files() -> dict[str, bytes]:
    return {f"schemas/{name}": data for name, data in schema.schema_files().items()}
