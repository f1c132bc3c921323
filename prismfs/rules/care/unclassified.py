"""Signals whose lane a person or agent has yet to name, and their deadlines (R-000-02, R-000-80).

The intake desk may leave its work to a person or an agent: the task stands in its mailbox, and is done by
`prismfs classify` or by a dropped `task_result`.
"""

from pydantic import JsonValue

from prismfs.errors import RefusedError
from prismfs.kinds.care.signal import LANES, Signal
from prismfs.kinds.core.mail import Mail
from prismfs.records.api import Nothing, read_label
from prismfs.rules.care.classifier import Classification
from prismfs.rules.care.signals import waiting_signal
from prismfs.rules.core import authority
from prismfs.rules.core.draft import ENGINE, Draft
from prismfs.rules.core.follow_ups import Attention, Reply


def await_lane(draft: Draft, signal: Signal, proposed: Classification | None) -> None:
    """Put a task into the desk's mailbox and tell the reporter that the signal is here; nothing is decided.

    `proposed` is what the rules would say, where they may propose.
    """
    due = signal.received_at + draft.policy.deadlines.acknowledge
    how = f"prismfs classify {signal.id} --lane LANE --reason TEXT, or drop a task_result with id, lane and reason"
    hint = "" if proposed is None else f"\n\nThe rules propose {proposed.reason}."
    draft.mail(
        signal.to,
        role="lane",
        type="task",
        subject=f"Which lane? {signal.subject}",
        body=f"{signal.body}{hint}\n\nSay it with: {how} ({', '.join(LANES[:-1])})",
        about=signal,
    )
    body = f"It is here, and {signal.to} says next what becomes of it."
    told = {"owner": signal.to, "due_at": due}
    draft.follow(Reply(signal, role="received", stage="received", body=body, told=told))
    draft.subject = draft.put(signal.changed(due_at=due))
    draft.because("await_lane", "somebody names its lane")
    proposal = {} if proposed is None else meta_of(proposed)
    draft.row("signal.awaited", draft.subject, reason=draft.reason, meta=proposal)


def ask_for_lane(draft: Draft) -> None:
    """Ask a person or agent for the lane of an unclear signal, and tell its reporter; nothing is guessed."""
    signal = waiting_signal(draft, lane="unclassified")
    if signal is None:
        return
    policy = draft.policy
    choices = ", ".join(LANES[:-1])
    draft.mail(
        policy.lanes.unclassified,
        role="lane",
        type="task",
        subject=f"Which lane? {signal.subject}",
        body=f"{signal.body}\n\nSay it with: prismfs classify {signal.id} --lane LANE --reason TEXT ({choices})",
        about=signal,
    )
    due = draft.now + policy.deadlines.classify
    body = (
        f"It is not clear what this is about ({choices}), so it was put before {policy.lanes.unclassified}. "
        "Something broke? Say what you expected and what happened instead."
    )
    told = {"owner": policy.lanes.unclassified, "due_at": due}
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
        )
    )
    body = "Nobody has looked at it yet." if first else "Nobody has said yet what this is about."
    body += " The delay was escalated."
    draft.follow(Reply(signal, role="overdue", stage="overdue", body=body, told={"due_at": late.due_at}))


def meta_of(found: Classification) -> dict[str, JsonValue]:
    """Return what an audit row says of a classification: lane, confidence, the rules that matched."""
    return {
        "lane": found.lane,
        "confidence": round(found.confidence, 3),
        "matched": [name for name, _ in found.matched],
    }


def _seen(draft: Draft, signal: Signal) -> Signal:
    """Mark `signal` as seen; the deadline to classify it is what it waits for from now on."""
    due = signal.due_at
    if due is not None and signal.status == "received":
        due = max(signal.received_at + draft.policy.deadlines.classify, draft.now)
    return draft.put(signal.changed(acknowledged_at=draft.now, due_at=due))
