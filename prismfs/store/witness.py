"""The witness: the newest commit of the records that this user has seen, kept outside of the repository.

Whoever writes into the repository can move the engine's reference, and take its reflog along. The witness lies beside
the engine's key; where the records are not what it says, what came since has to be proven by a key of the roster.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from prismfs.errors import StoreError
from prismfs.store.git.history import is_ancestor
from prismfs.store.git.keys import key_folder
from prismfs.store.git.place import Place
from prismfs.store.git.proofs import has_engines, newest_proven
from prismfs.store.git.repository import Git

_HINT = "prismfs recover --dry-run says what would be put back"


class Witness:
    """What this user has seen of one clone's records; a project without engines has none."""

    def __init__(self, place: Place, git: Git) -> None:
        self._place = place
        self._git = git
        name = hashlib.sha256(os.fsencode(place.common.resolve())).hexdigest()[:16]
        self._path: Path | None = None
        with suppress(StoreError):  # nobody's home, such as an auditor's: nothing is remembered
            self._path = key_folder(os.environ) / place.pid / f"{name}.head"

    def head(self) -> str | None:
        """Return the commit that was seen last, None where nothing is remembered, or it is not here any more."""
        if self._path is None:
            return None
        with suppress(OSError, UnicodeDecodeError):
            commit = self._path.read_text().strip()
            return commit if len(commit) == 40 and self._git.resolve(commit) == commit else None
        return None

    def note(self, commit: str) -> None:
        """Remember that the records are at `commit`; where it cannot be written, what was seen before stays."""
        if self._path is None or not self._path.parent.is_dir():
            return
        with suppress(OSError):
            temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}")
            temporary.write_text(f"{commit}\n")
            temporary.replace(self._path)

    def check(self, truth: str) -> None:
        """Accept the records at `truth`: what was seen last, or what a key of the roster has added since.

        Raises:
            StoreError: `records_rolled_back`; `records_forged`.
        """
        seen = self.head()
        if seen == truth:
            return
        if seen is not None and has_engines(self._git, seen):
            if is_ancestor(self._git, truth, seen):
                said = f"the records were set back from {seen[:12]} to {truth[:12]}"
                raise StoreError("records_rolled_back", said, path=self._place.truth, hint=_HINT)
            if newest_proven(self._git, seen, truth) != truth:
                said = f"the records were moved to {truth[:12]}, and no engine of the roster has signed that"
                raise StoreError("records_forged", said, path=self._place.truth, hint=_HINT)
        self.note(truth)
