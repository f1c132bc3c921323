"""News of the branch: commits that the engine did not make, as events."""

from datetime import UTC, datetime

from prismfs.engine.trust.artifact_changes import artifact_events
from prismfs.engine.trust.foreign_commits import forbidden_changes, guarded_events
from prismfs.engine.turn import persona_command
from prismfs.engine.turn.desk import Desk
from prismfs.errors import RecordError
from prismfs.intake.inbox import printable
from prismfs.kinds import KINDS, kind_of_path
from prismfs.kinds.care.signal import Signal
from prismfs.records.api import Document, Event
from prismfs.rules import ENGINE
from prismfs.store.snapshot import ForeignCommit, Snapshot

_MOST_PATHS = 200
_RECORD_FOLDERS = {kind.folder.partition("/")[0] for kind in KINDS.values()}


def news_events(desk: Desk, base: Snapshot, now: datetime) -> list[Event]:
    """Return the events of the commits up to `base` that the engine did not make and has not answered.

    Raises:
        StoreError: `history_rewritten`; the branch no longer holds the commit that was seen last.
    """
    commits = desk.repo.news(base)
    # Before the decisions about them: a decision counts for what an artifact says, not for what its author wrote of it.
    events = artifact_events(desk.repo.git, base.commit, commits, now)
    for commit in commits:
        events.extend(_commit_events(desk, commit, now))
        events.extend(guarded_events(desk, commit, now))
    return events


def _commit_events(desk: Desk, commit: ForeignCommit, now: datetime) -> list[Event]:
    """Return the event that `commit` was made, and one for each signal that it brought."""
    invalid: Document = forbidden_changes(desk, commit)
    signals = []
    for path in commit.puts:
        kind = kind_of_path(path)
        if kind is None:
            if not path.isprintable() and path.partition("/")[0] in _RECORD_FOLDERS:
                invalid[printable(path)] = "bad_name"
            continue
        data = desk.repo.git.read(f"{commit.commit}:{path}")
        try:
            record = kind.read(data or b"", path=path)
        except RecordError as error:
            invalid[path] = error.code
            continue
        if isinstance(record, Signal) and record.status == "received":
            signals.append(record)
    at = min(now, datetime.fromtimestamp(commit.seconds, UTC))
    cause = f"commit:{commit.commit}"
    document: Document = {
        "commit": commit.commit,
        # Names and subjects are bytes to git; a row holds text, or there would be no row.
        "author": printable(commit.author),
        "subject": printable(commit.subject),
        "puts": [printable(path) for path in commit.puts[:_MOST_PATHS]],
        "removed": [printable(path) for path in commit.removed[:_MOST_PATHS]],
        "paths": len(commit.puts) + len(commit.removed),
        "invalid": dict(list(invalid.items())[:_MOST_PATHS]),
    }
    events = [_event("any", cause, at, document)]
    for signal in signals:
        event = _event("signal", f"{cause}:{signal.id}", at, {"id": signal.id, "commit": commit.commit})
        events.append(persona_command.with_classification(desk, event, signal.to_document()))
    return events


def _event(kind: str, cause: str, at: datetime, document: Document) -> Event:
    return Event(type="commit", kind=kind, cause=cause, at=at, actor=ENGINE, assurance="engine", document=document)
