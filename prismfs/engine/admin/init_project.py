"""Setting up a project: the repository, its settings and roster, and what git ignores."""

from datetime import datetime
from pathlib import Path

from prismfs.errors import ConflictError, RecordError, RefusedError
from prismfs.kinds import kind_of
from prismfs.kinds.care.settings.consent import TEXT, TEXT_VERSION, Consent
from prismfs.kinds.core.settings import members, persona
from prismfs.kinds.core.settings.project import Project
from prismfs.proof.sshsig import public_line
from prismfs.records.api import Record
from prismfs.schema import schema_files
from prismfs.store.defaults import default_files
from prismfs.store.engine_key import engine_key, make_engine, read_engine
from prismfs.store.git.place import make_repository
from prismfs.store.repo import ProjectRepo

FOLDERS = ("inbox", "quarantine", "run")
"""Beside the records, ignored by git: intake, refused files, health and nudges."""

BRIDGES = ("Sage", "Clara")
"""The personas that a home project starts with as bridges (R-000-60, R-000-75)."""

RELAY = "Donna"
"""Who carries requests for review to the operators, where phone-homes are staged (R-000-07)."""

_PLAIN_FILES = {
    ".gitignore": "".join(f"/{name}/\n" for name in FOLDERS).encode(),
    ".gitattributes": b"# Records are bytes: no line-ending conversion, no filters.\n* -text\n",
}


def check_alone(folder: Path) -> None:
    """Accept a folder for a new project that is in no other project's: what is there is that one's to watch and keep.

    Raises:
        RefusedError: `project_within`.
    """
    if (folder / "prismfs.yaml").exists():
        return  # it is there already
    for above in folder.resolve().parents:
        if (above / "prismfs.yaml").is_file() and (above / ".git").exists():
            raise RefusedError(
                "project_within", f"is within the folder of another project, {above}", path=str(folder),
                hint="give a folder outside of it; projects of one tenant lie side by side",
            )  # fmt: skip


def init_project(root: Path, *, project: Project, now: datetime) -> tuple[str, bool]:
    """Make `root` a project; return the commit it starts from and whether it was made now.

    An existing repository keeps what it holds. A project of the same pid is left as it is; what an `init` that was
    killed has left undone is done. A new one has an engine in
    its roster, whose key is made outside of the repository (`store.engine_key`). The bridges that `project`
    names are of class bridge in its roster; one that names a home reaches its intake desk there, and has no persona of
    those names.

    Raises:
        ConflictError: `other_project`; the folder is a project with another pid; as in `check_folder`.
        RefusedError, StoreError: the engine's key cannot be made, such as `key_in_repository`.
    """
    check_folder(root)
    root.mkdir(parents=True, exist_ok=True)
    make_repository(root)
    with ProjectRepo(root, pid=project.pid) as store:
        path = kind_of(project).place_of(project)
        # The records come first: an `init` that was killed has made them, and perhaps no branch yet.
        held = store.git.read(f"{store.place.truth}:{path}") or store.git.read(f"{store.place.window}:{path}")
        if held is not None:
            _check_same(held, project, path)
        else:
            files = {
                path: kind_of(project).write(project),
                **_new_files(store, _desk_files(project, now)),
                **_engine_file(store, project),
            }
            message = f"project: found {project.pid}\n\nSettings, roster and schemas that prismfs starts with.\n"
            store.make_first_commit(files, message=message, seconds=int(now.timestamp()))
        with store.writer():
            commit = store.snapshot().commit
            store.bring_window_if_free()
    for name in FOLDERS:
        (root / name).mkdir(exist_ok=True)
    return commit, held is None


def check_folder(root: Path) -> None:
    """Accept any folder as a project but the root of the file system.

    Raises:
        ConflictError: `whole_disk`, `folder_taken`.
    """
    if root.resolve() == Path(root.resolve().anchor):
        raise ConflictError("whole_disk", "the root of the file system is no project", hint="name a folder of its own")
    within = next(one for one in (root.absolute(), *root.absolute().parents) if one.exists())
    if not within.is_dir():
        raise ConflictError("folder_taken", "is a file", path=str(within), hint="name a folder")


def _desk_files(project: Project, now: datetime) -> dict[str, bytes]:
    """Return the settings and the roster that `project` starts with."""
    files, bridged = default_files(), not isinstance(project.home, bool)
    if not project.is_home:
        del files[members.KIND.folder]
    if bridged:
        del files[persona.KIND.path_of(RELAY)]
    for name in BRIDGES:
        path = persona.KIND.path_of(name)
        if bridged:
            del files[path]
        elif name in project.bridges:
            old = persona.KIND.read(files[path], path=path)
            files[path] = persona.KIND.write(old.changed(persona_class="bridge"), old=files[path])
    shown = Consent(text_version=TEXT_VERSION, text=TEXT, shown_to=project.operators[0], at=now)
    files[kind_of(shown).folder] = kind_of(shown).write(shown)
    return files


def _engine_file(store: ProjectRepo, project: Project) -> dict[str, bytes]:
    """Return the roster's file of this clone's engine; its key is made unless there is one already."""
    engine, signer = read_engine(store.state), engine_key(store.state, project.pid)
    name = None if engine is None else engine.name
    if name is None or signer is None:
        name, signer = make_engine(store.state, project.pid)
    entry = persona.engine_entry(name, public_line(signer.public))
    return {persona.KIND.place_of(entry): persona.KIND.write(entry)}


def _new_files(store: ProjectRepo, desk_files: dict[str, bytes]) -> dict[str, bytes]:
    """Return what a project starts with, less what the branch holds already; `.gitignore` is extended."""
    held = store.git.resolve(store.place.window)
    schemas = {f"schemas/{name}": data for name, data in schema_files().items()}
    files = {**desk_files, **schemas, **_PLAIN_FILES}
    if held is None:
        return files
    ignored = store.git.read(f"{held}:.gitignore")
    new = {path: data for path, data in files.items() if store.git.resolve(f"{held}:{path}") is None}
    if ignored is not None:
        lines = [line for line in files[".gitignore"].splitlines(keepends=True) if line not in ignored]
        new[".gitignore"] = ignored + (b"" if ignored.endswith(b"\n") else b"\n") + b"".join(lines)
    return new


def _check_same(held: bytes, project: Project, path: str) -> None:
    try:
        known: Record = kind_of(project).read(held, path=path)
    except RecordError as error:
        raise ConflictError("other_project", str(error), path=path) from error
    if not isinstance(known, Project) or known.pid != project.pid:
        raise ConflictError(
            "other_project", "the folder is a project with another pid", path=path, hint="choose another folder"
        )
