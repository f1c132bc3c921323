"""The keys that count at one place of a line: of engines and of people, each with its owner."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from prismfs.proof.sshsig import ED25519, normal_line


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a key: the engine of a clone, or a person. `place` is the path of the roster's entry.

    An `operator` may change protected files. The key of an engine with `compromised_since` signs nothing any more,
    and what it signed after that commit is in doubt.
    """

    kind: Literal["engine", "person"]
    name: str
    place: str
    operator: bool = False
    compromised_since: str | None = None


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Public key, in one line without a comment, to its holder.

    `engine_vouches` tells that the operating-system user is trusted (`trust: local`): then an engine's own commits may
    change protected files, as it has looked at who asked for it. `accepted` are keys, each with the name of the engine
    that this user takes it for without the roster's word (`keys accept`).
    """

    holders: Mapping[str, Holder] = field(default_factory=dict)
    engine_vouches: bool = False
    accepted: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, entries: Iterable[tuple[str, Holder]], *, engine_vouches: bool = False,
        accepted: Mapping[str, str] | None = None,
    ) -> "KeyRing":  # fmt: skip
        """Return the ring of these (public key, holder).

        A key that stands twice is nobody's, in whatever spelling; so is an engine's that is not Ed25519.
        """
        found: dict[str, Holder | None] = {}
        for line, holder in entries:
            key = normal_line(line)
            if key is None or (holder.kind == "engine" and not key.startswith(f"{ED25519} ")):
                continue
            found[key] = None if key in found else holder
        return cls({key: holder for key, holder in found.items() if holder is not None}, engine_vouches, accepted or {})

    def holder_of(self, key: str) -> Holder | None:
        """Return who holds `key`, None where nobody does."""
        return self.holders.get(key)
