"""The key with which the engine of a clone signs: a file of its owner's outside of every repository, or an ssh-agent.

The file is as ssh-keygen makes it, without a passphrase, so that OpenSSH's own programs read it.
Source: PROTOCOL.key and PROTOCOL.agent of OpenSSH 9.2.
"""

import base64
import os
import secrets
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from prismfs.errors import RefusedError, StoreError
from prismfs.proof.sshsig import SshSignature, is_good, public_line, raw_public, signed_bytes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_FOLDER = "PRISMFS_KEY_FOLDER"
"""The environment variable that names another folder than `$XDG_STATE_HOME/prismfs/keys`."""

_LARGEST = 10_000
"""Bytes of a key file that are read; an Ed25519 key has some four hundred."""

_ACCEPTED = "accepted.keys"
"""The file of public keys beside the project's own, one a line, with the engine's name where ssh has a comment."""

_SIGN_REQUEST, _SIGN_RESPONSE = 13, 14
_AGENT_SECONDS = 10.0
_ANSWER = 1 << 16


class Signer(Protocol):
    """An Ed25519 key that signs without saying how."""

    @property
    def public(self) -> bytes:
        """The 32 bytes of the public key."""

    def sign(self, data: bytes) -> bytes:
        """Return the 64 bytes of the signature of `data`."""


class FileKey:
    """A private key that this process holds."""

    def __init__(self, private: "Ed25519PrivateKey") -> None:
        self._private = private
        self.public = private.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        """Return the 64 bytes of the signature of `data`."""
        return self._private.sign(data)


class AgentKey:
    """A private key that an ssh-agent holds: it never enters this process, and no program is started."""

    def __init__(self, address: Path, line: str) -> None:
        raw = raw_public(line)
        if raw is None:
            raise RefusedError("bad_key", "is no ssh-ed25519 key of one line without a comment")
        self.public = raw
        self._address = address
        self._blob = base64.b64decode(line.partition(" ")[2])

    def sign(self, data: bytes) -> bytes:
        """Return the 64 bytes of the signature of `data`.

        Raises:
            StoreError: `agent_refused`; it cannot be reached, does not have the key, or its owner said no.
        """
        request = bytes([_SIGN_REQUEST]) + _string(self._blob) + _string(data) + bytes(4)
        try:
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(_AGENT_SECONDS)
                link.connect(str(self._address))
                link.sendall(_string(request))
                answer = _receive(link)
        except OSError as error:
            raise _refused(str(error.strerror or error)) from error
        signature = answer[-64:]
        if answer[:1] != bytes([_SIGN_RESPONSE]) or len(signature) != 64:
            raise _refused("it does not have the key, or its owner said no")
        return signature


def key_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of this user's engine keys.

    Raises:
        StoreError: `no_key_folder`; the environment names none.
    """
    named, state, home = (environ.get(name) for name in (KEY_FOLDER, "XDG_STATE_HOME", "HOME"))
    if named:
        return Path(named)
    if not state and not home:
        raise StoreError("no_key_folder", "there is no place for the engine's key", hint=f"set HOME or {KEY_FOLDER}")
    return (Path(state) if state else Path(str(home), ".local", "state")) / "prismfs" / "keys"


def make_key(path: Path) -> FileKey:
    """Make a new key in the file at `path`, mode 0600, and its public half beside it with `.pub`.

    Raises:
        RefusedError: `key_in_repository`; `key_exists`.
        StoreError: `no_key`; the file cannot be written.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    check_place(path)
    private = Ed25519PrivateKey.generate()
    data = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    key = FileKey(private)
    try:
        _make_private(path.parent)
        _write(path, data, 0o600)
        _write(path.with_name(f"{path.name}.pub"), f"{public_line(key.public)}\n".encode(), 0o644)
    except FileExistsError:
        raise RefusedError("key_exists", "there is a key already", path=str(path)) from None
    except OSError as error:
        raise StoreError("no_key", f"the key cannot be written: {error.strerror}", path=str(path)) from error
    return key


def read_key(path: Path) -> FileKey:
    """Return the key in the file at `path`.

    Raises:
        RefusedError: `key_in_repository`; `key_exposed`, others may read or change it; `bad_key`, no Ed25519 key
            without a passphrase.
        StoreError: `no_key`; it cannot be read.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    check_place(path)
    data = _read(path)
    try:
        private = load_ssh_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise RefusedError("bad_key", "holds no SSH key without a passphrase", path=str(path)) from None
    if not isinstance(private, Ed25519PrivateKey):
        raise RefusedError("bad_key", "holds another key than ssh-ed25519", path=str(path))
    return FileKey(private)


def accepted_keys(pid: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the public keys that this user takes for engines' of the project `pid`, each with the engine's name.

    Raises:
        RefusedError: as `read_key` does.
        StoreError: `no_key`.
    """
    try:
        path = key_folder(environ) / pid / _ACCEPTED
    except StoreError:  # nobody's home, such as an auditor's: nothing is accepted
        return {}
    if not os.path.lexists(path):
        return {}
    check_place(path)
    lines = (line.rpartition(" ") for line in _read(path).decode(errors="replace").splitlines())
    return {key: name for key, _, name in lines}


def accept_key(pid: str, name: str, key: str, environ: Mapping[str, str] = os.environ) -> None:
    """Take the public `key` for that of the engine `name`, whatever the roster of the project `pid` says.

    Raises:
        RefusedError, StoreError: as `accepted_keys` does; `no_key_folder`; it cannot be written.
    """
    lines = "".join(f"{key} {name}\n" for key, name in {**accepted_keys(pid, environ), key: name}.items())
    path = key_folder(environ) / pid / _ACCEPTED
    check_place(path)
    temporary = path.with_name(f"{_ACCEPTED}.{secrets.token_hex(4)}")
    try:
        _make_private(path.parent)
        _write(temporary, lines.encode(), 0o600)
        temporary.replace(path)
    except OSError as error:
        raise StoreError("no_key", f"the key cannot be noted: {error.strerror}", path=str(path)) from error


def holds(signer: Signer) -> bool:
    """Tell whether `signer` has the private half of its public key, by a signature of something new."""
    data = secrets.token_bytes(32)
    signature = SshSignature(public_line(signer.public), signer.sign(signed_bytes(data)))
    return is_good(signature, data)


def check_place(path: Path) -> None:
    """Accept a place below which there is no repository: whatever is in one may be committed, copied and cleaned.

    Raises:
        RefusedError: `key_in_repository`.
    """
    for folder in path.absolute().resolve().parents:
        if (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir()):
            raise RefusedError(
                "key_in_repository", f"is inside the repository {folder}", path=str(path), hint=f"set {KEY_FOLDER}"
            )


def _make_private(folder: Path) -> None:
    """Make `folder`, and those above it that are missing, its owner's alone: a mode by itself bends to the umask."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
        missing.chmod(0o700)


def _write(path: Path, data: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)
        file.write(data)
        file.flush()
        os.fsync(handle)


def read_private(path: Path, most: int) -> bytes:
    """Return at most `most` bytes of a file that only this user can read or write.

    Raises:
        PermissionError: others can, or it is no file.
        OSError: it cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077 or found.st_uid != os.geteuid():
            raise PermissionError(None, "is not its owner's alone")
        return file.read(most)


def _read(path: Path) -> bytes:
    try:
        return read_private(path, _LARGEST)
    except PermissionError as error:
        if error.errno is not None:
            raise StoreError("no_key", f"the engine's key cannot be read: {error.strerror}", path=str(path)) from error
        raise RefusedError(
            "key_exposed", "is not its owner's alone", path=str(path),
            hint="make a new key, take this one out of the roster, and remove the file",
        ) from error  # fmt: skip
    except OSError as error:
        raise StoreError("no_key", f"the engine's key cannot be read: {error.strerror}", path=str(path)) from error


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _receive(link: socket.socket) -> bytes:
    """Return one message of an ssh-agent, without its length."""
    with link.makefile("rb") as stream:
        size = int.from_bytes(stream.read(4), "big")
        return stream.read(size) if 0 < size <= _ANSWER else b""


def _refused(why: str) -> StoreError:
    return StoreError("agent_refused", f"the ssh-agent does not sign: {why}", hint="ssh-add -L shows its keys")
