"""A project beside the code that it serves: an orphan branch of the code's repository, in a work tree of its own.

The code's branch and files are not touched: one line in `info/exclude`, which git shares between work trees, hides the
folder from them. The work tree is locked, so that git neither removes nor prunes it, and its link is relative, so that
a moved or copied repository takes its project along. Source: git-worktree(1), gitrepository-layout(5) of git 2.39.
"""

import os
import re
from contextlib import suppress
from pathlib import Path

from prismfs.engine.admin.init_project import FOLDERS
from prismfs.errors import ConflictError, PrismfsError, RefusedError, StoreError, UsageError
from prismfs.store.git import remote as remotes
from prismfs.store.git.history import check_whole
from prismfs.store.git.place import find_common_dir, find_git_dir
from prismfs.store.git.plumbing import NO_OBJECT
from prismfs.store.git.remote import Remote
from prismfs.store.git.repository import Git
from prismfs.store.repo import ProjectRepo

FOLDER = ".prismfs"
"""The folder of a project beside code, where no other is named."""

_HEADS = "refs/heads/prismfs/"
_REMOTE = "refs/remotes/origin/prismfs/"
_REFSPEC = f"+{_HEADS}*:{_REMOTE}*"
_LOCKED = "prismfs serves it; prismfs attach mends it\n"


def top_of(folder: Path) -> Path:
    """Return the top of the repository that `folder` lies in, such as a package of a monorepo.

    Raises:
        StoreError: `not_a_repository`.
    """
    for top in (folder, *folder.resolve().parents):
        with suppress(StoreError):
            find_git_dir(top)
            return top
    find_git_dir(folder)
    return folder


def folder_in(code: Path, name: str | None) -> Path:
    """Return the folder of a project beside `code`, whose work tree it lies in.

    Raises:
        UsageError: `name` leads out of the code, into its git directory, or could be no line of `info/exclude`.
    """
    folder = code / (name or FOLDER)
    top, there = code.resolve(), folder.resolve()
    inside = top in there.parents and ".git" not in there.relative_to(top).parts
    if not inside or not str(there).isprintable():
        raise UsageError("usage", f"--at {name} is no folder below {code}", hint="give a name such as .desk")
    return folder


def planned(code: Path, folder: Path, pid: str) -> tuple[str, ...]:
    """Return what a new project beside `code` writes into its repository: nothing else is touched.

    Raises:
        ConflictError: `project_at_origin`; another first commit under its name could never be brought together with it.
        StoreError: `not_a_repository`; `code` is none.
    """
    with Git(code, find_git_dir(code)) as git:
        if git.resolve(f"{_REMOTE}{pid}") is not None and git.resolve(f"{_HEADS}{pid}") is None:
            raise ConflictError("project_at_origin", f"origin has {pid} already", path=str(code), hint="prismfs attach")
    common, name = find_common_dir(find_git_dir(code)), f"prismfs/{pid}"
    return (
        f"a branch {name} and references below refs/prismfs/{pid}/",
        f"{common / 'worktrees' / f'prismfs-{pid}'}: a locked work tree, {folder}",
        f"{common / name}: lock, marks and projection",
        f"{common / 'info' / 'exclude'}: one line, {_pattern(code, folder)}, that hides it from the code",
    )


def folders_beside(folder: Path) -> list[Path]:
    """Return the projects that are seen beside the code that `folder` lies in, under whatever name."""
    with suppress(StoreError, OSError):
        top = top_of(folder).resolve()
        links = sorted((find_common_dir(find_git_dir(top)) / "worktrees").glob("prismfs-*/gitdir"))
        found = [Path(link.read_text().strip()).parent for link in links]
        return [one for one in found if top in one.parents and (one / "prismfs.yaml").is_file()]
    return []


def way_to_a_project(folder: Path) -> str:
    """Return the next step where `folder` is in no project: one that its repository holds is not to be made again."""
    with suppress(PrismfsError):
        top = top_of(folder)
        with Git(top, find_git_dir(top)) as git:
            found = sorted(_pids(git))
            if found:
                return f"prismfs attach {top} brings {', '.join(found)}, which is beside this code"
            if git.resolve("HEAD") is None:
                return "git switch BRANCH in a clone of a project; prismfs init DIR --pid PID-NAME makes one"
    return "prismfs init DIR --pid PID-NAME makes one"


def add_work_tree(code: Path, folder: Path, pid: str) -> None:
    """Make `folder`, in the work tree `code`, a work tree on the branch `prismfs/<pid>`; its files are not written.

    One that is there is mended: its link, its lock, and the line that hides it from the code.

    Raises:
        ConflictError: `folder_taken`, something else is there; `attached_elsewhere`, the project is seen in another
            folder, such as beside another work tree of the code; `branch_taken`.
        StoreError: `not_a_repository`; `code` is none.
    """
    with Git(code, find_git_dir(code)) as git:
        _check_branch(git)
    common = find_common_dir(find_git_dir(code)).resolve()
    admin = common / "worktrees" / f"prismfs-{pid}"
    link = folder / ".git"
    _check_free(folder, link, admin)
    folder.mkdir(parents=True, exist_ok=True)
    admin.mkdir(parents=True, exist_ok=True)
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


def shown_as(code: Path, folder: Path) -> str | None:
    """Return the line for its `.gitignore` where `code` shows the folder all the same; None where it is hidden.

    What stands there, such as `!*/`, outranks `info/exclude`.
    """
    with Git(code, find_git_dir(code)) as git:
        hidden = git.status("check-ignore", "--quiet", "--no-index", "--", f"{folder.resolve()}/") == 0
    return None if hidden else _pattern(code, folder)


def _check_free(folder: Path, link: Path, admin: Path) -> None:
    ours = _leads_to(link)
    within = next(one for one in (folder, *folder.parents) if one.exists())
    if not within.is_dir():
        raise ConflictError("folder_taken", "is a file", path=str(within), hint="move it, or give --at NAME")
    if within == folder and any(folder.iterdir()) and (ours is None and not admin.exists()):
        raise ConflictError("folder_taken", "holds something else", path=str(folder), hint="move it, or give --at NAME")
    if ours is not None and ours.name != admin.name:  # the same name in another repository: this one is a copy
        said = f"is the work tree of {ours.name.removeprefix('prismfs-')}"
        raise ConflictError("folder_taken", said, path=str(folder), hint="give --at NAME")
    with suppress(OSError):
        noted = Path((admin / "gitdir").read_text().strip())  # the old place, where somebody has moved the code
        for there in (noted, *(admin.parents[2].joinpath(*noted.parts[-n:]) for n in range(2, len(noted.parts)))):
            if there.resolve() != link.resolve() and _leads_to(there) == admin:
                raise ConflictError(
                    "attached_elsewhere", f"the project is seen in {there.parent}", path=str(folder),
                    hint=f"prismfs -C {there.parent}, or move that folder away first",
                )  # fmt: skip


def _check_branch(git: Git) -> None:
    """Refuse a branch `prismfs` of the code's: git keeps no others below the name of one."""
    name = _HEADS.rstrip("/")
    if git.resolve(name) is not None:
        raise ConflictError(
            "branch_taken", "the code has a branch prismfs, and beside it there can be no branch prismfs/PID-…",
            path=name, hint="git branch -m prismfs NAME, then again",
        )  # fmt: skip


def _leads_to(link: Path) -> Path | None:
    """Return the administrative folder that the `.git` file of a work tree names, None where it is none."""
    with suppress(OSError, UnicodeDecodeError):
        text = link.read_text()
        if text.startswith("gitdir: "):
            return (link.parent / text.removeprefix("gitdir: ").strip()).resolve()
    return None


def attach(code: Path, folder: Path, pid: str | None) -> str:
    """Bring the project that the code's repository, or where it was cloned from, holds to `folder`; return its id.

    What is there already stays; what is missing (branch, its history, work tree, link, lock, inbox) is made.

    Raises:
        RefusedError: `no_project_branch`; `several_projects`, name one; `remote_refused`.
        ConflictError: `folder_taken`, `attached_elsewhere`, `branch_taken`.
        StoreError: `not_a_repository`; `remote_unreachable`; `history_shallow`, and origin has no more of it either.
    """
    git_dir = find_git_dir(code).absolute()  # its configuration is named to a git that runs in `code`
    with Git(code, git_dir) as git:
        common = find_common_dir(git_dir)
        origin = _origin(git, common)
        found = _pids(git) or _fetched(git, origin)
        named = sorted(found) if pid is None else [pid] if pid in found else []
        if not named:
            raise RefusedError(
                "no_project_branch", "neither this repository nor its origin has a branch prismfs/PID-…",
                path=str(code), hint="prismfs init DIR --beside --pid PID-NAME makes one",
            )  # fmt: skip
        if len(named) > 1:
            raise RefusedError("several_projects", f"there are {', '.join(named)}", hint=f"--pid {named[0]}")
        (pid,) = named
        _bring_history(git, common, origin, found[pid])
        _check_branch(git)
        if git.resolve(f"{_HEADS}{pid}") is None:
            git.move({f"{_HEADS}{pid}": (NO_OBJECT, found[pid])})
            _set(git, common, f"branch.prismfs/{pid}.remote", "origin")
            _set(git, common, f"branch.prismfs/{pid}.merge", f"{_HEADS}{pid}")
    add_work_tree(code, folder, pid)
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    with ProjectRepo(folder, pid=pid) as repo:
        if not (folder / "prismfs.yaml").exists():
            repo.window.fill()  # before what was seen last is looked at: `recover` is to find the project
        with repo.writer():
            repo.bring_window_if_free()
    return pid


def _pids(git: Git) -> dict[str, str]:
    """Return the projects that have a branch here or at origin, as this repository knows it: id to commit."""
    listed = git.run("for-each-ref", "--format=%(refname) %(objectname)", _REMOTE, _HEADS).decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in listed)
    return {name.rpartition("/")[2]: commit for name, commit in pairs if name.rpartition("/")[2].startswith("PID-")}


def _origin(git: Git, common: Path) -> Remote | None:
    """Return where this repository was cloned from; None where it was not.

    A clone of one branch is told to fetch those of projects, too, so that people's `git fetch` and `git pull` do.
    """
    address = _get(git, common, "remote.origin.url")
    if not address:
        return None
    if not {_REFSPEC, "+refs/heads/*:refs/remotes/origin/*"} & set(_get(git, common, "remote.origin.fetch")):
        _set(git, common, "remote.origin.fetch", _REFSPEC, "--add")
    found = remotes.remote_of("refs/prismfs/attach/", "origin", address[0], f"{_HEADS}*", "origin")
    remotes.check_address_of(found)
    return found


def _fetched(git: Git, origin: Remote | None) -> dict[str, str]:
    """Bring the branches of projects from origin, which a clone of one branch or of little depth leaves out."""
    errors = None if origin is None else remotes.bring(git, origin, (_REFSPEC,))
    if origin is not None and errors is not None:
        raise remotes.unreachable(origin, errors)
    return _pids(git)


def _bring_history(git: Git, common: Path, origin: Remote | None, head: str) -> None:
    """Bring what a shallow or partial clone has left out of a project's history.

    Raises:
        StoreError: `history_shallow`; there is no origin, or it has no more either. `remote_unreachable`.
    """
    shallow = common / "shallow"
    cut = set(shallow.read_text().split()) if shallow.exists() else set()
    if not cut.isdisjoint(git.run("rev-list", head).decode().split()):
        option = "--unshallow"
        # Nothing is pruned but edges of commits that are not here: after a clone --shallow-since they stop git fetch.
        git.run("prune", "--expire=never")
    else:
        try:
            check_whole(git, head)
            return
        except StoreError as error:
            if error.code not in ("history_shallow", "objects_lost") or origin is None:
                raise
        option = "--refetch"
    errors = None if origin is None else remotes.bring(git, origin, (_REFSPEC,), option)
    if origin is not None and errors is not None:
        raise remotes.unreachable(origin, errors)
    check_whole(git, head)


def _get(git: Git, common: Path, key: str) -> list[str]:
    raw = git.run("config", "--file", str(common / "config"), "--null", "--get-all", key, accept=(0, 1))
    return raw.decode().split("\0")[:-1]


def _set(git: Git, common: Path, key: str, value: str, *options: str) -> None:
    git.run("config", "--file", str(common / "config"), *options, key, value)


def _hide(common: Path, code: Path, folder: Path) -> None:
    """Hide the folder from the code's work trees by a line of its own."""
    line = f"{_pattern(code, folder)}\n"
    path = common / "info" / "exclude"
    path.parent.mkdir(exist_ok=True)
    text = path.read_text() if path.exists() else ""
    if line not in text.splitlines(keepends=True):
        path.write_text(text + ("" if not text or text.endswith("\n") else "\n") + line)


def _pattern(code: Path, folder: Path) -> str:
    name = folder.resolve().relative_to(code.resolve()).as_posix()
    return "/" + re.sub(r"([\\*?[])", r"\\\1", name) + "/"
