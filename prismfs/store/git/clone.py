"""Cloning a remote project by its address.

Its name is given last, so that a clone that was cut off is begun anew and never taken for one. No hook, template or
setting of the other repository comes with it. Source: git-ls-remote(1), git-config(1), of git 2.39.
"""

import re
import shutil
import tempfile
from pathlib import Path

from prismfs.errors import RefusedError, StoreError
from prismfs.store.git import remote as remotes
from prismfs.store.git.place import find_git_dir, make_repository
from prismfs.store.git.plumbing import NO_OBJECT
from prismfs.store.git.repository import Git
from prismfs.store.repo import ProjectRepo

_SCHEMES = ("file", "git", "http", "https", "ssh")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^:].*")
_HEAD = re.compile(r"^ref: (refs/heads/[^\s]+)\tHEAD$", re.MULTILINE)
_NAME = "origin"


def check_address(address: str) -> None:
    """Accept an address of a transport that runs no program: a URL of a known scheme, or `user@host:path`.

    Raises:
        RefusedError: `remote_refused`.
    """
    scheme, separator, rest = address.partition("://")
    if separator and scheme in _SCHEMES and rest and not rest.startswith("-") and "::" not in scheme:
        return
    if _HOST.fullmatch(address):
        return
    raise RefusedError(
        "remote_refused", f"{remotes.said(address)} is no place to clone from",
        hint=f"a URL of {', '.join(_SCHEMES)}, or user@host:path",
    )  # fmt: skip


def clone(address: str, root: Path, *, seconds: float = remotes.SECONDS) -> None:
    """Make `root` a clone of the branch that is checked out at `address`, which becomes its upstream.

    Raises:
        RefusedError: `remote_refused`.
        StoreError: `remote_unreachable`; `no_commits` there; the disk is full or cannot be written.
    """
    check_address(address)
    root.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
    try:
        _fill(address, made, seconds)
        made.rename(root)
    except OSError as error:
        raise StoreError("read_only", f"the clone cannot be written: {error.strerror}", path=str(root)) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def clear_dead_clones(root: Path) -> None:
    """Remove what an interrupted clone left beside `root`; the caller holds the lock on cloning."""
    for begun in root.parent.glob(f".{root.name}-*"):
        shutil.rmtree(begun, ignore_errors=True)


def _fill(address: str, root: Path, seconds: float) -> None:
    make_repository(root)
    git_dir = find_git_dir(root)
    with Git(root, git_dir) as git:
        branch = _branch_of(git, address, seconds)
        short = branch.removeprefix("refs/heads/")
        place = remotes.remote_of("refs/prismfs/clone/", address, address, branch, _NAME)
        head = remotes.fetch(git, place, seconds=seconds)
        if head is None:
            raise StoreError("no_commits", "has no commit yet", path=remotes.said(address))
        for key, value in (
            (f"remote.{_NAME}.url", address),
            (f"remote.{_NAME}.fetch", f"+refs/heads/*:refs/remotes/{_NAME}/*"),
            (f"branch.{short}.remote", _NAME),
            (f"branch.{short}.merge", branch),
        ):
            git.run("config", "--file", str(git_dir / "config"), key, value)
        git.run("symbolic-ref", "HEAD", branch)
        git.move({branch: (NO_OBJECT, head), place.ours: (head, NO_OBJECT), place.fetched: (head, NO_OBJECT)})
    with ProjectRepo(root) as repo, repo.writer():
        repo.window.fill()


def _branch_of(git: Git, address: str, seconds: float) -> str:
    """Return the branch that the other repository has checked out, or would have."""
    code, output, errors = git.reach(
        "ls-remote", "--symref", "--", address, "HEAD", seconds=seconds, personal=remotes.personal(git.root)
    )
    if code:
        raise remotes.unreachable(remotes.remote_of("", address, address, "", _NAME), errors)
    found = _HEAD.search(output)
    if found is None:
        raise StoreError("no_commits", "has no branch checked out", path=remotes.said(address))
    return found[1]
