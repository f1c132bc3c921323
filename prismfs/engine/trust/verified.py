"""What verifying a history found, and what of it is remembered until the next time.

A clean finding is kept outside of the repository, beside the witness, in a file that only its user can read or write.
It names one commit and what a walk carries along there; all else is what that commit holds. What another program, other
first commit or another place has found is not believed: then all of it is decided again.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from prismfs.errors import Problem, RefusedError
from prismfs.proof.proofs import Anchor, Classified, Mark
from prismfs.records.api import Document, JsonValue
from prismfs.store.git.history import first_parents, follows
from prismfs.store.git.keys import check_place, read_private
from prismfs.store.git.proofs import protected_files
from prismfs.store.reading import program_of
from prismfs.store.repo import ProjectRepo
from prismfs.store.witness import Memory, clone_name

COUNTS = ("commits", "decided", "foreign", "older", "rows", "repaired")
"""What is counted in a walk."""

_LARGEST = 1 << 20
"""Bytes of a remembered finding that are read; a roster entry or setting adds a hundred."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a walk stands after `commit`, beside what that commit holds.

    `newest` is the newest version of the rules met so far; `founded` tells that the project's first commit was; `whole`
    that all files there are valid records. `counts` are what was judged so far, by the names of `COUNTS`.
    """

    commit: str
    newest: int
    founded: bool
    whole: bool
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Verified:
    """What verifying a history found.

    `decided` commits were decided again and came out the same, `older` of them by rules of an older version;
    `foreign` were made by people; `repaired` answer one of people's, of which they refused something. `problems` are
    the faults, the first one first, each with the commit (`path`) and the record (`field`) that differs. `end` is where
    the walk stands then. `taken` is where an earlier one led, which was gone on from: its counts are none of these.
    """

    commits: int
    decided: int
    foreign: int
    older: int
    rows: int
    repaired: int
    head: str
    problems: tuple[Problem, ...]
    end: Stand
    taken: Stand | None = None

    def to_document(self) -> Document:
        """Return the finding as a JSON object."""
        document: Document = {name: getattr(self, name) for name in COUNTS}
        taken: Document | None = None if self.taken is None else {"commit": self.taken.commit, **self.taken.counts}
        problems: list[JsonValue] = [dict(problem.as_document()) for problem in self.problems]
        return document | {"head": self.head, "problems": problems, "taken": taken}


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was remembered: where a clean walk stood, and the anchor from which signatures are checked further.

    Both are None where nothing is to be gone on from; `why` says it where something was remembered.
    """

    stand: Stand | None = None
    anchor: Anchor | None = None
    why: str | None = None


def recall(repo: ProjectRepo, head: str) -> Earlier:
    """Return what was remembered of the records of this clone that now are at `head`, if it holds."""
    path = _memory(repo).path
    if path is None or not path.exists():
        return Earlier()
    try:
        check_place(path)
        kept = json.loads(read_private(path, _LARGEST))
        if kept["program"] != program_of(""):
            return Earlier(why="another prismfs has verified it last")
        stand = Stand(**kept["stand"])
        anchor = Anchor(**kept["anchor"] | {"mark": Mark(**kept["anchor"]["mark"])})
        root = str(kept["root"])
    except (RefusedError, PermissionError):
        return Earlier(why=f"{path} is not its owner's alone")
    except (OSError, KeyError, TypeError, ValueError):
        return Earlier(why=f"{path} cannot be read")
    from prismfs.store.git.intact import is_intact

    said = f"{stand.commit[:12]}, which was verified last,"
    if repo.git.resolve(stand.commit) != stand.commit:
        return Earlier(why=f"{said} is not here any more")
    if root != first_parents(repo.git, head)[0] or not follows(repo.git, stand.commit, head):
        return Earlier(why=f"the records do not lead on from {said[:-1]}: they were set back or rewritten")
    if anchor.commit != stand.commit or dict(anchor.files) != protected_files(repo.git, stand.commit):
        return Earlier(why=f"{said} holds another roster and other settings than then")
    if not is_intact(repo.git, stand.commit):
        return Earlier(why=f"{said} holds files here that are not those of then")
    return Earlier(stand, anchor)


def remember(repo: ProjectRepo, found: Verified, signed: Classified) -> None:
    """Remember a finding without a problem whose commits are all signed by keys of the roster; nothing of another.

    A desk that goes on by its user's own word (`keys accept`) says so each time.
    """
    proofs = signed.proofs.values()
    clean = not found.problems and found.end.whole and signed.anchor.commit == found.head
    if not clean or any(proof.reason != "covered" or proof.doubted for proof in proofs):
        return
    kept = {
        "program": program_of(""),
        "root": first_parents(repo.git, found.head)[0],
        "stand": asdict(found.end),
        "anchor": asdict(signed.anchor),
    }
    _memory(repo).write(json.dumps(kept).encode())


def _memory(repo: ProjectRepo) -> Memory:
    return Memory(repo.git, repo.place.pid, f"{clone_name(repo.place)}.verified")
