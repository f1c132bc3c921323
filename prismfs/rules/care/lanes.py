"""Sorting a signal into its lane, and what follows in every lane but the incident's (R-000-14 to R-000-17)."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from pydantic import JsonValue

from prismfs.errors import RecordError, RefusedError
from prismfs.kinds.care.kb import REVIEW_TAG
from prismfs.kinds.care.settings.triage import Triage
from prismfs.kinds.care.signal import LANES, Lane, Signal
from prismfs.kinds.core.forms import LaneAnswer
from prismfs.kinds.work.todo import Todo
from prismfs.records.plan import Nothing
from prismfs.rules.care import address
from prismfs.rules.care.classifier import Classification, classify
from prismfs.rules.care.replies import reply
from prismfs.rules.care.unclassified import await_lane, meta_of
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.roles import automation_of, owner_of

_LIMIT_OF_ANSWERS = 3


def sort_into_lane(draft: Draft) -> None:
    """Give a received signal its lane, by the rules or by what the desk's command answered (R-000-02).

    Where the desk's role is left to a person or an agent the signal waits for one.
    """
    signal = _open_signal(draft, status="received")
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
    draft.because("classify", f"sorted into {lane}" if before is None else f"{before} overruled to {lane}")
    draft.row("signal.classified", draft.subject, level="warn", reason=reason, meta={"lane": lane, "before": before})
    return None


def answer(draft: Draft) -> None:
    """Answer a usage question from the knowledge base with its source, or ask back (R-000-14, R-000-18)."""
    signal = _open_signal(draft, lane="info")
    if signal is None:
        return
    policy = draft.policy
    question = f"{signal.subject}\n{signal.body}"
    found = draft.view.find_answers(question, _LIMIT_OF_ANSWERS, without=REVIEW_TAG)
    best = found[0] if found and found[0].coverage >= policy.answer_coverage else None
    if best is None:
        near = "".join(f"\n- {candidate.title} ({candidate.source})" for candidate in found)
        body = "The knowledge base holds no answer to this. What did you try, and what did you expect to see?"
        due = draft.now + policy.deadlines.answer
        body += f"\n\nNearest articles:{near}" if near else ""
        reply(draft, signal, role="ask", stage="asked", sender=policy.lanes.info, body=body, due_at=due)
        draft.subject = draft.put(signal.changed(status="asked", due_at=due))
        draft.because("ask_back", "no article of the knowledge base covers the question")
        draft.row(
            "signal.asked",
            draft.subject,
            reason=draft.reason,
            meta={"candidates": [item.id for item in found]},
        )
        return
    body = f"{best.title}\n\n{best.excerpt}\n\nSource: {best.source} (kb/{best.id})"
    reply(draft, signal, role="answer", stage="answered", sender=policy.lanes.info, body=body)
    draft.subject = draft.put(signal.changed(status="answered", due_at=None))
    draft.because("answer", f"answered from kb/{best.id}")
    meta: dict[str, JsonValue] = {"article": best.id, "coverage": round(best.coverage, 3)}
    draft.row("signal.answered", draft.subject, reason=draft.reason, meta=meta)


def hand_to_owner(draft: Draft) -> None:
    """Make a todo of an idea and tell the owner of its lane (R-000-16, R-000-17)."""
    signal = _open_signal(draft)
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
    reply(draft, signal, role="handed", stage="handed_off", body=body, owner=owner)
    draft.subject = draft.put(signal.changed(status="handed_off", due_at=None))
    draft.because("hand_off", f"lane {signal.lane} belongs to {owner}")
    draft.row("todo.created", todo, reason=draft.reason, meta={"owner": owner})
    draft.row("signal.delivered", assigned, reason=draft.reason)


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
    due = draft.now + policy.deadlines.classify
    body = (
        f"It is not clear what this is about ({choices}), so it was put before {policy.lanes.unclassified}. "
        "Something broke? Say what you expected and what happened instead."
    )
    reply(draft, signal, role="unclear", stage="received", body=body, owner=policy.lanes.unclassified, due_at=due)
    draft.subject = draft.put(signal.changed(status="unclassified", due_at=due))
    draft.because("ask_for_lane", "no lane was certain enough")
    draft.row("signal.unclassified", draft.subject, level="warn", reason=draft.reason)


def classification_of(draft: Draft, signal: Signal) -> Classification:
    """Return what the rules, or the desk's command, make of the signal's words; they are read once in a decision."""
    return draft.once(_classification, signal.id)


def _classification(draft: Draft, identifier: str) -> Classification:
    signal = draft.need(Signal, identifier)
    found = classify(
        draft.view.single(Triage),
        subject=signal.subject,
        body=signal.body,
        labels=signal.labels,
        attachments=signal.attachments,
        type=signal.type,
    )
    answered = draft.event.document.get("classification")
    if isinstance(answered, dict) and automation_of(draft, signal.to).mode == "command":
        return _from_command(answered, found)
    return found


def _from_command(answered: dict[str, JsonValue], found: Classification) -> Classification:
    """Return `found` with what the command says in place of it; an answer that is none makes it unclassified."""
    try:
        answer = LaneAnswer.from_document(answered)
    except RecordError as error:
        reason = f"the desk's command gave no valid answer: {error.code} {error.problem.field or ''}".rstrip()
        return replace(found, lane="unclassified", confidence=0.0, matched=(), runner_up=None, reason=reason)
    return replace(
        found,
        lane=answer.lane,
        confidence=answer.confidence,
        matched=(),
        runner_up=None,
        reason=answer.reason,
        rank=found.rank if answer.rank is None else answer.rank,
        rank_reason=found.rank_reason if answer.rank is None else "as the desk's command says",
        nature=answer.nature or found.nature,
    )


def _assignment(draft: Draft, signal: Signal, owner: str) -> Signal:
    """Return the signal that hands an idea over to the owner of its lane (R-000-16)."""
    task = Signal.model_validate(
        {
            "id": draft.new_id("sig", "owner"),
            "pid": draft.project.pid,
            "sender": signal.to,
            "to": owner,
            "type": "TaskAssigned",
            "category": "TASK",
            "subject": signal.subject,
            "body": signal.body,
            "in_reply_to": signal.id,
            "thread_id": signal.thread_id or signal.id,
            "labels": {},
            "created_at": draft.now,
            "received_at": draft.now,
            "payload_hash": "",
            "lane": signal.lane,
            "status": "delivered",
        }
    )
    return task.changed(payload_hash=address.payload_hash_of(task))


def _open_signal(draft: Draft, *, status: str | None = None, lane: str | None = None) -> Signal | None:
    """Return the signal in focus if it still waits for this stage, None for every other."""
    signal = draft.subject
    assert isinstance(signal, Signal)
    if signal.status in ("delivered", "expired"):
        return None
    if (status is not None and signal.status != status) or (lane is not None and signal.lane != lane):
        return None
    return signal
