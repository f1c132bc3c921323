"""Intake of signals: checked against their form, the project and the roster, addressed, and kept or delivered.

A signal goes to a persona of this project, or over a bridge to another one (R-000-58 to R-000-66).
"""

from dataclasses import dataclass

from prismfs.errors import RecordError, RefusedError
from prismfs.kinds.care.signal import Signal, SignalDrop
from prismfs.kinds.core.values import Redaction
from prismfs.records.api import Id, JsonValue, Nothing, parse_id
from prismfs.rules.care import bridge
from prismfs.rules.care.assessment import NOT_SCANNED
from prismfs.rules.care.signals import new_signal
from prismfs.rules.core.api import Draft, Tenancy, authority, form_of, redactions_of, taken_out, tenancy_of


@dataclass(frozen=True, slots=True)
class Destination:
    """Whom a signal is for; `pid` is None for this project. `shadows` is the bridge that a local name hides."""

    to: str
    pid: str | None = None
    shadows: str | None = None


def accept_signal(draft: Draft) -> None:
    """Keep a dropped signal; one for another project goes into the outbox (R-000-58, R-000-66)."""
    form = form_of(draft)
    assert isinstance(form, SignalDrop)
    parent = None if form.in_reply_to is None else draft.view.get(Signal, form.in_reply_to)
    if form.in_reply_to is not None and parent is None:
        hint = "prismfs list signal"
        raise RefusedError("unknown_parent", "answers a signal that is not here", field="/in_reply_to", hint=hint)
    destination = _destination_of(draft, form, parent)
    signal = _signal_of(draft, form, destination, parent)
    if signal.status == "routing":
        draft.subject = bridge.send(draft, signal)
        draft.because("route", f"goes over the bridge to {signal.to_pid}")
        draft.row("signal.routing", signal, reason=draft.reason, meta={"payload_hash": signal.payload_hash})
    else:
        _keep(draft, signal, destination.shadows)


def accept_committed(draft: Draft) -> Nothing | None:
    """Accept a signal that came in by a commit and has no lane yet; no scanner has seen it (R-000-21)."""
    signal = draft.need(Signal, str(draft.event.document["id"]))
    if signal.status != "received":
        return Nothing(f"the signal is {signal.status} already", signal.id)
    unseen = Redaction(pointer="", kind=NOT_SCANNED, count=0, level="suspect")
    seen = signal.changed(redactions=(*signal.redactions, unseen), sender_known="claimed")
    draft.subject = draft.put(seen)  # what the file says of its sender is a claim
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
        known=signal.sender_known,
        from_pid=signal.from_pid,
        subject=signal.subject,
        body=signal.body,
        about=signal,
    )
    draft.subject = draft.put(signal.changed(status="delivered"))
    draft.because("deliver", f"addressed to {signal.to}, who is not the intake desk")
    draft.row("signal.delivered", draft.subject, reason=draft.reason)


def _signal_of(draft: Draft, form: SignalDrop, destination: Destination, parent: Signal | None) -> Signal:
    """Return the signal that `form` makes, as it is kept; not yet in the plan."""
    identifier = _identifier(draft, form, destination)
    created = min(form.created_at or draft.now, draft.now)
    expired = form.ttl is not None and created + form.ttl < draft.now
    said = form.model_dump(exclude={"kind", "version"}, exclude_none=True) | {
        "id": identifier,
        "sender": draft.event.actor,
        "to": destination.to,
        "to_pid": destination.pid,
        "thread_id": None if parent is None else parent.thread,
        "created_at": created,
        "redactions": redactions_of(draft),
        "status": "expired" if expired else "received" if destination.pid is None else "routing",
    }
    return new_signal(draft, **said)


def _identifier(draft: Draft, form: SignalDrop, destination: Destination) -> Id:
    """Return the id that it gives itself, else one of this event."""
    if form.id is None:
        # Another project keeps it by this id, too: it must differ from every id that one gives.
        identifier = draft.new_id("sig", "" if destination.pid is None else draft.project.pid)
    else:
        try:
            identifier = parse_id(form.id, prefix="sig")
        except RecordError as error:
            problem = error.problem
            raise RecordError(problem.code, problem.message, field="/id", hint=problem.hint) from None
    bridge.check_id_is_free(draft, identifier)
    return identifier


def _keep(draft: Draft, signal: Signal, shadows: str | None) -> None:
    """Put a signal of this project; its sender is told of the bridge whose name a persona here has, too."""
    draft.subject = draft.put(signal)
    expired = signal.status == "expired"
    reason = "the signal was past its time to live" if expired else "accepted"
    if expired:  # otherwise its delivery or its lane is the decision
        draft.because("expire", reason)
    meta: dict[str, JsonValue] = {
        "payload_hash": signal.payload_hash,
        "category": signal.category,
        "redacted": taken_out(signal.redactions),
    }
    if shadows is not None:
        meta["shadows"] = shadows
        draft.mail(
            signal.sender,
            role="shadows",
            type="notification",
            subject=f"Re: {signal.subject}",
            body=f"It went to {signal.to} of this project. The tenant's bridge of that name is {shadows}.",
            about=signal,
        )
    draft.row("signal.expired" if expired else "signal.received", signal, reason=reason, meta=meta)


def _destination_of(draft: Draft, form: SignalDrop, parent: Signal | None) -> Destination:
    """Return whom `form` is for; names of this project come first (R-000-61).

    Raises:
        RefusedError: `unknown_identity`, `ambiguous_target`, `not_addressed`, `unknown_pid`, `cross_tenant`,
            `project_isolation`, `bridge_off`, `bridge_inbound_only`.
    """
    own, tenant = draft.project.pid, tenancy_of(draft)
    name, pid = _named(form)
    if parent is not None:
        name, pid = _recovered(form, parent, name, pid or parent.from_pid)
    if name is None:
        raise RefusedError("ambiguous_target", "names nobody", field="/to", hint="to: NAME")
    if pid is None:
        # Who asked hears the answer, whether or not the roster lists it.
        has_asked = parent is not None and name.casefold() == parent.sender.casefold()
        if has_asked or authority.is_identity(draft.view, name):
            hides = own != tenant.home and tenant.is_bridge(name)
            return Destination(name, shadows=f"{name}@{tenant.home}" if hides else None)
        pid = _home_of_bridge(tenant, name, own, form.sender)
    elif pid == own:
        authority.check_addressee(draft, name)
        return Destination(name)
    _check_may_cross(draft, tenant, form.sender, name, pid)
    return Destination(name, pid)


def _named(form: SignalDrop) -> tuple[str | None, str | None]:
    name, _, at = (form.to or "").partition("@")
    if at and form.to_pid is not None and at != form.to_pid:
        raise RefusedError(
            "ambiguous_target", "to and to_pid name two projects", field="/to_pid", hint="leave one of them out"
        )
    return name or None, at or form.to_pid


def _recovered(form: SignalDrop, parent: Signal, name: str | None, pid: str | None) -> tuple[str, str | None]:
    """Return whom an answer to `parent` is for: its sender, in the project that it came from (R-000-62)."""
    if parent.from_pid is None:
        return name or parent.sender, pid
    if parent.to.casefold() != form.sender.casefold():
        raise RefusedError(
            "not_addressed", "answers a signal that was for somebody else", field="/in_reply_to",
            hint=f"it was for {parent.to}",
        )  # fmt: skip
    if pid != parent.from_pid or (name is not None and name.casefold() != parent.sender.casefold()):
        raise RefusedError(
            "ambiguous_target", "goes to another than the one that it answers", field="/to",
            hint="leave to and to_pid out, or in_reply_to",
        )  # fmt: skip
    return parent.sender, pid


def _home_of_bridge(tenant: Tenancy, name: str, own: str, sender: str) -> str:
    """Return the project of a bridge that is named without one, from another project than its own."""
    if tenant.home is not None and tenant.home != own and tenant.is_bridge(name):
        return tenant.home
    if own == tenant.home and tenant.is_bridge(sender):
        raise RefusedError(
            "ambiguous_target", "a bridge that answers no signal names project and identity", field="/to_pid",
            hint="to_pid: PID-…, or in_reply_to: the signal that it answers",
        )  # fmt: skip
    raise authority.unknown_addressee()


def _check_may_cross(draft: Draft, tenant: Tenancy, sender: str, name: str, pid: str) -> None:
    """Accept a signal to another project.

    Who is a bridge stands in the event's `tenant`, which the engine takes from the home project's protected roster: no
    word of a payload, a persona file or a prompt makes one (R-000-76).
    """
    project, mode = draft.project, draft.policy.bridge
    if pid not in tenant.targets:
        raise RefusedError("unknown_pid", "no such project in this tenant", field="/to_pid", hint="prismfs tenant list")
    if tenant.targets[pid] != project.tenant:
        raise RefusedError("cross_tenant", "the project is another tenant's", field="/to_pid", hint="not possible")
    to_bridge = pid == tenant.home and tenant.is_bridge(name)
    from_bridge = project.pid == tenant.home and tenant.is_bridge(sender)
    if not (to_bridge or from_bridge):
        raise RefusedError(
            "project_isolation", "a signal reaches another project only from or to one of the tenant's bridges",
            field="/to", hint="prismfs whois names the bridges",
        )  # fmt: skip
    if mode == "off" or (to_bridge and mode != "allow"):
        code = "bridge_off" if mode == "off" else "bridge_inbound_only"
        raise RefusedError(
            code, f"this project's policy says bridge: {mode}", field="/to", hint="settings/policy.yaml: bridge"
        )
