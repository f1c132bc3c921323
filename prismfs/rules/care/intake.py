"""Taking in what was dropped: checked against its form, the project and the roster, and kept."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import JsonValue

from prismfs import kinds
from prismfs.errors import RecordError, RefusedError
from prismfs.kinds.care.signal import Redaction, Signal, SignalDrop
from prismfs.kinds.work.journal import Journal, JournalDrop
from prismfs.kinds.work.todo import Todo, TodoDrop
from prismfs.records.base import Value
from prismfs.records.ids import Id, parse_id
from prismfs.rules.care import address, bridge
from prismfs.rules.core.draft import Draft


def form_of(draft: Draft) -> Value:
    """Return what was dropped, or given as a command, as its form.

    Raises:
        RecordError: `unknown_kind`, or what the form itself refuses; with the field.
    """
    document = draft.event.document["document"]
    assert isinstance(document, dict)
    return kinds.form_of(document)


def redactions_of(draft: Draft) -> tuple[Redaction, ...]:
    """Return what the scanner took out of the drop before anybody saw it."""
    found = draft.event.document.get("redactions") or []
    assert isinstance(found, list)
    return tuple(Redaction.model_validate(entry) for entry in found)


def taken_out(found: Iterable[Redaction]) -> int:
    """Return how many secrets were taken out; those that are only suspected still stand in the text."""
    return sum(one.count for one in found if one.level == "redact")


def accept_signal(draft: Draft) -> None:
    """Keep a dropped signal; one for another project goes into the outbox (R-000-58, R-000-66)."""
    form = form_of(draft)
    assert isinstance(form, SignalDrop)
    parent = None if form.in_reply_to is None else draft.view.get(Signal, form.in_reply_to)
    if form.in_reply_to is not None and parent is None:
        raise RefusedError(
            "unknown_parent",
            "answers a signal that is not here",
            field="/in_reply_to",
            hint="prismfs list signal",
        )
    destination = address.destination_of(draft, form, parent)
    # Another project keeps it by this id, too: it must differ from every id that one gives.
    role = "" if destination.pid is None else draft.project.pid
    identifier = draft.new_id("sig", role) if form.id is None else _own_id(form.id)
    if draft.view.get(Signal, identifier) is not None:
        raise RefusedError("id_taken", "a signal with this id is here already", field="/id", hint="leave the id out")
    created = min(form.created_at or draft.now, draft.now)
    expired = form.ttl is not None and created + form.ttl < draft.now
    signal = Signal.model_validate(
        form.model_dump(exclude={"kind", "version"}, exclude_none=True)
        | {
            "id": identifier,
            "pid": draft.project.pid,
            "to": destination.to,
            "to_pid": destination.pid,
            "thread_id": None if parent is None else parent.thread_id or parent.id,
            "created_at": created,
            "received_at": draft.now,
            "payload_hash": "",
            "redactions": redactions_of(draft),
            "status": "expired" if expired else "received" if destination.pid is None else "routing",
        }
    )
    signal = signal.changed(payload_hash=address.payload_hash_of(signal))
    if signal.status == "routing":
        draft.subject = bridge.send(draft, signal)
        draft.settle("route", f"goes over the bridge to {signal.to_pid}")
        draft.row("signal.routing", signal, reason=draft.reason, meta={"payload_hash": signal.payload_hash})
        return
    draft.subject = draft.put(signal)
    draft.settle("expire" if expired else "accept", "the signal was past its time to live" if expired else "accepted")
    meta: dict[str, JsonValue] = {
        "payload_hash": signal.payload_hash,
        "category": signal.category,
        "redacted": taken_out(signal.redactions),
    }
    if destination.shadows is not None:
        meta["shadows"] = destination.shadows
    draft.row("signal.expired" if expired else "signal.received", signal, reason=draft.reason, meta=meta)
    if destination.shadows is not None:
        draft.mail(
            signal.sender,
            role="shadows",
            type="notification",
            subject=f"Re: {signal.subject}",
            body=f"It went to {signal.to} of this project. The tenant's bridge of that name is {destination.shadows}.",
            about=signal,
        )


def accept_todo(draft: Draft) -> None:
    """Keep a dropped todo."""
    form = form_of(draft)
    assert isinstance(form, TodoDrop)
    draft.subject = draft.put(
        Todo(
            id=draft.new_id("tod"),
            title=form.title,
            body=form.body,
            owner=form.owner or form.sender,
            created_at=draft.now,
            status="open",
        )
    )
    draft.settle("accept", "put on a list")
    draft.row("todo.created", draft.subject, reason=draft.reason)


def accept_journal(draft: Draft) -> None:
    """Keep a dropped journal entry."""
    form = form_of(draft)
    assert isinstance(form, JournalDrop)
    draft.subject = draft.put(
        Journal.model_validate(
            form.model_dump(exclude={"kind", "version"}) | {"id": draft.new_id("jou"), "created_at": draft.now}
        )
    )
    draft.settle("accept", "noted")
    draft.row("journal.noted", draft.subject, reason=draft.reason)


def deliver_signal(draft: Draft) -> None:
    """Put a signal to anybody but the intake desk into its mailbox, and leave it at that.

    So is all that comes from a bridge, whoever it is for: an answer is never sorted and answered itself.
    """
    signal = draft.subject
    assert isinstance(signal, Signal)
    intake = {name.casefold() for name in draft.policy.intake}
    from_bridge = signal.from_pid is not None and signal.context is None
    if signal.status != "received" or (signal.to.casefold() in intake and not from_bridge):
        return
    draft.mail(
        signal.to,
        role="delivery",
        type="notification" if signal.in_reply_to is None else "reply",
        sender=signal.sender,
        subject=signal.subject,
        body=signal.body,
        about=signal,
    )
    draft.subject = draft.put(signal.changed(status="delivered"))
    draft.settle("deliver", f"addressed to {signal.to}, who is not the intake desk")
    draft.row("signal.delivered", draft.subject, reason=draft.reason)


def _own_id(identifier: str) -> Id:
    try:
        return parse_id(identifier, prefix="sig")
    except RecordError as error:
        problem = error.problem
        raise RecordError(problem.code, problem.message, field="/id", hint=problem.hint) from None
