"""Signals that cross from one project to another: sent, received, and what the sender's project hears of it.

The outbox record in the sender's project is the intent; the addressee's project decides the arrival as an event of
its own, in one commit with the bridge's audit row; the receipt writes the same row in the sender's project. So each
view holds exactly one row, and each project only rows of its own traffic (R-000-70 to R-000-72).
"""

from prismfs.errors import RefusedError
from prismfs.kinds.care.signal import Progress, Signal
from prismfs.kinds.core.outbox import ROUTED, Outbox
from prismfs.records.api import JsonValue, Nothing, format_instant, stage_order
from prismfs.rules.care.signals import new_signal
from prismfs.rules.core.api import Draft, Tenancy, authority, one_line, outbox

_CARRIED = (
    "id", "sender", "to", "type", "category", "subject", "body", "in_reply_to", "dedup_key", "labels", "attachments",
    "ttl", "redactions",
)  # fmt: skip
"""What crosses of a signal: what its sender wrote, and what was taken out of that before it was kept."""


def send(draft: Draft, signal: Signal) -> Signal:
    """Put `signal`, which names another project, and the message that carries it there; return it."""
    assert signal.to_pid is not None
    sent = draft.put(signal)
    draft.put(
        Outbox(
            id=draft.new_id("out", f"{ROUTED}:{signal.id}"),
            about=signal.id,
            action=f"{ROUTED}:{signal.to_pid}",
            level=0,
            channel=ROUTED,
            target=signal.to_pid,
            subject=one_line(signal.subject),
            body="",
            priority="normal",
            created_at=draft.now,
            planned_at=draft.now,
            due_at=draft.now,
            status="pending",
        )
    )
    return sent


def receive(draft: Draft) -> None:
    """Take in a signal of another project, if it may come here (R-000-60, R-000-62).

    The record that comes is that project's claim: only what its sender wrote is kept of it. Which project it comes
    from, the engine says.

    Raises:
        RefusedError: `wrong_pid`, `cross_tenant`, `bridge_off`, `not_a_bridge`, `unknown_parent`, `not_addressed`,
            `unknown_identity`, `id_taken`.
    """
    came = Signal.from_document(draft.event.document["signal"])  # type: ignore[arg-type]
    source, tenant = str(draft.event.document["from_pid"]), authority.tenancy_of(draft)
    check_id_is_free(draft, came.id)  # one that arrived before is known by its cause, not by its id
    _check_may_enter(draft, came, source, tenant)
    parent = _parent(draft, came, source)
    to_bridge = draft.project.pid == tenant.home and tenant.is_bridge(came.to)
    if not to_bridge:
        _check_is_from_bridge(draft, came, source, tenant, is_answer=parent is not None)
    expired = came.ttl is not None and came.created_at + came.ttl < draft.now
    signal = new_signal(
        draft,
        **{name: getattr(came, name) for name in _CARRIED},
        from_pid=source,
        thread_id=None if parent is None else parent.thread,
        created_at=min(came.created_at, draft.now),
        context=draft.event.document.get("context") if to_bridge else None,
        progress=None if to_bridge else came.progress,
        status="expired" if expired else "received",
    )
    draft.subject = draft.put(signal)
    if parent is not None and signal.progress is not None and _is_news(parent.progress, signal.progress):
        draft.put(parent.changed(progress=signal.progress))
    reason = f"came over the bridge from {source}"
    if expired:  # otherwise its delivery or its lane is the decision
        draft.because("receive", reason)
    draft.row("bridge.routed", signal, reason=reason, meta=_arrival(draft, signal, source, to_bridge=to_bridge))


def check_id_is_free(draft: Draft, identifier: str) -> None:
    """Accept the id of a signal that is not here yet.

    Raises:
        RefusedError: `id_taken`.
    """
    if draft.view.get(Signal, identifier) is not None:
        raise RefusedError("id_taken", "a signal with this id is here already", field="/id", hint="leave the id out")


def _check_may_enter(draft: Draft, came: Signal, source: str, tenant: Tenancy) -> None:
    project = draft.project
    if came.to_pid != project.pid:
        raise RefusedError("wrong_pid", f"is for another project than {project.pid}", field="/to_pid")
    if tenant.targets.get(source) != project.tenant:
        raise RefusedError("cross_tenant", "comes from another tenant's project", field="/from_pid")
    if draft.policy.bridge == "off":
        raise RefusedError("bridge_off", "that project's policy says bridge: off", field="/to_pid")


def _check_is_from_bridge(draft: Draft, came: Signal, source: str, tenant: Tenancy, *, is_answer: bool) -> None:
    if source != tenant.home or not tenant.is_bridge(came.sender):
        raise RefusedError("not_a_bridge", "comes from no bridge and goes to none", field="/to")
    if not is_answer and not authority.is_identity(draft.view, came.to):
        raise RefusedError("unknown_identity", "nobody there has this name", field="/to")


def note_receipt(draft: Draft) -> Nothing | None:
    """Begin an attempt to carry a signal, or record its end: it arrived, came back, or is carried again later."""
    message = outbox.message_of(draft)
    if outbox.is_beginning(draft):
        ended = outbox.why_no_attempt(message)
        if ended is None:
            outbox.begin(draft, message)
        return ended
    done = outbox.received(draft, message)
    if isinstance(done, Nothing):
        return done
    _write(draft, done, str(draft.event.document.get("detail") or ""))
    return None


def nothing_heard(draft: Draft) -> None:
    """Carry a signal again whose attempt was never heard of; the addressee's project takes it once."""
    _write(draft, outbox.unheard(draft, outbox.message_of(draft)), outbox.UNHEARD)


def carry_again(draft: Draft) -> Nothing | None:
    """Put the message of a signal that came back into the outbox again."""
    message = outbox.message_of(draft)
    if message.status not in outbox.LOST:
        return Nothing(f"the message is {message.status}", message.id)
    outbox.send_again(draft, message)
    return None


def _write(draft: Draft, message: Outbox, detail: str) -> None:
    outbox.put_received(draft, message)
    signal = draft.get(Signal, message.about)
    if signal is not None and signal.status not in ("routing", "returned"):
        signal = None  # what somebody else put into the outbox, or a second message about what arrived already
    if message.status == "sent" and signal is not None:
        _arrived(draft, message, signal)
        return
    outbox.row_received(draft, message, detail)
    if message.status in outbox.LOST and signal is not None:
        _came_back(draft, message, signal)


def _arrived(draft: Draft, message: Outbox, signal: Signal) -> None:
    """Write the row of an arrival as the addressee's project wrote it: the only one here (R-000-70)."""
    routed = draft.put(signal.changed(status="routed"))
    draft.row("bridge.routed", routed, reason=f"arrived in {message.target}", meta=_told(draft))


def _came_back(draft: Draft, message: Outbox, signal: Signal) -> None:
    code = str(_told(draft).get("code") or "undeliverable")
    back = draft.put(signal.changed(status="returned"))
    reason = f"not taken by {message.target}: {code}"
    meta: dict[str, JsonValue] = {
        "code": code,
        "from_pid": signal.pid,
        "to_pid": message.target,
        "from": signal.sender,
        "to": signal.to,
        "signal_type": signal.type,
        "payload_hash": signal.payload_hash,
    }
    draft.row("bridge.refused", back, level="warn", reason=reason, meta=meta)
    draft.mail(
        signal.sender,
        role="returned",
        type="notification",
        subject=f"Not delivered: {signal.subject}",
        body=f"{signal.to} in {message.target} did not get it: {code} ({message.detail}).",
        about=back,
    )


def _told(draft: Draft) -> dict[str, JsonValue]:
    """Return what the addressee's project wrote of it."""
    found = draft.event.document.get("record")
    return found if isinstance(found, dict) else {}


def _arrival(draft: Draft, signal: Signal, source: str, *, to_bridge: bool) -> dict[str, JsonValue]:
    """Return the meta of the audit row of an arrival, which the sender's project takes over as it is (R-000-70)."""
    return {
        "from_pid": source,
        "to_pid": signal.pid,
        "from": signal.sender,
        "to": signal.to,
        "bridge": signal.to if to_bridge else signal.sender,
        "direction": "to_bridge" if to_bridge else "from_bridge",
        "signal_type": signal.type,
        "category": signal.category,
        "payload_hash": signal.payload_hash,
        "routed_at": format_instant(draft.now),
    }


def _is_news(known: Progress | None, told: Progress) -> bool:
    """Tell whether `told` is further than what is known: answers of one instant come in any order."""
    return known is None or (told.at, stage_order(told.stage)) >= (known.at, stage_order(known.stage))


def _parent(draft: Draft, came: Signal, source: str) -> Signal | None:
    """Return the signal of this project that `came` answers; an answer to something else is refused."""
    if came.in_reply_to is None:
        return None
    parent = draft.get(Signal, came.in_reply_to)
    if parent is None:
        raise RefusedError("unknown_parent", "answers a signal that is not there", field="/in_reply_to")
    between = {parent.to_pid, parent.from_pid}
    if source not in between or came.to.casefold() not in (parent.sender.casefold(), parent.to.casefold()):
        raise RefusedError("not_addressed", "answers a signal between others", field="/in_reply_to")
    return parent
