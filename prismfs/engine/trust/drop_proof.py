"""What a dropped file proves beside the name that it claims: its signature, or the user that it belongs to (FT-04).

Keys and users are those of the sender's roster entry at the protected base, never of what the file brings.
"""

from __future__ import annotations

import base64
import hashlib
import os
import pwd
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from prismfs.delivery.programs.run import run
from prismfs.engine.trust.endorsement import roster_at
from prismfs.errors import RecordError, RefusedError
from prismfs.kinds.core.settings.persona import Persona
from prismfs.records.api import Event, OwnerProof, SignatureProof, View
from prismfs.store.git.repository import Git
from prismfs.store.git.signatures import PROGRAM

if TYPE_CHECKING:
    from prismfs.engine.turn.desk import Desk
    from prismfs.intake.drop import Drop

NAMESPACE = "prismfs"
"""What the signature of a drop is made for (`ssh-keygen -Y sign -n`): one of a commit does not serve."""

_WAIT = timedelta(seconds=10)
_MOST = 16 * 1024  # bytes of a signature

_ARMOR = b"-----BEGIN SSH SIGNATURE-----\n%b\n-----END SSH SIGNATURE-----\n"
_COLUMNS = 70


def proof_of(desk: Desk, view: View, drop: Drop, sender: str) -> OwnerProof | SignatureProof | None:
    """Return how `drop` is known to be from `sender`; None where that is a claim alone. `view` is the desk's.

    Raises:
        RecordError: `bad_signature`; there is a signature, and it is none of `sender` over these bytes.
            `signature_unverifiable`; ssh-keygen is missing here, or gave no answer.
    """
    listed = view.get(Persona, sender)
    if drop.signature is None and (listed is None or not listed.logins):
        return None  # as nearly all are; the protected base is asked where it could say more
    entry = _entry(desk.repo.git, desk.repo.snapshot().commit, sender)
    if drop.signature is not None:
        return _signed(drop, drop.signature, sender, entry)
    with suppress(KeyError):
        login = pwd.getpwuid(drop.owner).pw_name
        if entry is not None and login in entry.logins:
            return OwnerProof(how="owner", login=login)
    return None


def cause_of(drop: Drop, proof: OwnerProof | SignatureProof | None) -> str:
    """Return the cause that the event of `drop` names: of a signed file its bytes alone.

    Whoever can read a signed file can copy it, under any name and with the signature spelt another way: it counts once.
    """
    return f"drop:signed:{proof.sha512}" if proof is not None and proof.how == "signed" else drop.cause


def contradicts_roster(git: Git, event: Event, before: str) -> bool:
    """Tell whether `event`, decided on top of the commit `before`, keeps a proof that the roster there denies.

    The signature itself was checked when the file came in: its bytes, with their secrets, are not kept.
    """
    if event.proof is None or event.proof.how == "commit":
        return False
    entry = _entry(git, before, event.actor)
    if entry is None:
        return True
    return event.proof.login not in entry.logins if event.proof.how == "owner" else event.proof.key not in entry.keys


def _entry(git: Git, head: str, name: str) -> Persona | None:
    entries = roster_at(git, head)
    return next((entry for entry in entries if entry.identity.casefold() == name.casefold()), None)


def _signed(drop: Drop, signature: bytes, sender: str, entry: Persona | None) -> SignatureProof:
    for key in () if entry is None or not is_strict(signature) else entry.keys:
        try:
            good = fits(signature, drop.data, key)
        except RefusedError as error:
            hint = "install OpenSSH where the watcher runs, then drop it again"
            raise RecordError("signature_unverifiable", f"{PROGRAM}: {error.problem.message}", hint=hint) from error
        if good:
            digest = hashlib.sha512(drop.data).hexdigest()
            return SignatureProof(how="signed", key=key, sha512=digest, signature=signature.decode())
    raise RecordError(
        "bad_signature",
        f"its signature is not of these bytes by a key of {sender}'s roster entry",
        hint="prismfs emit --sign KEY FILE, with a key that roster/ lists under keys",
    )


def fits(signature: bytes, data: bytes, key: str) -> bool:
    """Tell whether `signature` (armored) is one over exactly `data` by `key`, made for `NAMESPACE`.

    Raises:
        RefusedError: `command_missing`, OpenSSH is not installed; `command_timeout`.
    """
    with tempfile.TemporaryDirectory() as folder:
        signers, file = Path(folder) / "signers", Path(folder) / "signature"
        signers.write_text(f'sender namespaces="{NAMESPACE}" {key}\n')
        file.write_bytes(signature)
        command = [PROGRAM, "-Y", "verify", "-n", NAMESPACE, "-I", "sender", "-f", str(signers), "-s", str(file)]
        return run(command, data, timeout=_WAIT, cwd=Path(folder)).code == 0


def is_strict(signature: bytes) -> bool:
    """Tell whether `signature` is armored as ssh-keygen writes it and holds the fields of one and nothing else.

    ssh-keygen itself passes over text around it, and over what fills the reserved field; as the signature is kept, such
    text would come into the history unseen. Source: OpenSSH, PROTOCOL.sshsig.
    """
    try:
        blob = base64.b64decode(b"".join(signature.split(b"\n")[1:-2]), validate=True)
    except ValueError:
        return False
    code = base64.b64encode(blob)
    lines = b"\n".join(code[at : at + _COLUMNS] for at in range(0, len(code), _COLUMNS))
    if signature != _ARMOR % lines or not blob.startswith(b"SSHSIG\x00\x00\x00\x01"):
        return False
    rest, fields = blob[10:], []
    while len(rest) >= 4 and len(rest) >= 4 + (size := int.from_bytes(rest[:4])):
        fields.append(rest[4 : 4 + size])
        rest = rest[4 + size :]
    return not rest and len(fields) == 5 and fields[2] == b""  # key, namespace, reserved, hash, signature


def sign(data: bytes, key: Path) -> bytes:
    """Return the armored signature over `data` by `key`: a private key's file, or the public half of one in ssh-agent.

    Raises:
        RefusedError: `not_signed`, with what ssh-keygen says; `command_missing`.
    """
    command = [PROGRAM, "-q", "-Y", "sign", "-n", NAMESPACE, "-f", str(key.absolute())]
    agent = {name: os.environ[name] for name in ("SSH_AUTH_SOCK",) if name in os.environ}
    ended = run(command, data, timeout=_WAIT, cwd=key.absolute().parent, environment=agent, keep=_MOST)
    if ended.code or not ended.output:
        said = ended.errors.decode(errors="replace").strip().rpartition("\n")[2]
        raise RefusedError(
            "not_signed", f"ssh-keygen made no signature: {said}", path=str(key),
            hint="for a key with a passphrase: ssh-add it, then --sign KEY.pub",
        )  # fmt: skip
    return ended.output
