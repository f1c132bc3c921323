"""SSH signatures as `ssh-keygen -Y sign` writes them: built, and read in exactly one spelling.

git and ssh-keygen call a signature good that is broken into other lines, or that fills a reserved field. Whoever does
that to a signed commit makes a second commit with the same proof. So what is read must be what would be written.
Source: PROTOCOL.sshsig and PROTOCOL.certkeys of OpenSSH 9.2; RFC 8032 for Ed25519.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

GIT = "git"
"""The namespace of git's signatures; a signature of one namespace is none in another."""

ED25519 = "ssh-ed25519"
_OTHER_TYPES = frozenset(
    {
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    }
)
_HASHES = frozenset({b"sha256", b"sha512"})
_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----\n", b"-----END SSH SIGNATURE-----\n"
_COLUMNS = 70
_MAGIC = b"SSHSIG"
_HEAD = _MAGIC + (1).to_bytes(4, "big")

_P = 2**255 - 19
_ORDER_8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
WEAK = frozenset({0, 1, _ORDER_8, _P - _ORDER_8, _P - 1, _P, _P + 1})
"""The y of public keys that are no key: points of order 8 and less, under which anybody can sign anything."""


@dataclass(frozen=True, slots=True)
class SshSignature:
    """A signature: the public key in one line without a comment, and its 64 bytes.

    `raw` is None for a key that is not Ed25519: such a signature is checked by ssh-keygen.
    """

    key: str
    raw: bytes | None


def public_line(raw: bytes) -> str:
    """Return the public Ed25519 key of these 32 bytes, as `ssh-keygen` writes it, without a comment."""
    return f"{ED25519} {base64.b64encode(_key_blob(raw)).decode()}"


def raw_public(line: str) -> bytes | None:
    """Return the 32 bytes of the public Ed25519 key in `line`; None for another key, another spelling, a weak one."""
    raw = _decode(line.partition(" ")[2].encode())[-32:]
    weak = int.from_bytes(raw, "little") % 2**255 in WEAK
    return raw if len(raw) == 32 and line == public_line(raw) and not weak else None


def normal_line(line: str) -> str | None:
    """Return a public key with its base64 as it is written; None where `line` holds none that can be used."""
    kind, _, code = line.partition(" ")
    blob = _decode(code.encode())
    fields = _fields(blob)
    if fields is None or not fields or fields[0] != kind.encode() or kind not in {ED25519, *_OTHER_TYPES}:
        return None
    normal = f"{kind} {base64.b64encode(blob).decode()}"
    return normal if kind != ED25519 or raw_public(normal) is not None else None


def fingerprint(line: str) -> str:
    """Return the fingerprint of a public key as `ssh-keygen -l` writes it: `SHA256:…`."""
    digest = hashlib.sha256(_decode(line.partition(" ")[2].encode())).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def signed_bytes(data: bytes, namespace: str = GIT) -> bytes:
    """Return what the key signs when `data` is signed."""
    digest = hashlib.sha512(data).digest()
    return _MAGIC + b"".join(map(_string, (namespace.encode(), b"", b"sha512", digest)))


def armor(public: bytes, signature: bytes, namespace: str = GIT) -> bytes:
    """Return the signature of 64 bytes by the Ed25519 key of 32 bytes, in its one spelling."""
    inner = _string(ED25519.encode()) + _string(signature)
    parts = (_key_blob(public), namespace.encode(), b"", b"sha512", inner)
    return _armored(_HEAD + b"".join(map(_string, parts)))


def read_armor(armored: bytes, namespace: str = GIT) -> SshSignature | None:
    """Return the signature in `armored`; None where it is spelt otherwise, or is of another namespace."""
    blob = _decode(b"".join(armored.split(b"\n")[1:-2]))
    if not blob.startswith(_HEAD) or _armored(blob) != armored:
        return None
    fields = _fields(blob[len(_HEAD) :])
    if fields is None or len(fields) != 5:
        return None
    key, said, reserved, digest, inner = fields
    if said != namespace.encode() or reserved or digest not in _HASHES:
        return None
    key_fields, inner_fields = _fields(key), _fields(inner)
    if not key_fields:
        return None
    if key_fields[0] == ED25519.encode():
        raw = inner_fields[-1] if inner_fields else b""
        if armor(key[-32:], raw, namespace) != armored or len(key) < 32 or len(raw) != 64:
            return None
        return SshSignature(public_line(key[-32:]), raw)
    # What follows the algorithm in a signature of a security key is no field.
    kind = key_fields[0].decode(errors="replace")
    return SshSignature(f"{kind} {base64.b64encode(key).decode()}", None) if kind in _OTHER_TYPES else None


def is_good(signature: SshSignature, data: bytes, namespace: str = GIT) -> bool:
    """Tell whether an Ed25519 signature fits `data`."""
    # Here: whoever only reads a list does not wait for it.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = raw_public(signature.key)
    if public is None or signature.raw is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature.raw, signed_bytes(data, namespace))
    except (InvalidSignature, ValueError):
        return False
    return True


def _key_blob(raw: bytes) -> bytes:
    return _string(ED25519.encode()) + _string(raw)


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _fields(data: bytes) -> tuple[bytes, ...] | None:
    """Return the strings that `data` consists of, None where it does not."""
    found = []
    while data:
        end = 4 + int.from_bytes(data[:4], "big")
        if len(data) < 4 or len(data) < end:
            return None
        found.append(data[4:end])
        data = data[end:]
    return tuple(found)


def _decode(code: bytes) -> bytes:
    try:
        return base64.b64decode(code, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _armored(blob: bytes) -> bytes:
    code = base64.b64encode(blob)
    lines = (code[begin : begin + _COLUMNS] + b"\n" for begin in range(0, len(code), _COLUMNS))
    return _BEGIN + b"".join(lines) + _END
