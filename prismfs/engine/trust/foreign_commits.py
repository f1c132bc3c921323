"""What a foreign commit brings of protected files and verdicts, with who answers for it (R-000-76, R-000-82).

Both become events of their own. The event says what a signature is worth, so that the rule can be asked again from
the commit alone.
"""

from datetime import UTC, datetime

from prismfs.engine.trust.artifact_changes import misquoted
from prismfs.engine.trust.endorsement import endorse, project_at, roster_at, void
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
from prismfs.errors import RecordError
from prismfs.kinds import KINDS, kind_of_path
from prismfs.kinds.core.settings import persona, project
from prismfs.records.api import Document, Event, JsonValue, Kind
from prismfs.rules import ENGINE
from prismfs.store.git.repository import Git
from prismfs.store.snapshot import ForeignCommit

ENGINE_ONLY = frozenset({"engine"})
"""The writers of a record that the engine alone writes."""

VERDICTS = tuple(KINDS[name] for name in SIGNOFFS)
"""The kinds of verdicts: a verdict is a file of its own that is never changed."""


def forbidden_changes(desk: Desk, commit: ForeignCommit) -> Document:
    """Return what `commit` changes and may not, path -> code: verdicts; the engine's records where people sign."""
    git = desk.repo.git
    signed = None
    found: Document = {}
    for path in (*commit.puts, *commit.removed):
        kind = kind_of_path(path)
        if kind in VERDICTS and git.resolve(f"{commit.commit}^1:{path}") is not None:
            found[path] = f"{kind.name}_changed"
        elif kind is not None and kind.writers == ENGINE_ONLY:
            signed = is_guarded(git, f"{commit.commit}^1") if signed is None else signed
            if signed:
                found[path] = "engine_record_changed"
    return found


def guarded_events(desk: Desk, commit: ForeignCommit, now: datetime) -> list[Event]:
    """Return the events of what `commit` changes of protected files, and of each verdict that it adds."""
    git = desk.repo.git
    before = git.resolve(f"{commit.commit}^1")
    assert before is not None
    touched = tuple(path for path in (*commit.puts, *commit.removed) if is_protected(path))
    verdicts = [(path, kind) for path in commit.puts if (kind := kind_of_path(path)) in VERDICTS]
    guarded = is_guarded(git, before)
    at = min(now, datetime.fromtimestamp(commit.seconds, UTC))
    cause = f"commit:{commit.commit}"
    events = []
    protected = _protected(git, commit.commit, before, touched, guarded=guarded)
    if protected is not None:
        events.append(_event("persona", f"{cause}:protected", at, protected))
    for path, kind in verdicts:
        assert kind is not None
        if git.resolve(f"{before}:{path}") is not None:
            continue  # it is never changed: that was written down with the commit
        document = _judged(git, commit.commit, before, path, kind, guarded=guarded)
        if document is not None:
            here = git.resolve(f"{desk.repo.snapshot().commit}:{path}")
            if here is not None and here != git.resolve(f"{commit.commit}:{path}"):
                document["endorsement"] = void(f"{kind.name}_changed").to_document()
            events.append(_event(kind.name, f"{cause}:{document['id']}", at, document))
    return events


def contradicted(git: Git, event: Event, head: str) -> str | None:
    """Return how `event`, kept in the history that leads to `head`, claims more than its signatures give; None if not.

    Events of other kinds are not looked at.
    """
    if (event.type, event.kind) == ("commit", "artifact"):
        return misquoted(git, event)
    verdict = next((kind for kind in VERDICTS if kind.name == event.kind), None)
    if event.type != "commit" or (verdict is None and event.kind != "persona"):
        return None
    said, commit = event.document, str(event.document.get("commit"))
    if git.resolve(commit) != commit or git.status("merge-base", "--is-ancestor", commit, head):
        return "names a commit that is no part of it"
    before = parents_of(git, commit)[0]
    if verdict is not None:
        return _verdict_contradicted(git, said, commit, before, verdict)
    touched = tuple(change.path for change in git.changes(before, commit) if is_protected(change.path))
    mark = mark_before(git, commit)
    guarded = is_signed(git, mark)
    stands = _protected(git, commit, before, touched, guarded=guarded) if guarded else None
    if stands is not None and said.get("stands") and not stands["stands"]:
        return "says that an operator answers for it, and none does"
    return None


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
        if not any(_of_the_roster(path) for path in touched):
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
    try:
        found = kind.read(git.read(f"{commit}:{path}") or b"", path=path)
    except RecordError:
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


def _of_the_roster(path: str) -> bool:
    return kind_of_path(path) in (persona.KIND, project.KIND)


def _event(kind: str, cause: str, at: datetime, document: Document) -> Event:
    return Event(type="commit", kind=kind, cause=cause, at=at, actor=ENGINE, assurance="engine", document=document)
