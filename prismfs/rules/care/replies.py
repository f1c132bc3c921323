"""Answers to whoever reported something: into its mailbox here, or over the bridge to its own project (R-000-85).

Each answer says how far the desk has come, so that the reporter's own project can tell it without asking (R-000-81).
"""

from __future__ import annotations

from typing import Any

from prismfs.kinds.care.signal import Progress, Signal, SignalType
from prismfs.kinds.response.incident import Incident
from prismfs.rules.care import address, bridge
from prismfs.rules.core import identities
from prismfs.rules.core.draft import Draft, one_line
from prismfs.rules.core.follow_ups import Reply, ReplyToReporters


def reply(
    draft: Draft,
    signal: Signal,
    *,
    role: str,
    stage: str,
    body: str,
    subject: str | None = None,
    sender: str | None = None,
    type: SignalType = "StatusUpdate",
    incident: Incident | None = None,
    **told: Any,
) -> None:
    """Answer `signal`; `role` tells answers of one event apart.

    `stage` is a word of `Progress`, `told` more of its members.

    Over a bridge only a bridge speaks: where `sender` is none, it is the one that the signal was for.
    """
    subject = one_line(subject or f"Re: {signal.subject}")
    if signal.from_pid is None:
        draft.mail(
            signal.sender,
            role=role,
            type="reply",
            sender=sender or signal.to,
            subject=subject,
            body=body,
            about=incident or signal,
        )
        return
    if incident is not None:
        told = {
            "incident": incident.id,
            "owner": incident.owner,
            "severity": incident.severity.label,
            "due_at": incident.due_at,
        } | told
    speaker = sender if sender is not None and identities.is_own_bridge(draft, sender) else signal.to
    answer = Signal.model_validate(
        {
            "id": draft.new_id("sig", f"{draft.project.pid}:{role}"),
            "pid": draft.project.pid,
            "sender": speaker,
            "to": signal.sender,
            "to_pid": signal.from_pid,
            "type": type,
            "category": "INFO",
            "subject": subject,
            "body": body,
            "in_reply_to": signal.id,
            "thread_id": signal.thread_id or signal.id,
            "labels": {},
            "created_at": draft.now,
            "received_at": draft.now,
            "payload_hash": "",
            "progress": Progress(stage=stage, at=draft.now, lane=signal.lane, **told),
            "status": "routing",
        }
    )
    bridge.send(draft, answer.changed(payload_hash=address.payload_hash_of(answer)))


def reply_to_reporter(
    draft: Draft, incident: Incident, *, role: str, stage: str, body: str, subject: str, **told: Any
) -> None:
    """Answer everybody who reported `incident`, each once, in the thread of their own first report of it."""
    opened = None if incident.opened_by is None else draft.get(Signal, incident.opened_by)
    signals = [] if opened is None else [opened, *draft.view.with_ref(Signal, incident.id)]
    answered: set[tuple[str | None, str]] = set()
    for signal in signals:
        reporter = (signal.from_pid, signal.sender.casefold())
        if reporter in answered:
            continue
        reply(
            draft, signal, role=f"{role}:{signal.id}" if answered else role, stage=stage, body=body, subject=subject,
            sender=incident.owner, type="IncidentUpdate", incident=incident, **told,
        )  # fmt: skip
        answered.add(reporter)


def send_reply(draft: Draft, asked: Reply) -> None:
    """The step that answers `Reply`."""
    reply(
        draft, asked.signal, role=asked.role, stage=asked.stage, body=asked.body, subject=asked.subject,
        sender=asked.sender, type=asked.type, incident=asked.incident, **asked.told,
    )  # fmt: skip


def send_replies(draft: Draft, asked: ReplyToReporters) -> None:
    """The step that answers `ReplyToReporters`."""
    reply_to_reporter(
        draft, asked.incident, role=asked.role, stage=asked.stage, body=asked.body, subject=asked.subject, **asked.told
    )
