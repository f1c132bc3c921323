"""Checkpoints of engines held against the records, and the ones that a remote keeps.

A remote has one reference for each engine, `refs/prismfs/<PID>/witness/<engine>`. What it has is brought here with the
branch, below `Remote.kept`, so that what a checkpoint names cannot vanish from this clone either.
"""

from collections.abc import Iterator
from typing import Literal

from prismfs.errors import StoreError
from prismfs.proof.checkpoint import Checkpoint, read_checkpoint
from prismfs.proof.tips import find_equivocations
from prismfs.store.git import history, proofs
from prismfs.store.git import remote as remotes
from prismfs.store.git.repository import Git

Standing = Literal["held", "behind", "forked", "equivocation", "not_here", "checkpoint_unproven", "key_compromised"]

SAID: dict[Standing, str] = {
    "held": "the records hold it",
    "behind": "the records end before it: they were set back, or are not yet as far (prismfs push)",
    "forked": "the records are on another line: it was decided again on another clone's (prismfs push), or taken away",
    "equivocation": "its engine has signed two things in one place, the records and a line that they do not hold",
    "not_here": "its commit is not here: the records were set back, or are not yet as far (prismfs push)",
    "checkpoint_unproven": "no key of an engine of the roster has signed it",
    "key_compromised": "the roster says that its engine's key is in other hands",
}
"""What each standing means, as a clause for people."""

WRONG: frozenset[Standing] = frozenset({"behind", "forked", "equivocation"})
"""The standings that are proof that the records lack something that an engine has signed."""


def standing_of(git: Git, checkpoint: Checkpoint, records: str) -> Standing:
    """Return how the `records` that end at a commit stand to a checkpoint.

    It is proven by a key that an engine has in the roster at its own commit, where that is on the line of the records,
    or engines have signed the way there from where both part; else in the roster of the records.
    """
    commit = checkpoint.claim.commit
    here = git.resolve(f"{commit}^{{commit}}") == commit
    proven = here and (history.follows(git, commit, records) or proofs.newest_proven(git, records, commit) == commit)
    held = proven and history.is_ancestor(git, commit, records)
    holder = proofs.ring_at(git, commit if proven else records).holder_of(checkpoint.key)
    if holder is None or holder.kind != "engine":
        return "checkpoint_unproven"
    now = proofs.ring_at(git, records).holder_of(checkpoint.key)
    if now is not None and now.compromised_since is not None:
        return "key_compromised"
    if held or not proven:
        return "held" if held else "checkpoint_unproven" if here else "not_here"
    if history.is_ancestor(git, records, commit):
        return "behind"
    lines = (proofs.classify_above(git, commit, records), proofs.classify_above(git, records, commit))
    tips = [tip for line in lines if line is not None for tip in line.tips]
    return "equivocation" if find_equivocations(tips) else "forked"


def kept(git: Git, below: str) -> Iterator[tuple[str, Checkpoint]]:
    """Yield the checkpoints that were brought, with the word for the remote; `below` begins their references.

    What is none, is another engine's than it is called, or of another project, is left out.
    """
    listed = git.run("for-each-ref", "--format=%(objectname) %(refname)", below).decode().splitlines()
    for oid, name in (line.split(" ", 1) for line in listed):
        found = read_checkpoint(git.read(oid) or b"")
        whose, _, word = name.rpartition("/")[0].partition("/witnessed/")
        if found is not None and (f"refs/prismfs/{found.claim.pid}", name) == (
            whose,
            f"{whose}/witnessed/{word}/{found.claim.engine}",
        ):
            yield word, found


def check_branch(git: Git, remote: remotes.Remote, head: str) -> None:
    """Accept the branch of `remote`, which was brought with its checkpoints and is at `head`.

    Raises:
        StoreError: `records_rolled_back`; it lacks what an engine has signed.
    """
    for _, one in kept(git, remote.kept):
        if standing_of(git, one, head) in WRONG:
            claim, shown = one.claim, remote.shown
            said = f"the branch of {shown} lacks {claim.commit[:12]}, which {claim.engine} has signed as its head"
            hint = "look at what was taken out there; if that is meant: "
            hint += f"git push {shown} :{remote.witness}{claim.engine}; git update-ref -d {remote.kept}{claim.engine}"
            raise StoreError("records_rolled_back", said, path=remote.branch, hint=hint)


def bring(git: Git, remote: remotes.Remote, *, seconds: float = remotes.SECONDS) -> None:
    """Bring the checkpoints that `remote` keeps, and nothing else.

    Raises:
        StoreError: `remote_unreachable`.
    """
    errors = remotes.bring(git, remote, (remote.witnesses,), seconds=seconds)
    if errors is not None:
        raise remotes.unreachable(remote, errors)


def push_checkpoint(git: Git, remote: remotes.Remote, data: bytes, *, seconds: float) -> None:
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
