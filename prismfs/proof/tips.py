"""What a signed tip says: which commits it covers; and two tips that one engine should never have signed both."""

from collections.abc import Iterable, Sequence

from prismfs.proof.commit_object import CommitObject
from prismfs.proof.proofs import CoverReason, Fault, Tip
from prismfs.proof.statements import covers_of


def first_covered(line: Sequence[CommitObject], tip: int, last: int, anchor: str) -> tuple[int, CoverReason]:
    """Return the index of the first commit that `line[tip]`, signed by an engine, covers, and `covered`.

    `last` is the index of the tip before, -1 for the `anchor` on which the line stands. Covered are commits with one
    parent and no signature but the tip's; the first may be a merge of two, which takes a commit of people's over with
    what follows from it. Otherwise the reason says what is wrong.
    """
    commit = line[tip]
    stated = covers_of(commit.message)
    if stated is None:
        return tip, "no_cover"
    first = tip - stated.count + 1
    if first <= last or stated.base != (line[first - 1].oid if first else anchor):
        return tip, "wrong_cover"
    covered = line[first : tip + 1]
    parents = [len(each.parents) for each in covered]
    if parents[0] > 2 or set(parents[1:]) - {1} or any(each is not commit and not _is_bare(each) for each in covered):
        return tip, "overclaims"
    return first, "covered"


def _is_bare(commit: CommitObject) -> bool:
    """Tell whether a commit is as an engine writes those below its tip."""
    return commit.plain and not commit.signed and commit.odd is None


def find_equivocations(tips: Iterable[Tip]) -> tuple[Fault, ...]:
    """Return each pair of different tips by one key on one base: an engine signs what comes after a commit once.

    The tips may be of several lines, such as a branch here and the same branch in another clone.
    """
    seen: dict[tuple[str, str], str] = {}
    found = []
    for tip in tips:
        before = seen.setdefault((tip.key, tip.base), tip.commit)
        if before != tip.commit:
            found.append(Fault("equivocation", tip.commit, (before,)))
    return tuple(found)
