"""Keeping git quick: packs consolidated and the commit-graph written, when due, with the effect checked."""

import time
from dataclasses import dataclass

from prismfs.errors import StoreError
from prismfs.store.git.plumbing import keeps_of_imports
from prismfs.store.git.repository import Git

MOST_PACKS = 100
"""Packs beyond which they are consolidated: each group of commits leaves two, and 1,400 slow a walk tenfold."""

ORPHANED = 3600
"""Seconds after which a `.keep` of a git command that writes packs is no living one's: it holds it for milliseconds."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What was done: the number of packs before and after."""

    packs_before: int
    packs_after: int


def count_packs(git: Git) -> int:
    """Return the number of packs in the repository."""
    return sum(1 for _ in (git.git_dir / "objects" / "pack").glob("*.pack"))


def is_due(git: Git) -> bool:
    """Tell whether there is something to do. Cheap: one folder is listed."""
    return count_packs(git) > MOST_PACKS


def keep_up(git: Git) -> Upkeep:
    """Consolidate packs geometrically and write the commit-graph with changed-path filters.

    Raises:
        StoreError: `upkeep_without_effect` when there are not fewer packs afterwards.
    """
    for keep in keeps_of_imports(git.git_dir):
        try:
            if time.time() - keep.stat().st_mtime > ORPHANED:
                keep.unlink()
        except FileNotFoundError:  # another git has taken it away
            continue
    before = count_packs(git)
    git.run("repack", "-d", "--geometric=2", "--quiet", "--no-write-bitmap-index")
    git.run("commit-graph", "write", "--reachable", "--changed-paths", "--split", "--no-progress")
    after = count_packs(git)
    written = any((git.git_dir / "objects" / "info").glob("commit-graph*"))
    if after >= before or not written:
        raise StoreError(
            "upkeep_without_effect", f"{before} packs before, {after} after", hint="run git fsck and prismfs doctor"
        )
    return Upkeep(packs_before=before, packs_after=after)
