"""What foreign commits bring of protected files, verdicts and artifacts, with who answers for it (R-000-76, R-000-82).

All three become events of their own. The event says what a signature is worth, so that the rule can be asked again
from the commit alone.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from prismfs.engine.event import engine_event
from prismfs.engine.trust.endorsement import endorse, project_at, record_at, roster_at, void
from prismfs.engine.trust.protection import (
    endorse_verdict,
    is_guarded,
    is_protected,
    is_signed,
    mark_before,
    parents_of,
    step,
)
from prismfs.engine.trust.verdict_file import SIGNOFFS
from prismfs.engine.turn.desk import Desk
from prismfs.kinds import KINDS, kind_of_path
from prismfs.kinds.core.settings import persona, project
from prismfs.kinds.gates import artifact
from prismfs.kinds.gates.artifact import Artifact
from prismfs.records.api import CAUSE, Document, Event, Identity, JsonValue, Kind
from prismfs.store.git.history import ForeignCommit
from prismfs.store.git.repository import Git

_IDENTITY: TypeAdapter[str] = TypeAdapter(Identity)

ENGINE_ONLY = frozenset({"engine"})
"""The writers of a record that the engine alone writes."""

VERDICTS = tuple(KINDS[name] for name in SIGNOFFS)
"""The kinds of verdicts: a verdict is a file of its own that is never changed."""


def guarded_events(desk: Desk, commit: ForeignCommit, now: datetime) -> list[Event]:
    """Return the events of what `commit` changes of protected files, and of each verdict that it adds."""
    git = desk.repo.git
    before = git.resolve(f"{commit.commit}^1")
    assert before is not None
    touched = tuple(path for path in (*commit.puts, *commit.removed) if is_protected(path))
    verdicts = [(path, kind) for path in commit.puts if (kind := kind_of_path(path)) in VERDICTS]
    guarded = is_guarded(git, before)
    at, cause = time_of(commit, now), f"commit:{commit.commit}"
    events = []
    protected = _protected(git, commit.commit, before, touched, guarded=guarded)
    if protected is not None:
        events.append(engine_event("commit", "persona", cause=f"{cause}:protected", at=at, document=protected))
    for path, kind in verdicts:
        assert kind is not None
        if git.resolve(f"{before}:{path}") is not None:
            continue  # it is never changed: that was written down with the commit
        document = _judged(git, commit.commit, before, path, kind, guarded=guarded)
        if document is not None:
            here = git.resolve(f"{desk.repo.snapshot().commit}:{path}")
            if here is not None and here != git.resolve(f"{commit.commit}:{path}"):
                document["endorsement"] = void(f"{kind.name}_changed").to_document()
            one = f"{cause}:{document['id']}"
            events.append(engine_event("commit", kind.name, cause=one, at=at, document=document))
    return events


def artifact_events(git: Git, head: str, commits: Sequence[ForeignCommit], now: datetime) -> list[Event]:
    """Return an event for each artifact that differs between `head` and the state before `commits`, oldest first.

    Several commits that touch the same artifact are one event: what stood before the first of them, which prismfs
    wrote, is held against what stands now, so that nothing in between passes for its own (R-003-27, R-003-28).
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
        here, before = record_at(git, head, path, Artifact), record_at(git, since, path, Artifact)
        if here is None or here == before:
            continue  # one that cannot be read was written down with the commit
        document: Document = {
            "id": here.id,
            "commit": commit.commit,
            "since": since,
            "editors": [*editors_of(git, path, since, head)],
            "before": None if before is None else without_words(before),
        }
        cause = f"commit:{commit.commit}:{here.id}"
        events.append(engine_event("commit", "artifact", cause=cause, at=time_of(commit, now), document=document))
    return events


def time_of(commit: ForeignCommit, now: datetime) -> datetime:
    """Return the time that events of the commit carry: when it was made, but never after `now`."""
    return min(now, datetime.fromtimestamp(commit.seconds, UTC))


def without_words(record: Artifact) -> Document:
    """Return the artifact without its body and findings, which `content_hash` covers."""
    return {name: value for name, value in record.to_document().items() if name not in ("body", "findings")}


def editors_of(git: Git, path: str, since: str, head: str) -> list[str]:
    """Return the identities that the authors of the commits by hand between two commits that touch `path` may be.

    Those are the name, and the part of the address before the `@`, where it could be an identity; each once, sorted.
    Commits on a side that was merged count as well.
    """
    span = ("--invert-grep", f"--grep=^{CAUSE}: ", "--full-history", f"{since}..{head}", "--", path)
    lines = git.run("log", "--format=%an%n%ae", *span).decode(errors="replace").splitlines()
    names = {line.partition("@")[0].strip() for line in lines}
    found = {name.casefold(): name for name in sorted(names) if could_be_identity(name)}
    return sorted(found.values(), key=str.casefold)


def could_be_identity(name: object) -> bool:
    """Tell whether `name` has the form of an identity; whose it is, is asked elsewhere."""
    try:
        _IDENTITY.validate_python(name)
    except ValidationError:
        return False
    return True


def contradicted(git: Git, event: Event, head: str) -> str | None:
    """Return how `event`, kept in the history that leads to `head`, claims more than its signatures give; None if not.

    Events of other kinds are not looked at.
    """
    if event.type != "commit" or event.kind not in ("artifact", "persona", *SIGNOFFS):
        return None
    if event.kind == "artifact":
        return _artifact_contradicted(git, event.document)
    said, commit = event.document, str(event.document.get("commit"))
    if git.resolve(commit) != commit or git.status("merge-base", "--is-ancestor", commit, head):
        return "names a commit that is no part of it"
    before = parents_of(git, commit)[0]
    if event.kind == "persona":
        return _roster_contradicted(git, said, commit, before)
    return _verdict_contradicted(git, said, commit, before, KINDS[event.kind])


def _artifact_contradicted(git: Git, said: Document) -> str | None:
    before = record_at(git, str(said.get("since")), artifact.KIND.path_of(str(said.get("id"))), Artifact)
    if said.get("before") != (None if before is None else without_words(before)):
        return "names another artifact than was there before"
    return None


def _roster_contradicted(git: Git, said: Document, commit: str, before: str) -> str | None:
    if not said.get("stands") or not is_signed(git, mark_before(git, commit)):
        return None
    touched = tuple(change.path for change in git.changes(before, commit) if is_protected(change.path))
    found = _protected(git, commit, before, touched, guarded=True)
    return None if found is None or found["stands"] else "says that an operator answers for it, and none does"


def _verdict_contradicted(git: Git, said: Document, commit: str, before: str, verdict: Kind) -> str | None:
    """Return how the event of a decision claims more than `commit` gives; None if it does not."""
    found = _judged(git, commit, before, verdict.path_of(str(said.get("id"))), verdict, guarded=True)
    if found is None or found[verdict.name] != said.get(verdict.name):
        return f"names another {verdict.name} than its commit holds"
    claim, own = said.get("endorsement"), found["endorsement"]
    claimed = isinstance(claim, dict) and (claim.get("operator") or claim.get("verified"))
    if (claimed and claim != own) or (said.get("trust") == "local" and found["trust"] == "signed"):
        return f"claims a signature that is not there: {own}"
    return None


def _protected(git: Git, commit: str, before: str, touched: tuple[str, ...], *, guarded: bool) -> Document | None:
    """Return the document of the event about protected files; None where there is nothing to say."""
    if not guarded:
        if not any(is_of_the_roster(path) for path in touched):
            return None
        local: Document = {"commit": commit, "trust": "local", "paths": list(touched), "stands": True}
        return local | _told(git, before, commit)
    merge = len(parents_of(git, commit)) > 1
    if not touched and not merge:
        return None
    mark = mark_before(git, commit)
    done = step(git, mark, commit)
    if mark is None or not (touched or done.paths):
        return None
    judged: Document = {
        "commit": commit,
        "trust": "signed" if is_signed(git, mark) else "local",
        "paths": list(done.paths or touched),
        "stands": done.stands,
        "endorsement": None if done.endorsement is None else done.endorsement.to_document(),
    }
    return judged | _told(git, mark, commit if done.stands else mark)


def _judged(git: Git, commit: str, before: str, path: str, kind: Kind, *, guarded: bool) -> Document | None:
    """Return the document of the event of the verdict at `path`; None where it is none."""
    found = record_at(git, commit, path, kind.model)
    if found is None:
        return None  # written down with the commit
    mark = mark_before(git, commit) if guarded else before
    operator = SIGNOFFS[kind.name].operators_only
    endorsement = (
        endorse(git, commit, before) if mark is None else endorse_verdict(git, commit, path, mark, operator=operator)
    )
    return {
        "id": kind.name_of(found),
        "commit": commit,
        "trust": "signed" if guarded and is_signed(git, mark) else "local",
        kind.name: found.to_document(),
        "endorsement": endorsement.to_document(),
    }


def _told(git: Git, before: str, after: str) -> Document:
    """Return bridges and operators as they were and as they are."""
    return {
        "bridges": {"before": _bridges(git, before), "after": _bridges(git, after)},
        "operators": {"before": _operators(git, before), "after": _operators(git, after)},
    }


def _bridges(git: Git, commit: str) -> list[JsonValue]:
    found = project_at(git, commit)
    if found is None or not found.home:
        return []
    listed = {name.casefold() for name in found.bridges}
    return [
        entry.identity
        for entry in roster_at(git, commit)
        if entry.persona_class == "bridge" and entry.identity.casefold() in listed
    ]


def _operators(git: Git, commit: str) -> list[JsonValue]:
    found = project_at(git, commit)
    return [] if found is None else list(found.operators)


def is_of_the_roster(path: str) -> bool:
    """Tell whether the file at `path` says who there is, and who is an operator."""
    return kind_of_path(path) in (persona.KIND, project.KIND)
