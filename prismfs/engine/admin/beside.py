"""A project beside the code that it serves: an orphan branch of the code's repository, in a work tree of its own.

The code's branch and files are not touched: one line in `info/exclude`, which git shares between work trees, hides the
folder from them. The work tree is locked, so that git neither removes nor prunes it, and its link is relative, so that
a moved or copied repository takes its project along. Source: git-worktree(1), gitrepository-layout(5) of git 2.39.
"""

import os
from pathlib import Path

from prismfs.engine.admin.init_project import FOLDERS
from prismfs.errors import ConflictError, RefusedError
from prismfs.store.git import remote as remotes
from prismfs.store.git.place import find_common_dir, find_git_dir
from prismfs.store.git.plumbing import NO_OBJECT
from prismfs.store.git.repository import Git
from prismfs.store.repo import ProjectRepo

FOLDER = ".prismfs"
"""The folder of a project beside code, where no other is named."""

_HEADS = "refs/heads/prismfs/"
_REMOTE = "refs/remotes/origin/prismfs/"
_LOCKED = "prismfs serves it; prismfs attach mends it\n"


def add_work_tree(code: Path, folder: Path, pid: str) -> None:
    """Make `folder`, in the work tree `code`, a work tree on the branch `prismfs/<pid>`; its files are not written.

    One that is there is mended: its link, its lock, and the line that hides it from the code.

    Raises:
        ConflictError: `folder_taken`; something else is there.
        StoreError: `not_a_repository`; `code` is none.
    """
    common = find_common_dir(find_git_dir(code)).resolve()
    admin = common / "worktrees" / f"prismfs-{pid}"
    if folder.exists() and any(folder.iterdir()) and not (folder / ".git").is_file() and not admin.exists():
        raise ConflictError("folder_taken", "holds something else", path=str(folder), hint="prismfs init --folder NAME")
    folder.mkdir(parents=True, exist_ok=True)
    admin.mkdir(parents=True, exist_ok=True)
    link = folder / ".git"
    for path, text in (
        (admin / "commondir", "../..\n"),
        (admin / "gitdir", f"{link.resolve()}\n"),
        (admin / "locked", _LOCKED),
        (link, f"gitdir: {os.path.relpath(admin, folder.resolve())}\n"),
    ):
        path.write_text(text)
    head = admin / "HEAD"
    if not head.exists():
        head.write_text(f"ref: {_HEADS}{pid}\n")
    _hide(common, code, folder)


def attach(code: Path, folder: Path, pid: str | None) -> str:
    """Bring the project that the code's repository, or where it was cloned from, holds to `folder`; return its id.

    What is there already stays; what is missing (branch, work tree, link, lock, inbox) is made.

    Raises:
        RefusedError: `no_project_branch`; `several_projects`, name one; `remote_refused`.
        StoreError: `not_a_repository`; `remote_unreachable`.
    """
    git_dir = find_git_dir(code)
    with Git(code, git_dir) as git:
        found = _pids(git) or _fetched(git, find_common_dir(git_dir))
        named = sorted(found) if pid is None else [pid] if pid in found else []
        if not named:
            raise RefusedError(
                "no_project_branch", "neither this repository nor its origin has a branch prismfs/PID-…",
                path=str(code), hint="prismfs init DIR --beside --pid PID-NAME makes one",
            )  # fmt: skip
        if len(named) > 1:
            raise RefusedError("several_projects", f"there are {', '.join(named)}", hint=f"--pid {named[0]}")
        (pid,) = named
        if git.resolve(f"{_HEADS}{pid}") is None:
            git.move({f"{_HEADS}{pid}": (NO_OBJECT, found[pid])})
            config = str(find_common_dir(git_dir) / "config")
            git.run("config", "--file", config, f"branch.prismfs/{pid}.remote", "origin")
            git.run("config", "--file", config, f"branch.prismfs/{pid}.merge", f"{_HEADS}{pid}")
    add_work_tree(code, folder, pid)
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    with ProjectRepo(folder, pid=pid) as repo, repo.writer():
        if not (folder / "prismfs.yaml").exists():
            repo.window.fill()
        repo.bring_window_if_free()
    return pid


def _pids(git: Git) -> dict[str, str]:
    """Return the projects that have a branch here or at origin, as this repository knows it: id to commit."""
    listed = git.run("for-each-ref", "--format=%(refname) %(objectname)", _REMOTE, _HEADS).decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in listed)
    return {name.rpartition("/")[2]: commit for name, commit in pairs if name.rpartition("/")[2].startswith("PID-")}


def _fetched(git: Git, common: Path) -> dict[str, str]:
    """Bring the branches of projects from origin, which a clone of one branch or of little depth leaves out."""
    address = git.run("config", "--file", str(common / "config"), "--get", "remote.origin.url", accept=(0, 1))
    if not address.strip():
        return {}
    place = remotes.remote_of("refs/prismfs/attach/", "origin", address.decode().strip(), f"{_HEADS}*", "origin")
    remotes.check_address_of(place)
    code, _, errors = git.reach(
        "fetch", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--refmap=", "--", place.address,
        f"+{_HEADS}*:{_REMOTE}*", seconds=remotes.SECONDS, personal=remotes.personal(),
    )  # fmt: skip
    if code:
        raise remotes.unreachable(place, errors)
    return _pids(git)


def _hide(common: Path, code: Path, folder: Path) -> None:
    """Hide the folder from the code's work trees by a line of its own."""
    line = f"/{folder.resolve().relative_to(code.resolve()).as_posix()}/\n"
    path = common / "info" / "exclude"
    path.parent.mkdir(exist_ok=True)
    text = path.read_text() if path.exists() else ""
    if line not in text.splitlines(keepends=True):
        path.write_text(text + ("" if not text or text.endswith("\n") else "\n") + line)
