"""Whether the records are the engines': each commit since the project's first is covered by a key of the roster."""

from collections.abc import Iterator

from prismfs.errors import Problem
from prismfs.proof.proofs import Anchor
from prismfs.store.git.history import founding_of
from prismfs.store.git.proofs import classify_branch, has_engines, protected_files
from prismfs.store.git.repository import Git


def unproven(git: Git, until: str) -> Iterator[Problem]:
    """Yield a problem for each commit up to `until` that no engine of the roster has signed, or that is in doubt.

    A project that was made without an engine, or has none any more, is not asked.
    """
    first = founding_of(git, until)
    if first is None or not has_engines(git, first) or not has_engines(git, until):
        return
    found = classify_branch(git, until, Anchor.at_root(first, protected_files(git, first)))
    for oid, proof in found.proofs.items():
        hint = f"git show {oid[:12]}; prismfs keys list"
        if proof.status != "engine":
            said = f"no engine of the roster has signed it ({proof.reason})"
            yield Problem("unproven", said, path=oid, hint=hint)
        elif proof.doubted:
            yield Problem("undecidable", "its engine's key was compromised before it", path=oid, hint=hint)
