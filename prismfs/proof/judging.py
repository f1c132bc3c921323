"""What the next tip says of commits that no engine covers: each must be answered before anything is built on it."""

from collections.abc import Mapping, Sequence

from prismfs.proof.commit_object import CommitObject
from prismfs.proof.evidence import Evidence
from prismfs.proof.proofs import Fault, Judged, Proof
from prismfs.proof.statements import rulings_of


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
