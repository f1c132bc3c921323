"""The protected files: `prismfs.yaml`, `settings/` and `roster/`, as an operator answers for them (R-000-76, R-000-84).

What the truth holds of them is endorsed: with `trust: signed` a commit's change of a protected file is taken only with
an operator's signature. Here is what the hooks, which see commits before the engine does, ask of a line of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from prismfs.engine.trust.endorsement import Endorsement, endorse, project_at, void
from prismfs.kinds import PROTECTED_TOPS, kind_of_path
from prismfs.store.git.plumbing import parse_raw
from prismfs.store.git.repository import Git


@dataclass(frozen=True, slots=True)
class Step:
    """What one commit did to the protected files: the mark before and after it, and who answers for it.

    `paths` are the protected files in which it differs from the mark; none where there are none. `endorsement` is
    None where nobody has to answer: nothing differs, or the mark's `prismfs.yaml` says `trust: local`.
    """

    commit: str
    before: str | None
    after: str | None
    paths: tuple[str, ...] = ()
    endorsement: Endorsement | None = None

    @property
    def stands(self) -> bool:
        """Whether the protected files of the commit count from now on."""
        return self.after == self.commit


def is_protected(path: str) -> bool:
    """Tell whether only an operator's commit may change the file at `path`."""
    kind = kind_of_path(path)
    return kind is not None and kind.protected


def step(git: Git, mark: str | None, commit: str) -> Step:
    """Return what `commit` does to the protected files at `mark`."""
    now = project_at(git, commit)
    if mark is None:
        return Step(commit, None, commit if now is not None else None)
    paths = protected_changes(git, mark, commit)
    if not paths:
        return Step(commit, mark, commit)
    if not is_signed(git, mark):
        return Step(commit, mark, commit if now is not None else mark, paths)
    found = _judge(git, commit, mark, paths)
    return Step(commit, mark, commit if found.operator and now is not None else mark, paths, found)


def protected_changes(git: Git, old: str, new: str) -> tuple[str, ...]:
    """Return the protected files that differ between two commits, in path order."""
    raw = git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-commit-id", old, new, "--", *PROTECTED_TOPS)
    return tuple(change.path for change in parse_raw(raw.split(b"\0")) if is_protected(change.path))


def is_signed(git: Git, mark: str | None) -> bool:
    """Tell whether `prismfs.yaml` at `mark` says `trust: signed`."""
    found = None if mark is None else project_at(git, mark)
    return found is not None and found.trust == "signed"


def endorse_verdict(git: Git, commit: str, path: str, mark: str) -> Endorsement:
    """Return who answers for the verdict that `commit` adds at `path`: who signed the commit that introduced it."""
    parents = parents_of(git, commit)
    own = git.resolve(f"{commit}:{path}")
    if all(git.resolve(f"{parent}:{path}") != own for parent in parents):
        return endorse(git, commit, mark)
    came = git.run("rev-list", "--full-history", *parents[1:], f"^{parents[0]}", "--", path).decode().split()
    known = len(came) == 1 and git.resolve(f"{came[0]}:{path}") == own
    return _of_a_side(endorse(git, came[0], mark) if known else void("unsigned"))


def parents_of(git: Git, commit: str) -> Sequence[str]:
    """Return the parents of `commit`."""
    return git.run("rev-list", "--parents", "--max-count=1", commit).decode().split()[1:]


def _judge(git: Git, commit: str, mark: str, paths: Sequence[str]) -> Endorsement:
    """Return who answers for the protected `paths` of `commit`: each of them must be a change of its own."""
    parents = parents_of(git, commit)
    own = protected_changes(git, parents[0], commit) if parents else ()
    if not set(own).issuperset(paths):
        return void("earlier_unendorsed")
    for side in parents[1:]:
        own = tuple(path for path in own if path in protected_changes(git, side, commit))
    found = [endorse(git, commit, mark)] if set(own).intersection(paths) else []
    for path in set(paths).difference(own):
        came = [endorse(git, one, mark) for one in _carried(git, commit, parents, path)]
        found += [_of_a_side(one) for one in came or [void("unsigned")]]
    return next((answer for answer in found if not answer.operator), found[0])


def _of_a_side(found: Endorsement) -> Endorsement:
    """Return the endorsement of what a merge brings from a side: who signed the merge need not have read it."""
    return void("only_merged") if found.code == "unsigned" else found


def _carried(git: Git, commit: str, parents: Sequence[str], path: str) -> Sequence[str]:
    """Return the commits of the merged side that made the file at `path` what the merge `commit` has; none if others.

    Only one side may have changed it since they parted, and the newest of these commits must have it as it is now.
    """
    if len(parents) != 2:
        return ()
    here, there = parents
    bases = git.run("merge-base", "--all", here, there, accept=(0, 1)).decode().split()
    now = git.resolve(f"{commit}:{path}")
    if len(bases) != 1 or git.resolve(f"{bases[0]}:{path}") != git.resolve(f"{here}:{path}"):
        return ()
    came = git.run("rev-list", "--full-history", "--topo-order", there, f"^{here}", "--", path).decode().split()
    if not came or git.resolve(f"{there}:{path}") != now or git.resolve(f"{came[0]}:{path}") != now:
        return ()
    return came
