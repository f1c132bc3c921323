"""Intake of signals: checked against their form, the project and the roster, and kept or delivered."""

from pydantic import JsonValue

from prismfs.errors import RecordError, RefusedError
from prismfs.kinds.care.signal import Signal, SignalDrop
from prismfs.kinds.core.values import Redaction
from prismfs.records.api import Id, Nothing, parse_id
from prismfs.rules.care import address, bridge
from prismfs.rules.care.assessment.reads import NOT_SCANNED
from prismfs.rules.care.signals import payload_hash_of
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.form import form_of, redactions_of, taken_out


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
    signal = signal.changed(payload_hash=payload_hash_of(signal))
    if signal.status == "routing":
        draft.subject = bridge.send(draft, signal)
        draft.because("route", f"goes over the bridge to {signal.to_pid}")
        draft.row("signal.routing", signal, reason=draft.reason, meta={"payload_hash": signal.payload_hash})
        return
    draft.subject = draft.put(signal)
    reason = "the signal was past its time to live" if expired else "accepted"
    if expired:  # otherwise its delivery or its lane is the decision
        draft.because("expire", reason)
    meta: dict[str, JsonValue] = {
        "payload_hash": signal.payload_hash,
        "category": signal.category,
        "redacted": taken_out(signal.redactions),
    }
    if destination.shadows is not None:
        meta["shadows"] = destination.shadows
    draft.row("signal.expired" if expired else "signal.received", signal, reason=reason, meta=meta)
    if destination.shadows is not None:
        draft.mail(
            signal.sender,
            role="shadows",
            type="notification",
            subject=f"Re: {signal.subject}",
            body=f"It went to {signal.to} of this project. The tenant's bridge of that name is {destination.shadows}.",
            about=signal,
        )


def accept_committed(draft: Draft) -> Nothing | None:
    """Accept a signal that came in by a commit and has no lane yet; no scanner has seen it (R-000-21)."""
    signal = draft.need(Signal, str(draft.event.document["id"]))
    if signal.status != "received":
        return Nothing(f"the signal is {signal.status} already", signal.id)
    unseen = Redaction(pointer="", kind=NOT_SCANNED, count=0, level="suspect")
    draft.subject = draft.put(signal.changed(redactions=(*signal.redactions, unseen)))
    meta = {"commit": draft.event.document.get("commit")}
    draft.row("signal.received", draft.subject, reason="came in by a commit", meta=meta)
    return None


def deliver_signal(draft: Draft) -> None:
    """Deliver a signal that is not for the intake desk into its addressee's mailbox; it gets no lane.

    So is all that comes from a bridge: an answer is never sorted and answered itself.
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
    draft.because("deliver", f"addressed to {signal.to}, who is not the intake desk")
    draft.row("signal.delivered", draft.subject, reason=draft.reason)


def _own_id(identifier: str) -> Id:
    try:
        return parse_id(identifier, prefix="sig")
    except RecordError as error:
        problem = error.problem
        raise RecordError(problem.code, problem.message, field="/id", hint=problem.hint) from None
