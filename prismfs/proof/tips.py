"""What a signed tip says: which commits it covers, and what is to be thought of those before it that no engine covers.

Each of the latter must be answered before anything is built on it. Two tips that one engine should never have signed
both are found here, too.
"""

from collections.abc import Iterable, Mapping, Sequence

from prismfs.proof.commit_object import CommitObject
from prismfs.proof.evidence import Evidence
from prismfs.proof.proofs import CoverReason, Fault, Judged, Proof, Tip
from prismfs.proof.statements import covers_of, rulings_of


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


def judge(
    waiting: Sequence[CommitObject],
    covered: Sequence[CommitObject],
    base: str,
    *,
    proofs: Mapping[str, Proof],
    evidence: Evidence,
) -> tuple[dict[str, Judged], list[Fault]]:
    """Return what the `covered` commits of a tip say of the `waiting` ones between it and the tip before, `base`.

    Only the first of the covered commits count, as far as each answers something. A commit without an answer is
    `unjudged`; one that is said to be restored is `not_restored` where a file that it changed is not as it was before.
    """
    said: dict[str, Judged] = {}
    asked = {commit.oid for commit in waiting}
    for commit in covered:
        answers = {oid: ruling for oid, ruling in rulings_of(commit.message).items() if oid in asked}
        if not answers:
            break
        said |= {oid: Judged(ruling, commit.oid) for oid, ruling in answers.items() if oid not in said}
    faults = []
    before = base
    for commit in waiting:
        judged = said.get(commit.oid)
        if judged is None:
            faults.append(Fault("unjudged", commit.oid))
        elif judged.ruling == "restored":
            left = _left(commit.oid, judged.by, before, evidence)
            if left:
                faults.append(Fault("not_restored", commit.oid, left))
        elif judged.ruling == "accepted" and proofs[commit.oid].status == "person":
            before = commit.oid
    return said, faults


def _left(commit: str, by: str, before: str, evidence: Evidence) -> tuple[str, ...]:
    """Return the paths that `commit` changed and that are at `by` not as they were at `before`."""
    differing = set(evidence.differing(before, by))
    return tuple(path for path in evidence.changed(commit) if path in differing)
