"""What an engine takes over from another line by a merge: people's own commits, such as proposals on a branch.

The merge is the engine's, its second side is not. Of protected files it may bring exactly what operators' own acts on
that side come to, read in order from the mark's files: a part of them, or older ones, nobody has asked for.
"""

from collections.abc import Container

from prismfs.proof.evidence import Evidence
from prismfs.proof.key_ring import KeyRing
from prismfs.proof.proofs import Proof
from prismfs.proof.protected import Files, changed, refusal_of
from prismfs.proof.signers import Signer, signer_of


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
        acts = [one for one in evidence.protected(commit.oid) if one.new != files.get(one.path)]
        if acts and refusal_of(commit, acts, signer.holder, files) is None:
            files = changed(files, acts)
    return found, files


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
