"""Artifacts that foreign commits added or changed, as events (R-003-27, R-003-28).

Several commits that touch the same artifact are one event: what stood before the first of them, which prismfs wrote, is
held against what stands now, so that nothing in between passes for its own.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from prismfs.errors import RecordError
from prismfs.kinds import kind_of_path
from prismfs.kinds.gates import artifact
from prismfs.kinds.gates.artifact import Artifact
from prismfs.records.api import CAUSE, Document, Event, Identity
from prismfs.rules import ENGINE
from prismfs.store.git.repository import Git
from prismfs.store.snapshot import ForeignCommit

_IDENTITY: TypeAdapter[str] = TypeAdapter(Identity)


def artifact_events(git: Git, head: str, commits: Sequence[ForeignCommit], now: datetime) -> list[Event]:
    """Return an event for each artifact that differs between `head` and the state before `commits`, the news.

    `commits` are in order, oldest first.
    """
    first: dict[str, ForeignCommit] = {}
    last: dict[str, ForeignCommit] = {}
    for commit in commits:
        touched = [path for path in commit.puts if kind_of_path(path) is artifact.KIND]
        first, last = dict.fromkeys(touched, commit) | first, last | dict.fromkeys(touched, commit)
    events = []
    for path, commit in last.items():
        since = git.resolve(f"{first[path].commit}^1")
        assert since is not None
        here, before = read_artifact(git, head, path), read_artifact(git, since, path)
        if here is None or here == before:
            continue  # one that cannot be read was written down with the commit
        events.append(
            Event(
                type="commit",
                kind="artifact",
                cause=f"commit:{commit.commit}:{here.id}",
                at=min(now, datetime.fromtimestamp(commit.seconds, UTC)),
                actor=ENGINE,
                assurance="engine",
                document={
                    "id": here.id,
                    "commit": commit.commit,
                    "since": since,
                    "editors": [*editors_of(git, path, since, head)],
                    "before": None if before is None else without_words(before),
                },
            )
        )
    return events


def read_artifact(git: Git, commit: str, path: str) -> Artifact | None:
    """Return the artifact at `path` in `commit`, None where there is none that is valid."""
    try:
        found = artifact.KIND.read(git.read(f"{commit}:{path}") or b"", path=path)
    except RecordError:
        return None
    return found if isinstance(found, Artifact) else None


def without_words(record: Artifact) -> Document:
    """Return the artifact without its body and findings, which `content_hash` covers."""
    return {name: value for name, value in record.to_document().items() if name not in ("body", "findings")}


def misquoted(git: Git, event: Event) -> str | None:
    """Return how an event about an artifact contradicts its commits; None if it does not."""
    said = event.document
    path = artifact.KIND.path_of(str(said.get("id")))
    before = read_artifact(git, str(said.get("since")), path)
    if said.get("before") != (None if before is None else without_words(before)):
        return "names another artifact than was there before"
    return None


def editors_of(git: Git, path: str, since: str, head: str) -> list[str]:
    """Return the identities that the authors of the commits by hand between two commits that touch `path` may be.

    Those are the name, and the part of the address before the `@`, where it could be an identity; each once, sorted.
    Commits on a side that was merged count as well.
    """
    span = ("--invert-grep", f"--grep=^{CAUSE}: ", "--full-history", f"{since}..{head}", "--", path)
    lines = git.run("log", "--format=%an%n%ae", *span).decode(errors="replace").splitlines()
    names = {line.partition("@")[0].strip() for line in lines}
    found = {name.casefold(): name for name in sorted(names) if _is_identity(name)}
    return sorted(found.values(), key=str.casefold)


def _is_identity(name: str) -> bool:
    try:
        _IDENTITY.validate_python(name)
    except ValidationError:
        return False
    return True
