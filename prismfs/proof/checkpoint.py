"""A checkpoint: an engine's signed word that the records of a project stood at a commit, to be kept elsewhere.

It is a tag object of git's, signed as git signs tags (SSH): `git verify-tag` agrees. Like a signature it is read
in exactly one spelling: what is read must be what would be written. Source: git-mktag(1) of git 2.39.
"""

import re
from dataclasses import dataclass

from prismfs.proof.sshsig import armor, is_good, raw_public, read_armor, signed_bytes

_BEGIN = b"-----BEGIN SSH SIGNATURE-----\n"
_HEAD = re.compile(
    rb"object ([0-9a-f]{40})\ntype commit\ntag (PID-[A-Z0-9]{3,32})/([A-Za-z0-9][A-Za-z0-9._-]{0,99})\n"
    rb"tagger [^ \n]+ <[^ \n]+> (0|[1-9][0-9]{0,10}) \+0000\n\n"
)
LARGEST = 2_000
"""Bytes of a checkpoint that are read; one has some six hundred."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a checkpoint says: the records of the project `pid` were at `commit` for the clone of `engine`.

    `seconds` since 1970 are those of the commit, not of the signature: the same words are signed once.
    """

    commit: str
    pid: str
    engine: str
    seconds: int

    @property
    def payload(self) -> bytes:
        """The bytes that are signed."""
        return (
            f"object {self.commit}\ntype commit\ntag {self.pid}/{self.engine}\n"
            f"tagger {self.engine} <{self.engine}@prismfs.invalid> {self.seconds} +0000\n\n"
            f"{self.engine} has the records of {self.pid} at this commit\n\n"
        ).encode()

    @property
    def to_sign(self) -> bytes:
        """What the key signs."""
        return signed_bytes(self.payload)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A claim with the public key, in one line, whose signature fits it. Whose the key is, the roster says."""

    claim: Claim
    key: str


def checkpoint_of(claim: Claim, public: bytes, signature: bytes) -> bytes:
    """Return the tag object of `claim` with the 64 bytes of a signature by the Ed25519 key of 32 bytes."""
    return claim.payload + armor(public, signature)


def read_checkpoint(data: bytes) -> Checkpoint | None:
    """Return the checkpoint in `data`; None where that is spelt otherwise, or its signature does not fit it."""
    found = _HEAD.match(data)
    if found is None or len(data) > LARGEST:
        return None
    commit, pid, engine, seconds = (part.decode() for part in found.groups())
    claim = Claim(commit, pid, engine, int(seconds))
    payload, begin, rest = data.partition(_BEGIN)
    signature = read_armor(begin + rest)
    if payload != claim.payload or signature is None or raw_public(signature.key) is None:
        return None
    return Checkpoint(claim, signature.key) if is_good(signature, payload) else None
