"""Turning what waits outside into events: files of the inbox, commits that somebody else made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from prismfs.delivery.command import run_json
from prismfs.engine.tenant.tenancy import HOME_UNREADABLE
from prismfs.engine.trust.foreign_commits import forbidden_changes
from prismfs.engine.turn.desk import Desk
from prismfs.errors import Problem, RecordError, RefusedError, StoreError
from prismfs.intake.inbox import Drop, Refusal, printable
from prismfs.intake.mac import scan_key
from prismfs.intake.scan import redact, redact_text
from prismfs.kinds import DROPS, KINDS, kind_of_path
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.core.settings.redaction import RedactionRules
from prismfs.records import codec
from prismfs.records.base import Identity
from prismfs.records.document import Document
from prismfs.records.event import Event
from prismfs.rules import ENGINE
from prismfs.rules.core import authority
from prismfs.store.listing import find_documents
from prismfs.store.projection import Projection
from prismfs.store.snapshot import ForeignCommit

_MOST_PATHS = 200
_RECORD_FOLDERS = {kind.folder.partition("/")[0] for kind in KINDS.values()}
_UNKNOWN = "unknown"
_IDENTITY: TypeAdapter[str] = TypeAdapter(Identity)


@dataclass(frozen=True, slots=True)
class Taken:
    """One entry of the inbox, read once, and the event that it became."""

    source: Drop | Refusal
    event: Event
    problem: Problem | None = None


def read_drops(desk: Desk, names: Sequence[str], now: datetime) -> list[Taken]:
    """Read each named entry of the inbox once and return what it is: a form, or a reason to refuse it.

    An entry that is still being written, or has gone, is left for a later look; so is a signal that may be for a
    bridge while nobody can say who is one.
    """
    found = (desk.inbox.read(name) for name in names)
    rules = desk.redaction()
    taken = (_taken(desk, source, now, rules) for source in found if source is not None)
    return [entry for entry in taken if entry is not None]


def let_go(desk: Desk, taken: Sequence[Taken], events: Sequence[Event], now: datetime) -> None:
    """Remove from the inbox what is committed; move what was refused to quarantine, with the reason.

    `events` are those that were answered, with the refusals among them.
    """
    refused = {event.document["drop"]: problem_of(event.document) for event in events if event.kind == "refused"}
    for entry in taken:
        source = entry.source
        problem = entry.problem or refused.get(source.cause)
        if problem is None:
            assert isinstance(source, Drop)
            desk.inbox.remove(source.name, source.cause)
        else:
            desk.quarantine.keep(desk.inbox, as_refusal(source, problem), at=now)
        desk.crash_point("between-inbox")


def refusal_event(event: Event, problem: Problem) -> Event:
    """Return the event that a drop is refused: its hash and the reason, never its content."""
    return event.changed(
        kind="refused",
        cause=f"refused:{event.cause}",
        actor=ENGINE,
        assurance="engine",
        document={
            "name": event.document["name"],
            "sha256": event.document["sha256"],
            "size": event.document["size"],
            "drop": event.cause,
            **problem.as_document(),
        },
    )


def refusal_of(view: Projection, event: Event) -> Problem | None:
    """Return why this very drop was refused before, None if it was not.

    A crash leaves a refused file in the inbox. What it was refused for may be otherwise by now, and yet it
    must not be accepted as well: the audit trail has said no.
    """
    cause = f"refused:{event.cause}"
    if event.type != "drop" or not view.handled(cause):
        return None
    (row, *_), _ = find_documents(view.connection, "audit", where={"cause": cause})
    return problem_of(json.loads(row)["meta"])


def commit_events(desk: Desk, commit: ForeignCommit, now: datetime) -> list[Event]:
    """Return the events of one foreign commit: that it was made, and what records it brought."""
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
    events = [_engine_event("any", cause, at, document)]
    for signal in signals:
        document = {"id": signal.id, "commit": commit.commit}
        event = _engine_event("signal", f"{cause}:{signal.id}", at, document)
        events.append(classified(desk, event, signal.to_document()))
    return events


def form_event(
    desk: Desk, document: Document, *, cause: str, at: datetime, details: Document, rules: RedactionRules
) -> Event:
    """Return the event of a dropped form, with everything secret taken out of it first, by the project's `rules`.

    Raises:
        RecordError: a secret stands where it cannot be taken out (in a key), or the scan failed.
    """
    scanned = redact(document, rules=rules, key=scan_key())
    clean = scanned.document
    kind = clean.get("kind")
    event = Event(
        type="drop",
        kind=kind if isinstance(kind, str) and kind in DROPS else _UNKNOWN,
        cause=cause,
        at=at,
        actor=_claimed(clean),
        document={"document": clean, "redactions": scanned.redactions, **details},
    )
    return classified(desk, _with_tenant(desk, event, clean), clean) if event.kind == "signal" else event


def as_refusal(source: Drop | Refusal, problem: Problem) -> Refusal:
    """Return `source` as something to be kept in quarantine for `problem`."""
    if isinstance(source, Refusal):
        return source
    return Refusal(name=source.name, cause=source.cause, problem=problem, sha256=source.sha256, size=len(source.data))


def problem_of(document: Document) -> Problem:
    """Return the problem that a refusal's document tells of."""
    texts = {name: str(document[name]) for name in ("code", "message", "path", "field", "hint") if name in document}
    return Problem(**texts)


def _taken(desk: Desk, source: Drop | Refusal, now: datetime, rules: RedactionRules) -> Taken | None:
    if isinstance(source, Refusal):
        return Taken(source, _refused(source, now), source.problem)
    suffix = source.name.rpartition(".")[2]
    details: Document = {"name": redact_text(source.name), "sha256": source.sha256, "size": len(source.data)}
    try:
        document = codec.parse(source.data, format="json" if suffix == "json" else "yaml", path=source.name)
        return Taken(source, form_event(desk, document, cause=source.cause, at=now, details=details, rules=rules))
    except RecordError as error:
        problem = _without_secrets(error.problem)
        return Taken(source, _refused(as_refusal(source, problem), now), problem)
    except StoreError as error:
        if error.code != HOME_UNREADABLE:
            raise
        return None


def _without_secrets(problem: Problem) -> Problem:
    # A file that cannot be parsed was not scanned, and a problem names its keys.
    told: Document = dict(problem.as_document())
    for name in ("message", "path", "field"):
        if name in told:
            told[name] = redact_text(str(told[name]))
    return problem_of(told)


def _refused(refusal: Refusal, now: datetime) -> Event:
    document: Document = {
        "name": redact_text(printable(refusal.name))[:120],
        "sha256": refusal.sha256,
        "size": refusal.size,
        "drop": refusal.cause,
        **refusal.problem.as_document(),
    }
    return _engine_event("refused", f"refused:{refusal.cause}", now, document, type="drop")


def _engine_event(kind: str, cause: str, at: datetime, document: Document, type: str = "commit") -> Event:
    return Event.model_validate(
        {
            "type": type,
            "kind": kind,
            "cause": cause,
            "at": at,
            "actor": ENGINE,
            "assurance": "engine",
            "document": document,
        }
    )


def _claimed(document: Document) -> str:
    """Return the sender that the form names, if it could be one; the form itself is checked later."""
    try:
        return _IDENTITY.validate_python(document.get("from"))
    except ValidationError:
        return _UNKNOWN


def classified(desk: Desk, event: Event, form: Document) -> Event:
    """Return the event of a signal with the answer of the desk's command, where the roster gives it one (R-000-02).

    The command is asked about `form`; whatever it prints is scanned as everything else that comes in.

    Raises:
        ConfigError: `protected_unendorsed`; nobody answers for the command.
    """
    view = desk.repo.view(desk.repo.snapshot())
    to, _, pid = str(form.get("to") or "").partition("@")
    intake = {name.casefold() for name in view.single(Policy).intake}
    elsewhere = (pid or form.get("to_pid") or view.single(Project).pid) != view.single(Project).pid
    persona = None if elsewhere or to.casefold() not in intake else view.get(Persona, to)
    if persona is None or persona.automation.mode != "command":
        return event
    desk.check_endorsed()
    automation = persona.automation
    try:
        answer = run_json(automation.command, form, timeout=automation.timeout, cwd=desk.root)
        answer = redact(answer, rules=desk.redaction()).document
    except (RefusedError, RecordError) as error:
        answer = {
            "lane": "unclassified",
            "confidence": 0,
            "reason": f"the desk's command gave no answer: {error.code}",
        }
    return event.changed(document=event.document | {"classification": answer})


def _with_tenant(desk: Desk, event: Event, form: Document) -> Event:
    """Return the event of a dropped signal with what its rule may know of the tenant, where it could go elsewhere.

    Raises:
        StoreError: `home_unreadable`; the signal waits until somebody can say who is a bridge.
    """
    tenancy = desk.tenancy
    if tenancy is None:
        return event
    name, _, at = str(form.get("to") or "").partition("@")
    view, answered = desk.repo.view(desk.repo.snapshot()), form.get("in_reply_to")
    parent = view.get(Signal, answered) if isinstance(answered, str) else None
    named = (form.get("to_pid"), at, None if parent is None else parent.from_pid)
    elsewhere = {pid for pid in named if isinstance(pid, str) and pid}
    try:
        described = tenancy.describe({*elsewhere, tenancy.tenant.home or ""})
    except StoreError:
        if not elsewhere and authority.is_somebody(view, name):
            return event  # whoever is a bridge, this one is for somebody here
        raise
    return event.changed(document=event.document | {"tenant": described})
