"""Ingest: each file of the inbox is read once, scanned, and becomes an event; once committed it is released.

Commits that the engine did not make, which people propose in the window, become events as well.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from prismfs.engine.event import engine_event
from prismfs.engine.turn.desk import Desk
from prismfs.errors import Problem, RecordError, StoreError
from prismfs.intake.drop import Drop, Refusal, printable
from prismfs.intake.scan import redact, redact_text, scan_key
from prismfs.kinds import DROPS, kind_of
from prismfs.kinds.core.settings.redaction import RedactionRules
from prismfs.records.api import Document, Event, View, codec
from prismfs.rules.core import authority
from prismfs.store.git.history import Commit, Snapshot, proposal_of

_UNKNOWN = "unknown"


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
    view = desk.view()
    view.single(RedactionRules)  # an invalid one stops the desk before a file is judged
    ingested = (_ingested(desk, view, source, now) for source in sources if source is not None)
    with desk.inbox.opened():
        return [entry for entry in ingested if entry is not None]


def release(desk: Desk, ingested: Sequence[Ingested], events: Sequence[Event], now: datetime) -> None:
    """Remove the committed files from the inbox; move those that were refused to quarantine, with the reason.

    `events` are those that were decided, with the refusals among them.
    """
    refused = {
        event.document["drop"]: Problem.from_document(event.document) for event in events if event.kind == "refused"
    }
    with desk.inbox.opened():
        for entry in ingested:
            source = entry.source
            problem = entry.problem or refused.get(entry.event.cause)
            if problem is None:
                assert isinstance(source, Drop)
                desk.inbox.remove(source.name, source.cause)
            else:
                desk.quarantine.keep(desk.inbox, _as_refusal(source, problem), at=now)
            desk.crash_point("between-inbox")


def form_event(desk: Desk, view: View, document: Document, drop: Drop, *, at: datetime) -> Event:
    """Return the event of the form that was dropped as `drop`, with every secret taken out by the project's rules.

    Raises:
        RecordError: a secret stands where it cannot be taken out (in a key), the scan failed, or the drop's signature
            does not fit.
        StoreError: as `with_context`.
    """
    from prismfs.engine.trust.drop_proof import cause_of, proof_of
    from prismfs.engine.trust.proposals import could_be_identity

    scanned = redact(document, rules=view.single(RedactionRules), key=scan_key())
    kind, named = scanned.document.get("kind"), scanned.document.get("from")
    sender = str(named) if could_be_identity(named) else _UNKNOWN  # the form itself is checked later
    said: Document = {"name": redact_text(drop.name), "sha256": drop.sha256, "size": len(drop.data)}
    proof = proof_of(desk, view, drop, sender)
    event = Event(
        type="drop",
        kind=kind if isinstance(kind, str) and kind in DROPS else _UNKNOWN,
        cause=cause_of(drop, proof),
        at=at,
        actor=sender,
        document={"document": scanned.document, "redactions": scanned.redactions, **said},
        proof=proof,
    )
    return with_context(desk, view, event)


def with_context(desk: Desk, view: View, event: Event) -> Event:
    """Return the event of a signal with what is known of the tenant, and the answer of the desk's own command.

    Of another drop that claims to be from a bridge of the tenant the event says so; every other one stays as it is.

    Raises:
        StoreError: a code of `NO_HOME`; the addressee may be a bridge, and nobody can say who is one.
    """
    form = event.document.get("document")
    if (event.type, event.kind) not in (("drop", "signal"), ("command", "signal.send")) or not isinstance(form, dict):
        return _with_bridges(desk, event) if event.type == "drop" else event
    from prismfs.engine.turn import persona_command

    return persona_command.with_classification(desk, view, _with_tenant(desk, view, event, form), form)


def _ingested(desk: Desk, view: View, source: Drop | Refusal, now: datetime) -> Ingested | None:
    if isinstance(source, Refusal):
        return Ingested(source, _refused(source, now), source.problem)
    suffix = source.name.rpartition(".")[2]
    try:
        document = codec.parse(source.data, format="json" if suffix == "json" else "yaml", path=source.name)
        return Ingested(source, form_event(desk, view, document, source, at=now))
    except RecordError as error:
        problem = _without_secrets(error.problem)
        return Ingested(source, _refused(_as_refusal(source, problem), now), problem)
    except StoreError as error:
        from prismfs.engine.tenant.tenancy import NO_HOME

        if error.code not in NO_HOME:
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
    document: Document = {
        "name": redact_text(printable(refusal.name))[:120],
        "sha256": refusal.sha256,
        "size": refusal.size,
        "drop": refusal.cause,
        **refusal.problem.as_document(),
    }
    return engine_event("drop", "refused", cause=f"refused:{refusal.cause}", at=now, document=document)


def _with_bridges(desk: Desk, event: Event) -> Event:
    """Return the event with what is known of the tenant where its actor is one of the tenant's bridges by name.

    While the home cannot be read nobody is known to be one: a report or a call for help does not wait for that.
    """
    with suppress(StoreError):
        if desk.tenancy is not None and event.actor.casefold() in (
            bridge.identity.casefold() for bridge in desk.tenancy.bridges()
        ):
            return event.changed(document=event.document | {"tenant": desk.tenancy.describe(())})
    return event


def _with_tenant(desk: Desk, view: View, event: Event, form: Document) -> Event:
    """Return the event of a dropped signal with what its rule may know of the tenant, where it could go elsewhere.

    Raises:
        StoreError: a code of `NO_HOME`; the signal waits until the tenant's bridges are known.
    """
    tenancy = desk.tenancy
    if tenancy is None:
        return event
    from prismfs.kinds.care.signal import Signal

    name, _, at = str(form.get("to") or "").partition("@")
    answered = form.get("in_reply_to")
    parent = view.get(Signal, answered) if isinstance(answered, str) else None
    named = (form.get("to_pid"), at, None if parent is None else parent.from_pid)
    elsewhere = {pid for pid in named if isinstance(pid, str) and pid}
    try:
        home = tenancy.home()
        described = tenancy.describe(elsewhere if home is None else {*elsewhere, home.pid})
    except StoreError:
        if not elsewhere and authority.is_identity(view, name):
            return event  # addressed to a persona of this project, whichever bridges the tenant has
        raise
    return event.changed(document=event.document | {"tenant": described})


def news_events(desk: Desk, base: Snapshot, commit: Commit, now: datetime) -> list[Event]:
    """Return the events of a commit that others propose, to be decided on top of `base`."""
    from prismfs.engine.trust.proposals import events_of

    git = desk.repo.git
    events = events_of(git, base.commit, proposal_of(git, commit), now)
    return [_with_answer(desk, event) if event.kind == "signal" else event for event in events]


def _with_answer(desk: Desk, event: Event) -> Event:
    """Return the event of a signal that a commit brought with the answer of the desk's own command."""
    from prismfs.engine.trust.endorsement import record_at
    from prismfs.engine.turn import persona_command
    from prismfs.kinds.care.signal import Signal

    signal = record_at(
        desk.repo.git, str(event.document["commit"]), kind_of(Signal).path_of(str(event.document["id"])), Signal
    )
    assert signal is not None
    return persona_command.with_classification(desk, desk.view(), event, signal.to_document())
