"""Lanes: a signal is sorted into one, moved to another, and handed to its owner (R-000-14 to R-000-17)."""

from typing import cast

from prismfs.errors import RefusedError
from prismfs.kinds.care.signal import LANES, Lane, Signal
from prismfs.kinds.work.todo import Todo
from prismfs.records.api import Nothing
from prismfs.rules.care.classifier import classification_of
from prismfs.rules.care.signals import new_signal, waiting_signal
from prismfs.rules.care.unclassified import await_lane, meta_of
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.follow_ups import Reply, ReportFault
from prismfs.rules.core.roles import automation_of, owner_of


def sort_into_lane(draft: Draft) -> None:
    """Give a received signal its lane, by the rules or by what the desk's command answered (R-000-02).

    Where the desk's role is left to a person or an agent the signal waits for one.
    """
    signal = waiting_signal(draft, status="received")
    if signal is None:
        return
    mode = automation_of(draft, signal.to).mode
    if mode in ("propose", "person"):
        await_lane(draft, signal, classification_of(draft, signal) if mode == "propose" else None)
        return
    found = classification_of(draft, signal)
    said = found.reason if mode == "rules" else f"as the command of {signal.to} answered"
    draft.subject = draft.put(signal.changed(lane=found.lane, lane_reason=found.reason, lane_by=mode))
    draft.row("signal.classified", draft.subject, reason=said, meta=meta_of(found))


def overrule_lane(draft: Draft) -> Nothing | None:
    """Put a signal into the lane that a person or agent says, with their reason."""
    document = draft.event.document
    lane, reason = str(document.get("lane") or ""), str(document.get("reason") or "")
    if lane not in LANES or lane == "unclassified":
        raise RefusedError("unknown_lane", "no such lane", field="/lane", hint=f"one of {', '.join(LANES[:-1])}")
    if not reason:
        raise RefusedError("reason_missing", "a lane is overruled with a reason", field="/reason", hint="--reason TEXT")
    signal = draft.need(Signal, str(document["id"]))
    if signal.lane == lane:
        return Nothing(f"the signal is in lane {lane} already", signal.id)
    if signal.status in ("delivered", "expired") or signal.incident is not None:
        raise RefusedError(
            "not_classifiable",
            f"a signal that is {signal.status} keeps its lane",
            field="/id",
            hint="prismfs show ID",
        )
    before = signal.lane
    draft.subject = draft.put(
        signal.changed(lane=cast(Lane, lane), lane_reason=reason, lane_by=draft.event.actor, due_at=None)
    )
    draft.row("signal.classified", draft.subject, level="warn", reason=reason, meta={"lane": lane, "before": before})
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


def _assignment(draft: Draft, signal: Signal, owner: str) -> Signal:
    """Return the signal that hands an idea over to the owner of its lane (R-000-16)."""
    return new_signal(
        draft,
        role="owner",
        sender=signal.to,
        to=owner,
        type="TaskAssigned",
        category="TASK",
        subject=signal.subject,
        body=signal.body,
        in_reply_to=signal.id,
        thread_id=signal.thread_id or signal.id,
        lane=signal.lane,
        status="delivered",
    )
