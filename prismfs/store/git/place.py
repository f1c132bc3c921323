"""Making a repository, and finding its git directory and branch without running git."""

from contextlib import suppress
from pathlib import Path

from prismfs.errors import StoreError


def make_repository(root: Path) -> None:
    """Make `root` a git repository with branch `main`; one that is there already stays as it is.

    Raises:
        StoreError: git is missing, or the folder cannot be written.
    """
    if (root / ".git").exists():
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
    """Return the git directory of the work tree `root`, without running git.

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
    raise StoreError("not_a_repository", "is not a git repository", path=str(root), hint="prismfs init makes one")


def read_branch(git_dir: Path) -> str:
    """Return the branch (`refs/heads/…`) that is checked out.

    Raises:
        StoreError: `no_branch` when HEAD is detached.
    """
    text = (git_dir / "HEAD").read_text().strip()
    if not text.startswith("ref: refs/heads/"):
        raise StoreError("no_branch", "no branch is checked out", path=".git/HEAD", hint="git switch main")
    return text.removeprefix("ref: ")
