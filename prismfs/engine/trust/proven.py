"""Whether the records are the engines': each commit since the project's first is covered by a key of the roster."""

from collections.abc import Iterator

from prismfs.errors import Problem
from prismfs.proof.proofs import Anchor, Classified
from prismfs.store.git.history import founding_of
from prismfs.store.git.proofs import classify_branch, has_engines, protected_files
from prismfs.store.git.repository import Git


def proofs_of(git: Git, until: str, anchor: Anchor | None = None) -> Classified | None:
    """Return the proofs of the commits up to `until` since the one that founded the project, or since `anchor`.

    What changed since of protected files may say of any key that it was compromised: then all are looked at again. None
    for a project that was made without an engine, or has none any more: nothing there is signed.
    """
    first = founding_of(git, until)
    if first is None or not has_engines(git, first) or not has_engines(git, until):
        return None
    found = None if anchor is None else classify_branch(git, until, anchor)
    if found is not None and anchor is not None and found.mark.files == anchor.mark.files:
        return found
    return classify_branch(git, until, Anchor.at_root(first, protected_files(git, first)))


def unproven(found: Classified) -> Iterator[Problem]:
    """Yield a problem for each commit that no engine of the roster has signed."""
    for oid, proof in found.proofs.items():
        if proof.status != "engine":
            said = f"no engine of the roster has signed it ({proof.reason})"
            known = proof.reason != "unknown_key"
            way = "" if known else f"; if its engine is yours: prismfs keys accept NAME '{proof.key}'"
            yield Problem("unproven", said, path=oid, hint=f"git show {oid[:12]}; prismfs keys list{way}")
