"""Retention: old months leave the working tree and the index, never the history.

git's sparse checkout does it (git-sparse-checkout(1)); every record stays in the commits, in the projection,
and in `prismfs show`. One that changes again comes back to its place on disk.
"""

import re
from dataclasses import dataclass

from prismfs.engine.turn.desk import Desk
from prismfs.errors import RecordError
from prismfs.kinds import KINDS
from prismfs.store.git.repository import Git

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Archived:
    """The months (`2026-03`) now out of the working tree, and how many record files are still in it."""

    months: tuple[str, ...]
    files_on_disk: int


def archive_months(desk: Desk, before: str | None, *, dry_run: bool) -> Archived:
    """Take every month before `before` (`2026-03`) out of the working tree; None brings all of them back.

    Raises:
        RecordError: `bad_month`.
    """
    if before is not None and not _MONTH.fullmatch(before):
        raise RecordError("bad_month", f"not a month: {before[:20]!r}", hint="a month is written as 2026-03")
    with desk.repo.writer():
        desk.repo.bring_window()
        months = sorted({month for month in _months(desk) if before is not None and month < before})
        with desk.repo.work_tree() as git:
            if not dry_run:
                _set_sparse(git, months)
            listed = git.run("ls-files", "-t", "-z").split(b"\0")
        return Archived(tuple(months), sum(1 for entry in listed if entry.startswith(b"H ")))


def _months(desk: Desk) -> set[str]:
    commit = desk.repo.snapshot().commit
    found = set()
    for folder in _dated_folders():
        listing = desk.repo.git.run("ls-tree", "-d", "-r", "--name-only", "-z", commit, f"{folder}/")
        for path in listing.decode().split("\0"):
            parts = path.split("/")
            if len(parts) == 2 and parts[0] == folder:
                found.add(parts[1])
    return found


def _set_sparse(git: Git, months: list[str]) -> None:
    # git leaves files in place that it cannot tell to be unchanged, and the index came along without stat data.
    git.run("update-index", "-q", "--refresh", accept=(0, 1))
    if not months:
        git.run("sparse-checkout", "disable")
        return
    patterns = ["/*"]
    for month in months:
        patterns += [f"!/{folder}/{month}/" for folder in _dated_folders()]
    git.run("sparse-checkout", "set", "--no-cone", "--stdin", input="\n".join(patterns).encode() + b"\n")


def _dated_folders() -> list[str]:
    return [kind.folder for kind in KINDS.values() if kind.layout == "dated"]
