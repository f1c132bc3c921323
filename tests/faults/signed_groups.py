"""A process that writes one signed group as the store does, and kills itself at a named point.

Called as `signed_groups.py ROOT [POINT]`. The group is the same in every run: five events on top of the branch.
"""

import os
import signal
import sys
from contextlib import closing
from pathlib import Path

from prismfs.store.git.place import find_git_dir
from prismfs.store.git.plumbing import NO_OBJECT, NewCommit
from prismfs.store.git.repository import Git
from prismfs.store.git.signing import sign_group
from tests.support.signed_desk import BRANCH, SCRATCH, SECONDS, key_of

POINTS = ("before-objects", "before-signature", "before-reference", "after-reference")


def main(root: Path, fatal: str = "") -> None:
    def crash_point(name: str) -> None:
        if name == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    with closing(Git(root, find_git_dir(root))) as git:
        base = str(git.resolve(BRANCH))
        crash_point("before-objects")
        ids = git.write_commits(events(), parent=base, scratch=SCRATCH)
        crash_point("before-signature")
        made = sign_group(git, ids, base=base, signer=key_of("desk-a"))
        crash_point("before-reference")
        git.move({BRANCH: (base, made[-1]), SCRATCH: (ids[-1], NO_OBJECT)})
        crash_point("after-reference")


def events() -> list[NewCommit]:
    """The five commits of the group."""
    who = "engine <engine@prismfs.invalid>"
    return [
        NewCommit(
            f"event {number}\n\nPrismfs-Cause: drop:{number}\n", who, who, SECONDS, ((f"records/{number}", b"x"),)
        )
        for number in range(5)
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:3])
