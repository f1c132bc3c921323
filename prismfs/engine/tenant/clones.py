"""The projects of a tenant on this machine: local folders, and clones of remote projects."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prismfs.engine.tenant.places import Places, is_remote
from prismfs.engine.tenant.publish import publish
from prismfs.engine.tenant.tenancy import Tenancy
from prismfs.engine.turn.desk import Desk
from prismfs.errors import ConflictError, PrismfsError
from prismfs.store.git import remote as remotes
from prismfs.store.git.clone import clear_dead_clones, clone
from prismfs.store.lock import Lock


@dataclass(frozen=True, slots=True)
class TenantProject:
    """One project of the tenant; `error` says why it cannot be served, `remote` that it is a clone."""

    pid: str
    root: Path
    remote: bool
    error: PrismfsError | None = None


def find_projects(folder: Path, *, seconds: float = remotes.SECONDS) -> list[TenantProject]:
    """Return the projects of the tenant at `folder` in its file's order; a remote one is cloned on first use.

    What is wrong with one keeps none of the others back.

    Raises:
        ConfigError: `tenant.yaml` is invalid.
    """
    places = Places(folder)
    found = []
    for pid, root in places.roots().items():
        place = places.known[pid]
        error: PrismfsError | None = None
        try:
            if is_remote(place) and not root.exists():
                clone_once(place, root, seconds)
            _check_pid(Tenancy(places, root), pid)
        except PrismfsError as problem:
            error = problem
        found.append(TenantProject(pid, root, is_remote(place), error))
    return found


def publish_clones(roots: Iterable[Path], now: datetime) -> dict[Path, PrismfsError]:
    """Publish each clone; return what was wrong with those that could not be."""
    wrong = {}
    for root in roots:
        try:
            with Desk(root) as desk:
                publish(desk, now)
        except PrismfsError as error:
            wrong[root] = error
    return wrong


def clone_once(address: str, root: Path, seconds: float = remotes.SECONDS) -> None:
    """Clone the project at `address` to `root`, unless another process of this machine does so or has done so.

    Raises:
        PrismfsError: it cannot be reached, or not cloned.
    """
    lock = Lock(root.parent / f".{root.name}.lock")
    try:
        lock.acquire(wait=2 * seconds)
        if not root.exists():
            clear_dead_clones(root)
            clone(address, root, seconds=seconds)
        lock.release()
    finally:
        lock.close()


def _check_pid(tenancy: Tenancy, pid: str) -> None:
    """Refuse a project whose own id differs from that in `tenant.yaml`: no project may pose as another.

    Raises:
        ConflictError: `pid_mismatch`.
    """
    project = tenancy.project_of(pid)
    if project is not None and project.pid != pid:
        raise ConflictError(
            "pid_mismatch", f"tenant.yaml has this project as {pid}, its prismfs.yaml says {project.pid}",
            path="tenant.yaml", field=f"/projects/{pid}", hint="correct the one that is wrong",
        )  # fmt: skip
