"""Answers to reporters: into their mailboxes here, or over the bridge to their own project (R-000-85).

Each answer says how far the desk has come, so that the reporter's own project can tell it without asking (R-000-81).
"""

from prismfs.kinds.care.signal import Progress, Signal
from prismfs.rules.care import bridge
from prismfs.rules.care.signals import new_signal
from prismfs.rules.core.api import Draft, Reply, ReplyToReporters, authority, one_line


def send_reply(draft: Draft, asked: Reply) -> None:
    """The step that answers `Reply`.

    Over a bridge only a bridge speaks: where `sender` is none, it is the one that the signal was for.
    """
    signal, incident, sender = asked.signal, asked.incident, asked.sender
    subject = one_line(asked.subject or f"Re: {signal.subject}")
    if signal.from_pid is None:
        draft.mail(
            signal.sender,
            role=asked.role,
            type="reply",
            sender=sender or signal.to,
            subject=subject,
            body=asked.body,
            about=incident or signal,
        )
        return
    speaker = sender if sender is not None and authority.is_own_bridge(draft, sender) else signal.to
    answer = new_signal(
        draft,
        role=f"{draft.project.pid}:{asked.role}",
        sender=speaker,
        sender_known="engine",
        to=signal.sender,
        to_pid=signal.from_pid,
        type=asked.type,
        category="INFO",
        subject=subject,
        body=asked.body,
        in_reply_to=signal.id,
        thread_id=signal.thread,
        progress=_progress(draft, asked),
        status="routing",
    )
    bridge.send(draft, answer)


def send_replies(draft: Draft, asked: ReplyToReporters) -> None:
    """The step that answers `ReplyToReporters`."""
    incident = asked.incident
    opened = None if incident.opened_by is None else draft.get(Signal, incident.opened_by)
    signals = [] if opened is None else [opened, *draft.view.with_ref(Signal, incident.id)]
    first: dict[tuple[str | None, str], Signal] = {}
    for signal in signals:
        first.setdefault((signal.from_pid, signal.sender.casefold()), signal)
    for number, signal in enumerate(first.values()):
        reply = Reply(
            signal,
            role=f"{asked.role}:{signal.id}" if number else asked.role,
            stage=asked.stage,
            body=asked.body,
            subject=asked.subject,
            sender=incident.owner,
            type="IncidentUpdate",
            incident=incident,
            told=asked.told,
        )
        send_reply(draft, reply)


def _progress(draft: Draft, asked: Reply) -> Progress:
    incident, told = asked.incident, dict(asked.told)
    if incident is not None:
        told = {
            "incident": incident.id,
            "owner": incident.owner,
            "severity": incident.severity.label,
            "due_at": incident.due_at,
        } | told
    return Progress(stage=asked.stage, at=draft.now, lane=asked.signal.lane, **told)
