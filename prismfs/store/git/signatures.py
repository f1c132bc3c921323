"""The SSH signature of a commit, checked by git against keys that the caller names.

Nothing of the repository's own configuration takes part: which program checks, which format counts and whose keys
are known is said with each call. Source: git-log(1), placeholders `%G?` and `%GS`; gpg.ssh in git-config(1), of git
2.39; ssh-keygen(1), section "allowed signers".
"""

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from prismfs.store.git.repository import Git

PROGRAM = "ssh-keygen"
"""What git checks an SSH signature with; part of OpenSSH 8.2 and newer."""

_SETTINGS = {
    "gpg.format": "ssh",
    "gpg.ssh.program": PROGRAM,
    "gpg.minTrustLevel": "fully",  # a key without a named owner is not enough
    "gpg.program": "false",
    "gpg.openpgp.program": "false",
    "gpg.x509.program": "false",
}
_SIGNED = re.compile(rb"^gpgsig(-sha256)? ", re.MULTILINE)
_BY_SSH = re.compile(rb"^gpgsig(-sha256)? -----BEGIN SSH SIGNATURE-----$", re.MULTILINE)
_SIGNER = re.compile(r"[A-Za-z0-9._-]+")

State = Literal[
    "good", "unsigned", "unsupported_signature", "unknown_key", "forged_signature", "signature_unverifiable"
]


@dataclass(frozen=True, slots=True)
class Signature:
    """The result of a check; `signer` is the lower-case name of the key's owner where the signature is good."""

    state: State
    signer: str | None = None


def can_check() -> bool:
    """Tell whether this machine can check SSH signatures at all."""
    return shutil.which(PROGRAM) is not None


def check_signature(git: Git, commit: str, keys: Mapping[str, Sequence[str]]) -> Signature:
    """Check the signature of `commit` against `keys`: name of a signer -> public keys, as `ssh-keygen` writes them.

    A name is letters, digits, dots, dashes and underscores; a key one line without a comment.
    """
    head = (git.read(commit) or b"").partition(b"\n\n")[0]
    if not _SIGNED.search(head):
        return Signature("unsigned")
    if not _BY_SSH.search(head):
        return Signature("unsupported_signature")
    if not can_check():
        return Signature("signature_unverifiable")
    with tempfile.NamedTemporaryFile(prefix="signers-") as file:
        allowed = (f'{name.lower()} namespaces="git" {key}\n' for name in sorted(keys) for key in keys[name])
        file.write("".join(allowed).encode())
        file.flush()
        settings = {**_SETTINGS, "gpg.ssh.allowedSignersFile": str(Path(file.name).absolute())}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        output = git.run(*options, "log", "-1", "--no-show-signature", "--no-patch", "--format=%G?%x00%GS", commit)
    verdict, _, signer = output.decode(errors="replace").strip().partition("\0")
    if verdict == "G" and _SIGNER.fullmatch(signer):
        return Signature("good", signer)
    return Signature("unknown_key" if verdict == "U" else "forged_signature")
