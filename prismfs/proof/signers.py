"""Whose signature a single commit carries, by the keys of one place of the line; and what a merge brings of people's.

An engine takes over by a merge what people signed on another line, such as proposals on a branch. The merge is the
engine's, its second side is not. Of protected files it may bring exactly what operators' own acts on that side come
to, read in order from the mark's files: a part of them, or older ones, nobody has asked for.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from prismfs.proof.commit_object import CommitObject
from prismfs.proof.evidence import Evidence, FileChange
from prismfs.proof.key_ring import Holder, KeyRing
from prismfs.proof.proofs import Proof, Reason
from prismfs.proof.protected import Files, changed, own_changes, refusal_of
from prismfs.proof.sshsig import is_good, read_armor


@dataclass(frozen=True, slots=True)
class Signer:
    """`holder` signed with `key`, or nobody that can be named: then `holder` is None and `reason` says why."""

    reason: Reason
    holder: Holder | None = None
    key: str | None = None


def signer_of(commit: CommitObject, ring: KeyRing, evidence: Evidence) -> Signer:
    """Return who signed `commit`; what the commit itself brings of keys is not asked."""
    if commit.odd is not None:
        return Signer(commit.odd)
    if commit.signature is None:
        return Signer("unsigned")
    signature = read_armor(commit.signature)
    if signature is None:
        return Signer("odd_signature")
    holder = ring.holder_of(signature.key)
    if holder is None:
        return Signer("unknown_key", key=signature.key)
    if holder.kind == "engine" and not commit.plain:
        return Signer("odd_header", key=signature.key)
    if signature.raw is not None:
        good: bool | None = is_good(signature, commit.payload)
    else:
        good = evidence.verified(commit.oid, signature.key)
    if not good:
        return Signer("unverifiable" if good is None else "forged_signature", key=signature.key)
    return Signer("signed", holder, signature.key)


def proof_of(commit: str, signer: Signer, *, tip: str | None = None) -> Proof:
    """Return what a commit's own signature proves of it; that of an engine proves nothing outside of its line."""
    holder, reason = signer.holder, signer.reason
    if holder is not None and holder.kind == "engine":
        reason = "other_line"
    return Proof(
        commit,
        "person" if holder is not None and holder.kind == "person" else "unproven",
        reason,
        None if holder is None else holder.name,
        signer.key,
        tip=tip,
    )


def is_accepted(signer: Signer, news: Sequence[FileChange], ring: KeyRing, files: Files) -> bool:
    """Tell whether `signer` is an engine whose key this user has accepted, and `news` does no more than enrol it.

    `news` are the changes of the protected `files`, to which the keys of `ring` belong. A name that the roster had
    before, as that of an engine that was revoked, is not taken again.
    """
    holder, key = signer.holder, signer.key
    if holder is None or key is None or not ring.engine_vouches or ring.accepted.get(key) != holder.name:
        return False
    return holder.place not in files and [one.path for one in news] == [holder.place]


def read_side(
    merge: str, known: Container[str], *, ring: KeyRing, files: Files, evidence: Evidence
) -> tuple[dict[str, Proof], Files]:
    """Return a proof for each commit that `merge` brings, and what their acts make of the protected `files`.

    Keys count as they do at the merge. A commit that is `known` already was taken before and acts no more.
    """
    found: dict[str, Proof] = {}
    for commit in evidence.side(merge):
        if commit.oid in known:
            continue
        signer = signer_of(commit, ring, evidence)
        found[commit.oid] = proof_of(commit.oid, signer, tip=merge)
        if signer.holder is None:
            continue
        acts = [one for one in own_changes(commit, evidence) if one.new != files.get(one.path)]
        if acts and refusal_of(acts, signer.holder, files) is None:
            files = changed(files, acts)
    return found, files
