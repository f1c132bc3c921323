"""A commit object's bytes as a value, read strictly: what a signature covers is exactly what is understood of it.

Source: git-commit-tree(1) and gitformat-signature(5) of git 2.39. `git verify-commit` leaves out every header that
begins with `gpgsig`, so that a header more makes another commit with the same signature.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

Odd = Literal["odd_header", "odd_signature"]

_OID = rb"[0-9a-f]{40}"
_PERSON = rb"[^\n\0]*"
_HEAD = re.compile(
    rb"(tree (" + _OID + rb")\n((?:parent " + _OID + rb"\n)*)author " + _PERSON + rb"\ncommitter " + _PERSON + rb"\n"
    rb"(encoding [^\n\0]+\n)?)"
    rb"(?:gpgsig ([^\n\0]*\n(?: [^\n\0]*\n)*))?\n"
)
_SSH = b"-----BEGIN SSH SIGNATURE-----\n"
_PARENTS = re.compile(rb"tree " + _OID + rb"\n((?:parent " + _OID + rb"\n)*)")


@dataclass(frozen=True, slots=True)
class CommitObject:
    """One commit: its parents, its message, and its signature as far as there is one.

    `odd` says that it is not of the one form that is believed, and what of it; then `signature` is None. `parents` are
    those that git sees, whatever else is odd. `payload` is what a signature of it signs. `plain` tells that it has no
    header that only people's programs write. `signed` tells that there is a signature of whatever form.
    """

    oid: str
    parents: tuple[str, ...]
    message: bytes
    payload: bytes
    signature: bytes | None
    signed: bool
    plain: bool = True
    odd: Odd | None = None


def oid_of(data: bytes) -> str:
    """Return the id of the commit object with these bytes."""
    return hashlib.sha1(b"commit %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def read_commit(oid: str, data: bytes) -> CommitObject:
    """Return the commit `oid`, whose object holds `data`.

    Bytes that have another id, headers beyond tree, parents, author, committer, encoding and one signature at the end,
    and a NUL byte, at which git cuts a message off, are `odd_header`; another signature than SSH's `odd_signature`.
    """
    found = _HEAD.match(data)
    if found is None or b"\0" in data or oid_of(data) != oid:
        return CommitObject(oid, _parents(data), b"", data, None, signed=b"\ngpgsig" in data, odd="odd_header")
    head, _, parents, encoding, folded = found.groups()
    message = data[found.end() :]
    armored = None if folded is None else folded.replace(b"\n ", b"\n")
    odd: Odd | None = None
    if armored is not None and not armored.startswith(_SSH):
        armored, odd = None, "odd_signature"
    return CommitObject(
        oid=oid,
        parents=_oids(parents),
        message=message,
        payload=head + b"\n" + message,
        signature=armored,
        signed=folded is not None,
        plain=encoding is None,
        odd=odd,
    )


def with_signature(payload: bytes, armored: bytes) -> bytes:
    """Return the commit of `payload` with a signature as its last header, as `git commit -S` writes it."""
    head, _, message = payload.partition(b"\n\n")
    return head + b"\ngpgsig " + armored.rstrip(b"\n").replace(b"\n", b"\n ") + b"\n\n" + message


def _parents(data: bytes) -> tuple[str, ...]:
    found = _PARENTS.match(data)
    return () if found is None else _oids(found[1])


def _oids(lines: bytes) -> tuple[str, ...]:
    return tuple(line.removeprefix(b"parent ").decode() for line in lines.splitlines())
