"""Whose signature a single commit carries, by the keys of one place of the line."""

from dataclasses import dataclass

from prismfs.proof.commit_object import CommitObject
from prismfs.proof.evidence import Evidence
from prismfs.proof.key_ring import Holder, KeyRing
from prismfs.proof.proofs import Reason
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
