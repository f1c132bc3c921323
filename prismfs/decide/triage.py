"""Sorting a signal into its lane, and what follows in every lane but the incident's (R-000-14 to R-000-17)."""

from __future__ import annotations

from typing import cast, get_args

from pydantic import JsonValue

from prismfs.decide.classify import Classification, classify
from prismfs.decide.draft import ENGINE, Draft
from prismfs.decide.escalation import Attention, call_attention
from prismfs.errors import RefusedError
from prismfs.kinds.signal import LANES, Lane, Signal
from prismfs.kinds.todo import Todo
from prismfs.kinds.triage import Triage
from prismfs.records.plan import Nothing
from prismfs.records.severity import read_label

_LIMIT_OF_ANSWERS = 3


def sort_into_lane(draft: Draft) -> None:
    """Give a received signal its lane, by rules or by what the command classifier answered."""
    signal = _open_signal(draft, status="received")
    if signal is None:
        return
    found = classification_of(draft, signal)
    draft.subject = draft.put(signal.changed(lane=found.lane, lane_reason=found.reason, lane_by="rules"))
    draft.row(
        "signal.classified",
        draft.subject,
        reason=found.reason,
        meta={
            "lane": found.lane,
            "confidence": round(found.confidence, 3),
            "matched": [name for name, _ in found.matched],
        },
    )


def overrule_lane(draft: Draft) -> Nothing | None:
    """Put a signal into the lane that a person or agent says, with their reason."""
    document = draft.event.document
    lane, reason = str(document["lane"]), str(document.get("reason") or "")
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
    draft.settle("classify", f"{before} overruled to {lane}")
    draft.row("signal.classified", draft.subject, level="warn", reason=reason, meta={"lane": lane, "before": before})
    return None


def answer(draft: Draft) -> None:
    """Answer a usage question from the knowledge base with its source, or ask back (R-000-14, R-000-18)."""
    signal = _open_signal(draft, lane="info")
    if signal is None:
        return
    policy = draft.policy
    found = draft.view.find_answers(f"{signal.subject}\n{signal.body}", _LIMIT_OF_ANSWERS)
    best = found[0] if found and found[0].coverage >= policy.answer_coverage else None
    if best is None:
        near = "".join(f"\n- {candidate.title} ({candidate.source})" for candidate in found)
        body = "The knowledge base holds no answer to this. What did you try, and what did you expect to see?"
        draft.mail(
            signal.sender,
            role="ask",
            type="reply",
            sender=policy.lanes.info,
            subject=f"Re: {signal.subject}",
            body=body + (f"\n\nNearest articles:{near}" if near else ""),
            about=signal,
        )
        draft.subject = draft.put(signal.changed(status="asked", due_at=draft.now + policy.deadlines.answer))
        draft.settle("ask_back", "no article of the knowledge base covers the question")
        draft.row(
            "signal.asked",
            draft.subject,
            reason=draft.reason,
            meta={"candidates": [item.id for item in found]},
        )
        return
    draft.mail(
        signal.sender,
        role="answer",
        type="reply",
        sender=policy.lanes.info,
        subject=f"Re: {signal.subject}",
        body=f"{best.title}\n\n{best.excerpt}\n\nSource: {best.source} (kb/{best.id})",
        about=signal,
    )
    draft.subject = draft.put(signal.changed(status="answered", due_at=None))
    draft.settle("answer", f"answered from kb/{best.id}")
    meta: dict[str, JsonValue] = {"article": best.id, "coverage": round(best.coverage, 3)}
    draft.row("signal.answered", draft.subject, reason=draft.reason, meta=meta)


def hand_to_owner(draft: Draft) -> None:
    """Make a todo of an idea and tell the owner of its lane (R-000-16, R-000-17)."""
    signal = _open_signal(draft)
    if signal is None or signal.lane not in ("enhancement", "recommendation"):
        return
    owner = getattr(draft.policy.lanes, signal.lane)
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
    draft.subject = draft.put(signal.changed(status="handed_off", due_at=None))
    draft.settle("hand_off", f"lane {signal.lane} belongs to {owner}")
    draft.row("todo.created", todo, reason=draft.reason, meta={"owner": owner})


def ask_for_lane(draft: Draft) -> None:
    """Ask a person or agent for the lane of an unclear signal, and tell its reporter; nothing is guessed."""
    signal = _open_signal(draft, lane="unclassified")
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
    draft.mail(
        signal.sender,
        role="unclear",
        type="reply",
        sender=signal.to,
        subject=f"Re: {signal.subject}",
        body=f"It is not clear what this is about ({choices}), so it was put before {policy.lanes.unclassified}. "
        "Something broke? Say what you expected and what happened instead.",
        about=signal,
    )
    draft.subject = draft.put(signal.changed(status="unclassified", due_at=draft.now + policy.deadlines.classify))
    draft.settle("ask_for_lane", "no lane was certain enough")
    draft.row("signal.unclassified", draft.subject, level="warn", reason=draft.reason)


def remind_of_signal(draft: Draft) -> None:
    """A signal waited past its deadline: its reporter hears of it and its owner is escalated to (R-000-80)."""
    signal = draft.need(Signal, str(draft.event.document["id"]))
    policy = draft.policy
    draft.subject = draft.put(signal.changed(due_at=None))
    draft.settle("overdue", f"still {signal.status} at its deadline")
    draft.row("signal.overdue", draft.subject, level="warn", reason=draft.reason)
    if signal.status == "unclassified":
        call_attention(
            draft,
            Attention(
                severity=read_label(policy.scales, "MEDIUM", scale="gastown"),
                title=f"Unclassified for too long: {signal.subject}"[:500],
                source="desk:classify",
                reporter=ENGINE,
                category="gate_timeout",
                related=signal.id,
            ),
        )
        body = "Nobody has said yet what this is about. The delay was escalated."
    else:
        body = "Your question is still open: an answer to what was asked back would help."
    draft.mail(
        signal.sender,
        role="overdue",
        type="notification",
        sender=signal.to,
        subject=f"Re: {signal.subject}",
        body=body,
        about=signal,
    )


def classification_of(draft: Draft, signal: Signal) -> Classification:
    """Return what the rules, or the configured command, make of the signal's words."""
    triage = draft.view.single(Triage)
    answered = draft.event.document.get("classification")
    if triage.classifier == "command" and isinstance(answered, dict):
        return _from_command(answered)
    return classify(
        triage,
        subject=signal.subject,
        body=signal.body,
        labels=signal.labels,
        attachments=signal.attachments,
        type=signal.type,
    )


def _from_command(answered: dict[str, JsonValue]) -> Classification:
    lane = answered.get("lane")
    rank = answered.get("rank")
    nature = answered.get("nature")
    confidence = answered.get("confidence")
    return Classification(
        lane=cast(Lane, lane) if lane in get_args(Lane) else "unclassified",
        confidence=float(confidence) if isinstance(confidence, int | float) else 0.0,
        matched=(),
        runner_up=None,
        rank=rank if isinstance(rank, int) and 0 <= rank <= 3 else None,
        rank_reason="as the command classifier says",
        nature=nature if isinstance(nature, str) else "unknown",
        reason=str(answered.get("reason") or "as the command classifier says"),
    )


def _open_signal(draft: Draft, *, status: str | None = None, lane: str | None = None) -> Signal | None:
    """Return the signal in focus if it still waits for this stage, None for every other."""
    signal = draft.subject
    assert isinstance(signal, Signal)
    if signal.status in ("delivered", "expired"):
        return None
    if (status is not None and signal.status != status) or (lane is not None and signal.lane != lane):
        return None
    return signal
