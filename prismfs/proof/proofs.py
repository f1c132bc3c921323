"""What `classify` answers: a proof for each commit, what is wrong with the line, and the mark."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["engine", "person", "unproven"]

CoverReason = Literal["covered", "no_cover", "wrong_cover", "overclaims"]

Reason = Literal[
    "covered",
    "accepted",
    "signed",
    "odd_header",
    "odd_signature",
    "unsigned",
    "unknown_key",
    "forged_signature",
    "unverifiable",
    "no_cover",
    "wrong_cover",
    "overclaims",
    "key_stopped",
    "key_compromised",
    "other_line",
]

FaultCode = Literal[
    "shallow",
    "other_root",
    "no_cover",
    "wrong_cover",
    "overclaims",
    "engine_changed_protected",
    "protected_left_changed",
    "not_entitled",
    "built_on_unproven",
    "equivocation",
]

REASONS: Mapping[Reason, str] = {
    "covered": "a key of an engine covers it",
    "accepted": "it enrols the engine that signed it, and this user takes the key for that engine's (keys accept)",
    "signed": "a key of a person signed it",
    "odd_header": "its headers are not those of a commit of git or prismfs",
    "odd_signature": "its signature is none of SSH, or is spelt otherwise than ssh-keygen writes it",
    "unsigned": "it is not signed, and no tip covers it",
    "unknown_key": "its key was nobody's at its place in the history",
    "forged_signature": "its signature does not fit it",
    "unverifiable": "ssh-keygen is missing here, so that its signature cannot be checked",
    "no_cover": "an engine signed it and does not say once what it covers",
    "wrong_cover": "an engine signed it and says that it covers what it does not stand on",
    "overclaims": "an engine signed it and claims commits that others signed, or a merge",
    "key_stopped": "its engine changed protected files before, and no operator has looked at its roster entry since",
    "key_compromised": "the roster says that its engine's key is in other hands",
    "other_line": "an engine signed it on another line, which is classified by itself",
}
"""What each reason means, as a clause for people."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Who made `commit`, and why that is believed or not; `reason` is a key of `REASONS`.

    `name` and `key` are those of whose signature it is, where that is known. `tip` is the signed commit that covers it,
    or the merge that took it from another line. `doubted` tells that its engine's key may have been in other hands:
    then nothing follows from it but what carries a proof of its own.
    """

    commit: str
    status: Status
    reason: Reason
    name: str | None = None
    key: str | None = None
    tip: str | None = None
    doubted: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """Something of the line that must not be: its code, the commit, and the paths or the other commit it is about."""

    code: FaultCode
    commit: str
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tip:
    """A valid tip: the key that signed it, the commit that its group stands on, and how many it covers."""

    commit: str
    key: str
    base: str
    count: int


@dataclass(frozen=True, slots=True)
class Mark:
    """The protected files as they count: path to blob id.

    `commit` is the newest of the line at which they became wholly what counted then. While a file stands changed that
    no operator signed, it may be older than `files`.
    """

    commit: str
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A commit from which a line is believed: the pinned root, or a tip that was classified before.

    `files` are the protected files as they are at `commit`, which may differ from the mark's. `stopped` maps each key
    that is used no further to the place of its roster entry.
    """

    commit: str
    mark: Mark
    files: Mapping[str, str]
    stopped: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def at_root(cls, commit: str, files: Mapping[str, str]) -> "Anchor":
        """Return the anchor at a project's first commit, whose protected `files` (path to blob id) all count."""
        return cls(commit, Mark(commit, files), files)


@dataclass(frozen=True, slots=True)
class Classified:
    """A line from its anchor to its head, oldest first.

    `undecidable` is set where nothing can be said of the line at all: `shallow` (commits are missing) or `other_root`.
    `taken` are the commits of other lines that an engine took over by a merge. `anchors` holds, by its commit, each
    place from which the line, or one that left it there, may be classified further.
    """

    proofs: Mapping[str, Proof]
    faults: tuple[Fault, ...]
    mark: Mark
    taken: Mapping[str, Proof]
    tips: tuple[Tip, ...]
    anchors: dict[str, Anchor]
    undecidable: Literal["shallow", "other_root"] | None = None

    @property
    def anchor(self) -> Anchor:
        """The newest place from which the line may be classified further."""
        return self.anchors[next(reversed(self.anchors))]
