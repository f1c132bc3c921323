"""Lanes: a signal is sorted into one, or waits for a person or agent who names it, and is handed to its owner.

The intake desk may leave its work to a person or an agent (R-000-02): the task stands in its mailbox, and is done by
`prismfs classify` or by a dropped `task_result`. Every deadline is told once (R-000-80).
"""

from typing import cast

from prismfs.errors import RefusedError
from prismfs.kinds.care.signal import LANES, Lane, Signal
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.work.todo import Todo
from prismfs.records.api import MAX_TEXT, JsonValue, Nothing, read_label
from prismfs.rules.care.classifier import Classification, classification_of
from prismfs.rules.care.signals import new_signal, waiting_signal
from prismfs.rules.core.api import ENGINE, Attention, Draft, Reply, ReportFault, authority, automation_of, owner_of

_CHOICES = ", ".join(LANES[:-1])

_UNSEEN: dict[str, tuple[str | None, ...]] = {"status": ("received",), "acknowledged_at": (None,)}
_UNCLASSIFIED: dict[str, tuple[str | None, ...]] = {"status": ("received", "unclassified")}
"""While a signal is so, what was opened because it waits stays open."""


def sort_into_lane(draft: Draft) -> None:
    """Give a received signal its lane, by the rules or by what the desk's command answered (R-000-02).

    Where the desk's role is left to a person or an agent the signal waits for one.
    """
    signal = waiting_signal(draft, status="received")
    if signal is None:
        return
    mode = automation_of(draft, signal.to).mode
    if mode in ("propose", "person"):
        _await_lane(draft, signal, classification_of(draft, signal) if mode == "propose" else None)
        return
    found = classification_of(draft, signal)
    said = found.reason if mode == "rules" else f"as the command of {signal.to} answered"
    draft.subject = draft.put(signal.changed(lane=found.lane, lane_reason=found.reason, lane_by=mode))
    draft.row("signal.classified", draft.subject, reason=said, meta=_meta_of(found))


def overrule_lane(draft: Draft) -> Nothing | None:
    """Put a signal into the lane that a person or agent says, with their reason."""
    document = draft.event.document
    lane, reason = str(document.get("lane") or ""), str(document.get("reason") or "")
    if lane not in LANES or lane == "unclassified":
        raise RefusedError("unknown_lane", "no such lane", field="/lane", hint=f"one of {_CHOICES}")
    if not reason:
        raise RefusedError("reason_missing", "a lane is overruled with a reason", field="/reason", hint="--reason TEXT")
    signal = draft.need(Signal, str(document["id"]))
    if signal.lane == lane:
        return Nothing(f"the signal is in lane {lane} already", signal.id)
    if signal.status in ("delivered", "expired") or signal.incident is not None:
        said = f"a signal that is {signal.status} keeps its lane"
        raise RefusedError("not_classifiable", said, field="/id", hint="prismfs show ID")
    moved = signal.changed(lane=cast(Lane, lane), lane_reason=reason, lane_by=draft.event.actor, due_at=None)
    draft.subject = draft.put(moved)
    meta: dict[str, JsonValue] = {"lane": lane, "before": signal.lane}
    draft.row("signal.classified", moved, level="warn", reason=reason, meta=meta)
    return None


def report_fault(draft: Draft) -> None:
    """Ask for an incident where something broke (R-000-15)."""
    signal = waiting_signal(draft, lane="incident")
    if signal is not None and signal.incident is None:
        draft.follow(ReportFault(signal.id))


def hand_to_owner(draft: Draft) -> None:
    """Make a todo of an idea and tell the owner of its lane (R-000-16, R-000-17)."""
    signal = waiting_signal(draft)
    if signal is None or signal.lane not in ("enhancement", "recommendation"):
        return
    owner = owner_of(draft, signal.lane)
    todo = draft.put(
        Todo(
            id=draft.new_id("tod", "lane"),
            title=signal.subject,
            body=signal.body,
            owner=owner,
            lane=signal.lane,
            about=signal.id,
            created_at=draft.now,
            status="open",
        )
    )
    draft.mail(
        owner,
        role="owner",
        type="task",
        sender=signal.to,
        subject=f"{signal.lane}: {signal.subject}",
        body=f"{signal.body}\n\nFrom {signal.sender}. On your list as {todo.id}.",
        about=signal,
    )
    assigned = draft.put(_assignment(draft, signal, owner))
    body = f"Noted as {signal.lane} for {owner}, who has it on the list as {todo.id}."
    draft.follow(Reply(signal, role="handed", stage="handed_off", body=body, told={"owner": owner}))
    draft.subject = draft.put(signal.changed(status="handed_off", due_at=None))
    draft.because("hand_off", f"lane {signal.lane} belongs to {owner}")
    draft.row("todo.created", todo, reason=draft.reason, meta={"owner": owner})
    draft.row("signal.delivered", assigned, reason=draft.reason)


def ask_for_lane(draft: Draft) -> None:
    """Ask a person or agent for the lane of an unclear signal, and tell its reporter; nothing is guessed."""
    signal = waiting_signal(draft, lane="unclassified")
    if signal is None:
        return
    asked, due = draft.policy.lanes.unclassified, draft.now + draft.policy.deadlines.classify
    _mail_question(draft, signal, asked)
    body = (
        f"It is not clear what this is about ({_CHOICES}), so it was put before {asked}. "
        "Something broke? Say what you expected and what happened instead."
    )
    told = {"owner": asked, "due_at": due}
    draft.follow(Reply(signal, role="unclear", stage="received", body=body, told=told))
    draft.subject = draft.put(signal.changed(status="unclassified", due_at=due))
    draft.because("ask_for_lane", "no lane was certain enough")
    draft.row("signal.unclassified", draft.subject, level="warn", reason=draft.reason)


def acknowledge_signal(draft: Draft) -> Nothing | None:
    """Acknowledge a signal: its addressee, or an identity with the right, has seen it; its next deadline is for a lane.

    Raises:
        ForbiddenError: `not_allowed`.
    """
    signal = draft.need(Signal, str(draft.event.document["id"]))
    if draft.event.actor.casefold() != signal.to.casefold():
        authority.check(draft, "signal.ack")
    if signal.acknowledged_at is not None:
        return Nothing("acknowledged already", signal.id)
    if signal.status not in ("received", "unclassified", "delivered"):
        return Nothing(f"the signal is {signal.status} already", signal.id)
    draft.subject = _seen(draft, signal)
    draft.because("acknowledge", f"{draft.event.actor} has seen it")
    draft.row("signal.acknowledged", draft.subject, reason=draft.reason)
    return None


def note_reading(draft: Draft) -> None:
    """Count reading the task about a signal as seeing the signal."""
    mail = draft.subject
    if not isinstance(mail, Mail) or mail.type != "task" or not (mail.about or "").startswith("sig-"):
        return
    signal = draft.get(Signal, str(mail.about))
    if signal is None or signal.acknowledged_at is not None or signal.status not in ("received", "unclassified"):
        return
    if signal.to.casefold() == mail.to.casefold():
        seen = _seen(draft, signal)
        draft.row("signal.acknowledged", seen, reason="the task about it was read")


def remind_of_signal(draft: Draft) -> None:
    """A signal waited past a deadline: its reporter is told, and an escalation is opened (R-000-80).

    Each deadline is told once: first that of being seen, then that of having a lane.
    """
    signal = draft.need(Signal, str(draft.event.document["id"]))
    if signal.status not in ("received", "unclassified", "asked"):
        raise RefusedError("not_waiting", f"the signal is {signal.status}", field="/id", hint="prismfs show ID")
    classify_by = signal.received_at + draft.policy.deadlines.classify
    unseen = signal.status == "received" and signal.acknowledged_at is None
    first = unseen and signal.due_at is not None and signal.due_at < classify_by
    draft.subject = late = draft.put(signal.changed(due_at=classify_by if first else None))
    missed = "acknowledge" if first else "answer" if signal.status == "asked" else "classify"
    draft.because("overdue", f"still {signal.status} at its deadline to {missed}")
    draft.row("signal.overdue", late, level="warn", reason=draft.reason, meta={"deadline": missed})
    if missed == "answer":
        body = "Your question is still open: an answer to what was asked back would help."
        draft.follow(Reply(signal, role="overdue", stage="overdue", body=body))
        return
    what = "Not seen by anybody yet" if first else "Unclassified for too long"
    draft.follow(
        Attention(
            severity=read_label(draft.policy.scales, "MEDIUM", scale="gastown"),
            title=f"{what}: {signal.subject}"[:500],
            source=f"desk:{missed}",
            reporter=ENGINE,
            category="gate_timeout",
            related=signal.id,
            signature=f"desk:{missed}:{signal.id}",
            body=f"{signal.body}\n\nSay its lane: prismfs classify {signal.id} --lane LANE --reason TEXT"[:MAX_TEXT],
            holds_while=_UNSEEN if first else _UNCLASSIFIED,
        )
    )
    body = "Nobody has looked at it yet." if first else "Nobody has said yet what this is about."
    body += " The delay was escalated."
    draft.follow(Reply(signal, role="overdue", stage="overdue", body=body, told={"due_at": late.due_at}))


def _await_lane(draft: Draft, signal: Signal, proposed: Classification | None) -> None:
    """Put a task into the desk's mailbox and tell the reporter that the signal is here; nothing is decided.

    `proposed` is what the rules would say, where they may propose.
    """
    due = signal.received_at + draft.policy.deadlines.acknowledge
    hint = "" if proposed is None else f"\n\nThe rules propose {proposed.reason}."
    other = ", or drop a task_result with id, lane and reason"
    _mail_question(draft, signal, signal.to, hint=hint, other_way=other)
    body = f"It is here, and {signal.to} says next what becomes of it."
    told = {"owner": signal.to, "due_at": due}
    draft.follow(Reply(signal, role="received", stage="received", body=body, told=told))
    draft.subject = draft.put(signal.changed(due_at=due))
    draft.because("await_lane", "somebody names its lane")
    proposal = {} if proposed is None else _meta_of(proposed)
    draft.row("signal.awaited", draft.subject, reason=draft.reason, meta=proposal)


def _mail_question(draft: Draft, signal: Signal, to: str, *, hint: str = "", other_way: str = "") -> None:
    how = f"prismfs classify {signal.id} --lane LANE --reason TEXT{other_way} ({_CHOICES})"
    draft.mail(
        to,
        role="lane",
        type="task",
        subject=f"Which lane? {signal.subject}",
        body=f"{signal.body}{hint}\n\nSay it with: {how}",
        about=signal,
    )


def _assignment(draft: Draft, signal: Signal, owner: str) -> Signal:
    """Return the signal that hands an idea over to the owner of its lane (R-000-16)."""
    return new_signal(
        draft,
        role="owner",
        sender=signal.to,
        sender_known="engine",
        to=owner,
        type="TaskAssigned",
        category="TASK",
        subject=signal.subject,
        body=signal.body,
        in_reply_to=signal.id,
        thread_id=signal.thread,
        lane=signal.lane,
        status="delivered",
    )


def _meta_of(found: Classification) -> dict[str, JsonValue]:
    """Return what an audit row says of a classification: lane, confidence, the rules that matched."""
    matched: list[JsonValue] = [name for name, _ in found.matched]
    return {"lane": found.lane, "confidence": round(found.confidence, 3), "matched": matched}


def _seen(draft: Draft, signal: Signal) -> Signal:
    """Mark `signal` as seen; the deadline to classify it is what it waits for from now on."""
    due = signal.due_at
    if due is not None and signal.status == "received":
        due = max(signal.received_at + draft.policy.deadlines.classify, draft.now)
    return draft.put(signal.changed(acknowledged_at=draft.now, due_at=due))
