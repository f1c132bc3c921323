"""Checkpoints of engines held against the records, and the ones that a remote keeps.

A remote has one reference for each engine, `refs/prismfs/<PID>/witness/<engine>`. What it has is brought here with the
branch, below `Remote.kept`, so that what a checkpoint names cannot vanish from this clone either.
"""

from collections.abc import Iterator
from typing import Literal

from prismfs.errors import StoreError
from prismfs.proof.checkpoint import Checkpoint, read_checkpoint
from prismfs.proof.key_ring import Holder
from prismfs.proof.tips import find_equivocations
from prismfs.store.git import remote as remotes
from prismfs.store.git.history import is_ancestor
from prismfs.store.git.proofs import classify_above, newest_proven, ring_at
from prismfs.store.git.remote import Remote
from prismfs.store.git.repository import Git

Standing = Literal["held", "behind", "forked", "equivocation", "not_here", "checkpoint_unproven", "key_compromised"]

SAID: dict[Standing, str] = {
    "held": "the records hold it",
    "behind": "the records were set back: they end before it",
    "forked": "the records are on another line, and do not hold it",
    "equivocation": "its engine has signed two things in one place, the records and a line that they do not hold",
    "not_here": "its commit is not here: the records were set back, or are not yet as far",
    "checkpoint_unproven": "no key of an engine of the roster has signed it",
    "key_compromised": "the roster says that its engine's key is in other hands",
}
"""What each standing means, as a clause for people."""

WRONG: frozenset[Standing] = frozenset({"behind", "forked", "equivocation"})
"""The standings that are proof that the records lack something that an engine has signed."""


def standing_of(git: Git, checkpoint: Checkpoint, records: str) -> Standing:
    """Return how the `records` that end at a commit stand to a checkpoint.

    It is proven by a key that an engine has in the roster at its own commit, where the records hold that, or engines
    have signed the way there from where both part; else in the roster of the records.
    """
    commit = checkpoint.claim.commit
    here = git.resolve(f"{commit}^{{commit}}") == commit
    held = here and is_ancestor(git, commit, records)
    proven = held or (here and newest_proven(git, records, commit) == commit)
    if not _is_engine(ring_at(git, commit if proven else records).holder_of(checkpoint.key)):
        return "checkpoint_unproven"
    now = ring_at(git, records).holder_of(checkpoint.key)
    if now is not None and now.compromised_since is not None:
        return "key_compromised"
    if held or not proven:
        return "held" if held else "checkpoint_unproven" if here else "not_here"
    if is_ancestor(git, records, commit):
        return "behind"
    lines = (classify_above(git, commit, records), classify_above(git, records, commit))
    tips = [tip for line in lines if line is not None for tip in line.tips]
    return "equivocation" if find_equivocations(tips) else "forked"


def kept_by(git: Git, remote: Remote) -> Iterator[Checkpoint]:
    """Yield the checkpoints that were brought from `remote`; what is none, or another engine's, is left out."""
    listed = git.run("for-each-ref", "--format=%(objectname) %(refname)", remote.kept).decode().split("\n")
    for oid, _, name in (line.partition(" ") for line in listed if line):
        found = read_checkpoint(git.read(oid) or b"")
        if found is None or name != f"{remote.kept}{found.claim.engine}":
            continue
        if remote.witness == f"refs/prismfs/{found.claim.pid}/witness/":
            yield found


def check_branch(git: Git, remote: Remote, head: str) -> None:
    """Accept the branch of `remote`, which was brought with its checkpoints and is at `head`.

    Raises:
        StoreError: `records_rolled_back`; it lacks what an engine has signed.
    """
    for one in kept_by(git, remote):
        if standing_of(git, one, head) in WRONG:
            claim, shown = one.claim, remote.shown
            said = f"the branch of {shown} lacks {claim.commit[:12]}, which {claim.engine} has signed as its head"
            hint = "look at what was taken out there; if that is meant: "
            hint += f"git push {shown} :{remote.witness}{claim.engine}; git update-ref -d {remote.kept}{claim.engine}"
            raise StoreError("records_rolled_back", said, path=remote.branch, hint=hint)


def push_checkpoint(git: Git, remote: Remote, data: bytes, *, seconds: float) -> None:
    """Put the checkpoint in these bytes at the remote, unless it has that.

    Raises:
        RefusedError: `push_refused`.
        StoreError: `remote_unreachable`.
    """
    checkpoint = read_checkpoint(data)
    assert checkpoint is not None
    oid = git.run("hash-object", "-t", "tag", "-w", "--stdin", input=data).decode().strip()
    engine = checkpoint.claim.engine
    if git.resolve(f"{remote.kept}{engine}") != oid:
        remotes.push(git, remote, oid, to=f"{remote.witness}{engine}", seconds=seconds)
        git.run("update-ref", f"{remote.kept}{engine}", oid)


def _is_engine(holder: Holder | None) -> bool:
    return holder is not None and holder.kind == "engine"
