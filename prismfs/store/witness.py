"""The witness: the newest commit of the records that this user has seen, kept outside of the repository.

Whoever writes into the repository can move the engine's reference, and take its reflog along. The witness lies beside
the engine's key; where the records are not what it says, what came since has to be proven by a key of the roster. It is
a checkpoint that the engine has signed, so that it can be shown elsewhere; without a key here, a bare commit id.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from prismfs.errors import StoreError
from prismfs.proof.checkpoint import Checkpoint, Claim, checkpoint_of, read_checkpoint
from prismfs.store.engine_key import read_engine
from prismfs.store.git.history import follows, founding_of, is_ancestor, read_commit
from prismfs.store.git.keys import Signer, key_folder
from prismfs.store.git.place import Place
from prismfs.store.git.repository import Git

_NOTED = re.compile(rb"(?:object )?([0-9a-f]{40})\n")
_HINT = "prismfs recover --dry-run says what would be put back"


def clone_name(place: Place) -> str:
    """Return the name by which one clone of a project is remembered."""
    return hashlib.sha256(os.fsencode(place.common.resolve())).hexdigest()[:16]


class Memory:
    """One commit that this user remembers of the project `pid`, under a `name`, outside of the repository.

    `path` is the file; None where the environment names no folder for it.
    """

    def __init__(self, git: Git, pid: str, name: str) -> None:
        self._git = git
        self.path: Path | None = None
        with suppress(StoreError):  # nobody's home, such as an auditor's: nothing is remembered
            self.path = key_folder(os.environ) / pid / name

    def head(self) -> str | None:
        """Return the commit that was noted last, None where nothing is remembered, or it is not here any more."""
        commit = self.noted()
        return commit if commit is not None and self._git.resolve(commit) == commit else None

    def noted(self) -> str | None:
        """Return the commit that was noted last, whether it is here or not; None where nothing is remembered."""
        found = _NOTED.match(self._read())
        return None if found is None else found[1].decode()

    def note(self, commit: str) -> None:
        """Remember `commit`; where it cannot be written, what was noted before stays."""
        self.write(f"{commit}\n".encode())

    def _read(self) -> bytes:
        if self.path is not None:
            with suppress(OSError):
                return self.path.read_bytes()
        return b""

    def write(self, data: bytes) -> None:
        """Remember `data`, in a file of this user's alone; where it cannot be written, what was there stays."""
        if self.path is None or not self.path.parent.is_dir():
            return
        with suppress(OSError):
            temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}")
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            temporary.replace(self.path)


def proven_files(git: Git, pid: str, root: str, head: str) -> Mapping[str, str] | None:
    """Return the protected files at `head` as they count (path to blob id), where engines signed all since `root`.

    The keys are those of the records at `root`, the first commit of the project `pid`, and of what they signed since.
    None where `head` does not stand on `root`, or something between them has no such signature. How far that holds is
    remembered, so that a long history is looked at once.
    """
    from prismfs.store.git.proofs import files_signed_since, protected_files

    memory = Memory(git, pid, f"{root}.proven")
    known = memory.head()
    for base in (root,) if known in (None, root) else (known, root):
        if git.resolve(base) is None:
            return None
        found = files_signed_since(git, base, head)
        if found is not None:
            if head != known and found == protected_files(git, head):
                memory.note(head)
            return found
    return None


def is_proven(git: Git, base: str, commit: str) -> bool:
    """Tell whether the engines of the roster at `base` have signed the records up to `commit`."""
    from prismfs.store.git.proofs import newest_proven

    return newest_proven(git, base, commit) == commit


def begins_with(git: Git, pid: str, root: str, head: str) -> bool:
    """Tell whether the records of the project `pid` that are at `head` were founded by the commit `root`.

    How far that holds is remembered, as in `proven_files`.

    Raises:
        StoreError: `history_shallow`.
    """
    memory = Memory(git, pid, f"{root}.line")
    known = memory.head()
    if (known is None or not follows(git, known, head)) and founding_of(git, head) != root:
        return False
    if known != head:
        memory.note(head)
    return True


class Witness(Memory):
    """What this user has seen of one clone's records; a project without engines has none."""

    def __init__(self, place: Place, git: Git) -> None:
        super().__init__(git, place.pid, f"{clone_name(place)}.head")
        self._place = place

    def check(self, truth: str) -> None:
        """Accept the records at `truth`: what was seen last, or what a key of the roster has added since.

        Raises:
            StoreError: `records_rolled_back`; `records_forged`.
        """
        noted, seen = self.noted(), self.head()
        if noted == truth:
            return
        from prismfs.store.git.proofs import has_engines

        if noted is not None and seen is None and has_engines(self._git, truth):
            said = f"the records are at {truth[:12]}, and {noted[:12]}, which was seen last, is not here any more"
            raise StoreError("records_rolled_back", said, path=self._place.truth, hint=_HINT)
        if seen is not None and has_engines(self._git, seen):
            if is_ancestor(self._git, truth, seen):
                said = f"the records were set back from {seen[:12]} to {truth[:12]}"
                raise StoreError("records_rolled_back", said, path=self._place.truth, hint=_HINT)
            if not is_proven(self._git, seen, truth):
                said = f"the records were moved to {truth[:12]}, and no engine of the roster has signed that"
                raise StoreError("records_forged", said, path=self._place.truth, hint=_HINT)
        self.note(truth)

    def sign(self, commit: str, signer: Signer | None) -> None:
        """Remember `commit` of the records by a checkpoint; by its id alone where the engine does not sign."""
        signed = self.signed(commit, signer)
        self.note(commit) if signed is None else self.write(signed)

    def signed(self, commit: str, signer: Signer | None) -> bytes | None:
        """Return this clone's checkpoint over `commit` of the records, None without a key that signs."""
        engine = read_engine(self._place.state)
        if signer is None or engine is None:
            return None
        claim = Claim(commit, self._place.pid, engine.name, read_commit(self._git, commit).seconds)
        try:
            data = checkpoint_of(claim, signer.public, signer.sign(claim.to_sign))
        except StoreError:  # an ssh-agent that has gone
            return None
        return None if read_checkpoint(data) is None else data

    def checkpoint(self) -> Checkpoint | None:
        """Return the checkpoint that is remembered, None where the commit was noted without a signature."""
        return read_checkpoint(self._read())
