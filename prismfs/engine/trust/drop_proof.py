"""What a dropped file proves beside the name that it claims: its signature, or the user that it belongs to (FT-04).

Keys and users are those of the sender's roster entry at the protected base, never of what the file brings.
"""

import hashlib
import os
import pwd
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from prismfs.delivery.programs.run import run
from prismfs.engine.trust.endorsement import roster_at
from prismfs.engine.trust.protection import served_at
from prismfs.engine.turn.desk import Desk
from prismfs.errors import RecordError, RefusedError
from prismfs.intake.drop import Drop
from prismfs.kinds.core.settings.persona import Persona
from prismfs.records.api import Event, OwnerProof, SignatureProof
from prismfs.store.git.repository import Git
from prismfs.store.git.signatures import PROGRAM

NAMESPACE = "prismfs"
"""What the signature of a drop is made for (`ssh-keygen -Y sign -n`): one of a commit does not serve."""

_WAIT = timedelta(seconds=10)
_MOST = 16 * 1024  # bytes of a signature


def proof_of(desk: Desk, drop: Drop, sender: str) -> OwnerProof | SignatureProof | None:
    """Return how `drop` is known to be from `sender`; None where that is a claim alone.

    Raises:
        RecordError: `bad_signature`; there is a signature, and it is none of `sender` over these bytes.
    """
    listed = desk.view().get(Persona, sender)
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


def contradicts_roster(git: Git, event: Event, before: str) -> bool:
    """Tell whether `event`, decided on top of the commit `before`, keeps a proof that the roster there denies.

    The signature itself was checked when the file came in: its bytes, with their secrets, are not kept.
    """
    if event.proof is None:
        return False
    entry = _entry(git, before, event.actor)
    if entry is None:
        return True
    return event.proof.login not in entry.logins if event.proof.how == "owner" else event.proof.key not in entry.keys


def _entry(git: Git, head: str, name: str) -> Persona | None:
    entries = roster_at(git, served_at(git, head))
    return next((entry for entry in entries if entry.identity.casefold() == name.casefold()), None)


def _signed(drop: Drop, signature: bytes, sender: str, entry: Persona | None) -> SignatureProof:
    for key in () if entry is None else entry.keys:
        if fits(signature, drop.data, key):
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
        RefusedError: `command_missing`; OpenSSH is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        signers, file = Path(folder) / "signers", Path(folder) / "signature"
        signers.write_text(f'sender namespaces="{NAMESPACE}" {key}\n')
        file.write_bytes(signature)
        command = [PROGRAM, "-Y", "verify", "-n", NAMESPACE, "-I", "sender", "-f", str(signers), "-s", str(file)]
        return run(command, data, timeout=_WAIT, cwd=Path(folder)).code == 0


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
