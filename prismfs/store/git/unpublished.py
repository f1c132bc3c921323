"""Commits that this clone has and the other repository lacks, and whether the branch can be moved off them."""

import os
from collections.abc import Sequence

from prismfs.errors import RefusedError, StoreError
from prismfs.store.git.history import Commit, read_commits
from prismfs.store.git.plumbing import NO_OBJECT
from prismfs.store.git.repository import Git
from prismfs.store.snapshot import Snapshot

_UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD")


def meeting_point(git: Git, here: Snapshot, theirs: str) -> Snapshot:
    """Return `theirs` as the state to decide on; commits in both histories that were seen here count as seen.

    Raises:
        RefusedError: `unrelated`; the two histories have no commit in common.
    """
    if git.status("merge-base", here.commit, theirs):
        raise RefusedError("unrelated", "the other repository holds another project", hint="prismfs push REMOTE")
    common = git.run("merge-base", here.commit, theirs).decode().split()[0]
    seen = here.seen
    if seen is not None and git.status("merge-base", "--is-ancestor", seen, common):
        seen = common
    return Snapshot(commit=theirs, seen=seen)


def unpublished(git: Git, here: str, theirs: str) -> tuple[Sequence[Commit], frozenset[str]]:
    """Return the commits of `here` that `theirs` lacks, oldest first, without those that were carried over by hand.

    The second set names those: commits whose change another commit of `theirs` makes, as after a cherry-pick.
    A merge is returned as any other commit that a person made, and so is what it brought from the other side.
    """
    marked = git.run("rev-list", "--cherry-mark", "--right-only", "--no-merges", f"{theirs}...{here}").decode().split()
    carried = frozenset(mark[1:] for mark in marked if mark.startswith("="))
    commits = [commit for commit in read_commits(git, since=theirs, until=here) if commit.id not in carried]
    return commits, carried


def check_tidy(git: Git, here: str, theirs: str) -> None:
    """Accept a working tree that can be moved from `here` to `theirs` without losing anything.

    Raises:
        RefusedError: `edited`, or `in_the_way`, naming the first file.
    """
    changed = git.run("status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=all").split(b"\0")
    if changed[0]:
        raise RefusedError(
            "edited", "differs from the branch, and the branch has to move to what the other repository holds",
            path=os.fsdecode(changed[0][3:]), hint="git stash, prismfs push, git stash pop",
        )  # fmt: skip
    for name in _UNDER_WAY:
        if (git.git_dir / name).exists():
            raise RefusedError("edited", "a merge or cherry-pick is under way", path=f".git/{name}", hint="finish it")
    # git leaves files in place that it cannot tell to be unchanged, and the index came along without stat data.
    git.run("update-index", "-q", "--refresh", accept=(0, 1))
    try:
        git.run("read-tree", "-n", "-m", "-u", here, theirs)
    except StoreError as error:
        if error.code != "git_failed":
            raise
        new = (change.path for change in git.each_change(here, theirs) if change.old == NO_OBJECT)
        path = next((path for path in new if os.path.lexists(git.root / path)), None)
        raise RefusedError(
            "in_the_way", "is not in the branch and would be written over" if path else error.problem.message,
            path=path, hint="move it away",
        ) from error  # fmt: skip
