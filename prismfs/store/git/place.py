"""Where a project lies in a repository, found without running git.

One repository may hold several projects. What is a project's own stands in `<common git directory>/prismfs/<PID>/`:
its lock, marks and projection, the engine's own git directory, and the file `window`, which says in which work tree
people see it and on which branch.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from prismfs.errors import StoreError

_WINDOW = "window"

_CONFIG = """\
# Written by prismfs at each start: the engine's own view of this repository, without its configuration and hooks.
[core]
\trepositoryFormatVersion = 0
\tbare = true
\tlogAllRefUpdates = true
"""
_FORM = re.compile(r"(?im)^\s*(repositoryformatversion|objectformat|refstorage)\s*=\s*\"?(\w+)")
_READ = {"repositoryformatversion": ("0", "1"), "objectformat": ("sha1",), "refstorage": ("files",)}
_LINKS = ("objects", "refs", "packed-refs", "logs")


@dataclass(frozen=True, slots=True)
class Place:
    """A project in a repository.

    `git_dir` is the git directory of the work tree `root`, `common` that of the whole repository, `window` the branch
    that people see (`refs/heads/…`), `truth` the reference of the records, which the engine alone moves.
    """

    root: Path
    git_dir: Path
    common: Path
    pid: str
    window: str

    @property
    def state(self) -> Path:
        """The folder of what is the project's own."""
        return self.common / "prismfs" / self.pid

    @property
    def own(self) -> str:
        """The prefix of the engine's references."""
        return f"refs/prismfs/{self.pid}/"

    @property
    def truth(self) -> str:
        """The reference of the records."""
        return f"{self.own}records"

    @property
    def scratch(self) -> str:
        """The reference at which new commits are written before they are moved to."""
        return f"{self.own}scratch"

    @property
    def reference(self) -> Path:
        """The file that git writes when the window moves, unless it is packed."""
        return self.common / self.window

    @property
    def engine_git(self) -> Path:
        """The git directory that the engine works through."""
        return self.state / "git"


def make_repository(root: Path) -> None:
    """Make `root` a git repository with branch `main`; one that is there already stays as it is.

    One that a killed `git init` has left without its last folder is completed.

    Raises:
        StoreError: git is missing, or the folder cannot be written.
    """
    if (root / ".git").is_file() or (root / ".git" / "objects").exists():
        return
    try:
        import git  # here: importing it takes longer than all the rest (docs/decisions/0026)
    except ImportError as error:
        raise StoreError("git_missing", "git was not found", hint="install git 2.39 or newer") from error
    try:
        git.Repo.init(root, initial_branch="main").close()
    except (OSError, git.GitError) as error:
        raise StoreError("read_only", f"git init: {error}", path=str(root)) from error


def find_git_dir(root: Path) -> Path:
    """Return the git directory of the work tree `root`; a bare repository is its own.

    Raises:
        StoreError: `not_a_repository`.
    """
    entry = root / ".git"
    if entry.is_dir():
        return entry
    with suppress(OSError):
        text = entry.read_text()
        if text.startswith("gitdir: "):
            return (root / text.removeprefix("gitdir: ").strip()).resolve()
    if is_bare(root):
        return root
    raise StoreError("not_a_repository", "is not a git repository", path=str(root), hint="prismfs init makes one")


def is_bare(folder: Path) -> bool:
    """Tell whether the folder is itself a git directory."""
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir()


def check_form(common: Path) -> None:
    """Accept a repository whose objects and references are kept in a way that the engine reads.

    Nothing else of its configuration reaches the engine. Source: gitrepository-layout(5), git-config(1) of git 2.39.

    Raises:
        StoreError: `repository_form`, with what it is and how to get a copy of the other form.
    """
    try:
        text = (common / "config").read_text(errors="replace")
    except OSError:
        return
    said = {name.lower(): value.lower() for name, value in _FORM.findall(text)}
    for name, good in _READ.items():
        if said.get(name, good[0]) not in good:
            raise StoreError(
                "repository_form", f"the repository has {name} = {said[name]}, and prismfs reads {good[-1]} alone",
                path=str(common / "config"), field=name,
                hint="git init --object-format=sha1 --ref-format=files DIR, then git fetch into it",
            )  # fmt: skip


def find_common_dir(git_dir: Path) -> Path:
    """Return the git directory that all work trees of the repository share."""
    with suppress(OSError):
        return (git_dir / (git_dir / "commondir").read_text().strip()).resolve()
    return git_dir


def read_branch(git_dir: Path) -> str | None:
    """Return the branch (`refs/heads/…`) that is checked out, None where HEAD is detached.

    Raises:
        StoreError: `not_a_repository`; HEAD cannot be read.
    """
    try:
        text = (git_dir / "HEAD").read_text(errors="replace").strip()
    except OSError as error:
        raise StoreError("not_a_repository", "has no HEAD that can be read", path=str(git_dir)) from error
    return text.removeprefix("ref: ") if text.startswith("ref: refs/heads/") else None


def locate(root: Path) -> Place | None:
    """Return the project whose window is the work tree `root`; None where none is registered.

    Raises:
        StoreError: `not_a_repository`.
    """
    git_dir = find_git_dir(root)
    common = find_common_dir(git_dir)
    for path in sorted((common / "prismfs").glob(f"PID-*/{_WINDOW}")):
        with suppress(OSError, UnicodeDecodeError):
            window, _, worktree = path.read_text().strip().partition("\n")
            if worktree == _name_of(git_dir, common):
                return Place(root, git_dir, common, path.parent.name, window)
    return None


def place_of(root: Path, pid: str) -> Place:
    """Return the place of a project that is not registered: its window is the branch that is checked out.

    Raises:
        StoreError: `not_a_repository`; `no_branch`, HEAD is detached.
    """
    git_dir = find_git_dir(root)
    branch = read_branch(git_dir)
    if branch is None:
        raise StoreError("no_branch", "no branch is checked out", path=".git/HEAD", hint="git switch main")
    return Place(root, git_dir, find_common_dir(git_dir), pid, branch)


def register(place: Place) -> None:
    """Write down that the project is seen in its work tree, on its branch.

    Raises:
        OSError: it cannot be written.
    """
    path = place.state / _WINDOW
    place.state.mkdir(parents=True, exist_ok=True)
    _write(path, f"{place.window}\n{_name_of(place.git_dir, place.common)}\n")


def make_engine_git(place: Place) -> Path:
    """Make the engine's git directory what it should be, and return it.

    Where it cannot be written, as in an auditor's copy, one that is as it should be serves.

    Raises:
        StoreError: `read_only`; there is none.
    """
    folder = place.engine_git
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Everything that git might find here beside these would act on the engine.
        for entry in os.scandir(folder):
            if entry.name not in ("config", "HEAD", *_LINKS) and not entry.name.startswith((".", "fast_import_crash_")):
                _remove(Path(entry.path))
        (place.common / "logs").mkdir(exist_ok=True)
        for name in _LINKS:
            target = os.path.relpath(place.common / name, folder)
            if not (folder / name).is_symlink() or os.readlink(folder / name) != target:
                _remove(folder / name)
                os.symlink(target, folder / name)
        _write(folder / "config", _CONFIG)
        # Not the truth: git would write the reflog of HEAD, which is a person's, each time that it moves.
        _write(folder / "HEAD", f"ref: {place.own}nothing\n")
    except OSError as error:
        if not (folder / "HEAD").exists():
            raise StoreError("read_only", f"cannot be written: {error.strerror}", path=str(folder)) from error
    return folder


def _name_of(git_dir: Path, common: Path) -> str:
    """Return how a work tree is called within its repository, wherever that is moved to."""
    return os.path.relpath(git_dir.resolve(), common.resolve())


def _write(path: Path, text: str) -> None:
    with suppress(OSError, UnicodeDecodeError):
        if not path.is_symlink() and path.read_text() == text:
            return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.replace(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        import shutil

        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
