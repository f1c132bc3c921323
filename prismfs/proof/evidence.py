"""What `classify` asks about commits beside their own bytes; the store answers from git, a test from memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from prismfs.proof.commit_object import CommitObject
from prismfs.proof.key_ring import KeyRing


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that differs between a commit and its first parent: its blobs before and after, None for none."""

    path: str
    old: str | None
    new: str | None


class Evidence(Protocol):
    """The facts of a repository that a line of commits is held against. Commits are named by their ids."""

    def protected(self, commit: str) -> Sequence[FileChange]:
        """Return the protected files that differ between a commit and its first parent."""

    def differing(self, commit: str, other: str) -> Collection[str]:
        """Return the paths of all files that differ between two commits."""

    def side(self, merge: str) -> Sequence[CommitObject]:
        """Return the commits that a merge brings beside those of its first parent, oldest first."""

    def ring(self, files: Mapping[str, str]) -> KeyRing:
        """Return the keys that these protected files (path to blob id) give."""

    def verified(self, commit: str, key: str) -> bool | None:
        """Tell whether `key`, which is not Ed25519, signed a commit; None where that cannot be checked here."""
