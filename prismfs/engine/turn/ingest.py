"""Ingest: each file of the inbox is read once, scanned, and becomes an event; once committed it is released."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from prismfs.engine.tenant.tenancy import HOME_UNREADABLE
from prismfs.engine.turn import persona_command
from prismfs.engine.turn.desk import Desk
from prismfs.errors import Problem, RecordError, StoreError
from prismfs.intake.inbox import Drop, Refusal, printable
from prismfs.intake.mac import scan_key
from prismfs.intake.scan import redact, redact_text
from prismfs.kinds import DROPS
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.core.settings.redaction import RedactionRules
from prismfs.records import codec
from prismfs.records.api import Document, Event, Identity
from prismfs.rules import ENGINE
from prismfs.rules.core import authority

_UNKNOWN = "unknown"
_IDENTITY: TypeAdapter[str] = TypeAdapter(Identity)


@dataclass(frozen=True, slots=True)
class Ingested:
    """One file of the inbox, read once, and the event that it became; `problem` says why it is no form."""

    source: Drop | Refusal
    event: Event
    problem: Problem | None = None


def read_drops(desk: Desk, names: Sequence[str], now: datetime) -> list[Ingested]:
    """Read each named file of the inbox once and return it as an event: a dropped form, or a refused file.

    A file that is still being written, or has gone, is left for a later scan; so is a signal that may be for a
    bridge while the tenant's home cannot be read.
    """
    sources = (desk.inbox.read(name) for name in names)
    rules = desk.redaction()
    ingested = (_ingested(desk, source, now, rules) for source in sources if source is not None)
    return [entry for entry in ingested if entry is not None]


def release(desk: Desk, ingested: Sequence[Ingested], events: Sequence[Event], now: datetime) -> None:
    """Remove the committed files from the inbox; move those that were refused to quarantine, with the reason.

    `events` are those that were decided, with the refusals among them.
    """
    refused = {
        event.document["drop"]: Problem.from_document(event.document) for event in events if event.kind == "refused"
    }
    for entry in ingested:
        source = entry.source
        problem = entry.problem or refused.get(source.cause)
        if problem is None:
            assert isinstance(source, Drop)
            desk.inbox.remove(source.name, source.cause)
        else:
            desk.quarantine.keep(desk.inbox, _as_refusal(source, problem), at=now)
        desk.crash_point("between-inbox")


def form_event(
    desk: Desk, document: Document, *, cause: str, at: datetime, details: Document, rules: RedactionRules
) -> Event:
    """Return the event of a dropped form, with every secret taken out of it by the project's `rules`.

    Raises:
        RecordError: a secret stands where it cannot be taken out (in a key), or the scan failed.
        StoreError: `home_unreadable`; the addressee may be a bridge, and the tenant's home cannot be read.
    """
    scanned = redact(document, rules=rules, key=scan_key())
    clean = scanned.document
    kind = clean.get("kind")
    event = Event(
        type="drop",
        kind=kind if isinstance(kind, str) and kind in DROPS else _UNKNOWN,
        cause=cause,
        at=at,
        actor=_claimed_sender(clean),
        document={"document": clean, "redactions": scanned.redactions, **details},
    )
    if event.kind != "signal":
        return event
    return persona_command.with_classification(desk, _with_tenant(desk, event, clean), clean)


def _ingested(desk: Desk, source: Drop | Refusal, now: datetime, rules: RedactionRules) -> Ingested | None:
    if isinstance(source, Refusal):
        return Ingested(source, _refused(source, now), source.problem)
    suffix = source.name.rpartition(".")[2]
    details: Document = {"name": redact_text(source.name), "sha256": source.sha256, "size": len(source.data)}
    try:
        document = codec.parse(source.data, format="json" if suffix == "json" else "yaml", path=source.name)
        return Ingested(source, form_event(desk, document, cause=source.cause, at=now, details=details, rules=rules))
    except RecordError as error:
        problem = _without_secrets(error.problem)
        return Ingested(source, _refused(_as_refusal(source, problem), now), problem)
    except StoreError as error:
        if error.code != HOME_UNREADABLE:
            raise
        return None


def _as_refusal(source: Drop | Refusal, problem: Problem) -> Refusal:
    """Return `source` as something to be kept in quarantine for `problem`."""
    if isinstance(source, Refusal):
        return source
    return Refusal(name=source.name, cause=source.cause, problem=problem, sha256=source.sha256, size=len(source.data))


def _without_secrets(problem: Problem) -> Problem:
    # A file that cannot be parsed was not scanned, and a problem names its keys.
    document: Document = dict(problem.as_document())
    for name in ("message", "path", "field"):
        if name in document:
            document[name] = redact_text(str(document[name]))
    return Problem.from_document(document)


def _refused(refusal: Refusal, now: datetime) -> Event:
    return Event(
        type="drop",
        kind="refused",
        cause=f"refused:{refusal.cause}",
        at=now,
        actor=ENGINE,
        assurance="engine",
        document={
            "name": redact_text(printable(refusal.name))[:120],
            "sha256": refusal.sha256,
            "size": refusal.size,
            "drop": refusal.cause,
            **refusal.problem.as_document(),
        },
    )


def _claimed_sender(document: Document) -> str:
    """Return the sender that the form names, if it could be one; the form itself is checked later."""
    try:
        return _IDENTITY.validate_python(document.get("from"))
    except ValidationError:
        return _UNKNOWN


def _with_tenant(desk: Desk, event: Event, form: Document) -> Event:
    """Return the event of a dropped signal with what its rule may know of the tenant, where it could go elsewhere.

    Raises:
        StoreError: `home_unreadable`; the signal waits until the tenant's bridges are known.
    """
    tenancy = desk.tenancy
    if tenancy is None:
        return event
    name, _, at = str(form.get("to") or "").partition("@")
    view, answered = desk.view(), form.get("in_reply_to")
    parent = view.get(Signal, answered) if isinstance(answered, str) else None
    named = (form.get("to_pid"), at, None if parent is None else parent.from_pid)
    elsewhere = {pid for pid in named if isinstance(pid, str) and pid}
    try:
        described = tenancy.describe({*elsewhere, tenancy.tenant.home or ""})
    except StoreError:
        if not elsewhere and authority.is_identity(view, name):
            return event  # addressed to a persona of this project, whichever bridges the tenant has
        raise
    return event.changed(document=event.document | {"tenant": described})
