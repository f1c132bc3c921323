"""Opening an incident from a signal, or joining the signal to the one that is open already."""

from __future__ import annotations

from prismfs.decide import assess
from prismfs.decide.draft import Draft
from prismfs.decide.fingerprint import fingerprint
from prismfs.decide.incident_facts import escalate_incident, meta_of, priority_of, resolve_due
from prismfs.decide.reply import reply, reply_to_reporter
from prismfs.kinds.fingerprint import Fingerprint
from prismfs.kinds.incident import Incident
from prismfs.kinds.signal import Signal
from prismfs.records.plan import Nothing


def open_or_join(draft: Draft) -> None:
    """Open an incident, or count one more report of the open one with the same dedup key (C-01, C-06)."""
    signal = draft.subject
    assert isinstance(signal, Signal)
    if signal.lane != "incident" or signal.incident is not None or signal.status in ("delivered", "expired"):
        return
    key = dedup_key(draft.view.single(Fingerprint), signal)
    if signal.from_pid is not None:  # what two projects report is two matters: neither may see the other's
        key = f"{signal.from_pid}/{key}"
    known = draft.view.latest_with_key(Incident, key)
    if known is not None and (
        known.status != "resolved"
        or (known.resolved_at is not None and draft.now - known.resolved_at <= draft.policy.dedup_window)
    ):
        _join(draft, signal, known)
        return
    _open(draft, signal, key, known)


def acknowledge_incident(draft: Draft) -> Nothing | None:
    """Somebody answers for the incident from now on; its escalation is answered with it."""
    incident = draft.need(Incident, str(draft.event.document["id"]))
    if incident.status == "resolved":
        return Nothing("the incident is resolved already", incident.id)
    if incident.acknowledged_at is not None:
        return Nothing(f"acknowledged already by {incident.acknowledged_by}", incident.id)
    due = resolve_due(draft, incident)
    draft.subject = draft.put(
        incident.changed(
            acknowledged_at=draft.now,
            acknowledged_by=draft.event.actor,
            acknowledged_note=_note(draft),
            due_at=due if due is not None and due > draft.now else None,  # a breach is told once
        )
    )
    draft.settle("acknowledge", f"{draft.event.actor} answers for it")
    draft.row("incident.acknowledged", draft.subject, level="warn", reason=draft.reason, meta=meta_of(draft.subject))
    return None


def resolve_incident(draft: Draft) -> Nothing | None:
    """The fault is gone: the incident is resolved, with what resolved it."""
    incident = draft.need(Incident, str(draft.event.document["id"]))
    if incident.status == "resolved":
        return Nothing(f"resolved already by {incident.resolved_by}", incident.id)
    draft.subject = draft.put(
        incident.changed(
            status="resolved",
            resolved_at=draft.now,
            resolved_by=draft.event.actor,
            resolution=_note(draft),
            due_at=None,
        )
    )
    draft.settle("resolve", f"{draft.event.actor} says that the fault is gone")
    draft.row("incident.resolved", draft.subject, level="warn", reason=draft.reason, meta=meta_of(draft.subject))
    body = _note(draft) or "Resolved."
    reply_to_reporter(
        draft, incident, role="resolved", stage="resolved", body=body, subject=f"Resolved: {incident.title}"
    )
    return None


def overdue_incident(draft: Draft) -> None:
    """A response or resolution target has passed: the breach is a row of its own."""
    incident = draft.need(Incident, str(draft.event.document["id"]))
    last_due = resolve_due(draft, incident)
    target = "respond" if incident.acknowledged_at is None and incident.due_at != last_due else "resolve"
    draft.subject = draft.put(incident.changed(due_at=last_due if target == "respond" else None))
    draft.settle("overdue", f"the {target} target of rank {incident.severity.rank} has passed")
    draft.row(
        "incident.overdue",
        draft.subject,
        level="error",
        reason=draft.reason,
        meta=meta_of(draft.subject) | {"target": target, "due_at": draft.event.document.get("due_at")},
    )


def dedup_key(rules: Fingerprint, signal: Signal) -> str:
    """Return the key that tells faults apart: the reporter's own, or the fingerprint of subject, body and labels.

    The two are namespaced, so that equal text never makes them collide (C-03). Which of the fields count, and
    what of them, `rules` say; a subject without words stands for itself with its payload (C-10).
    """
    if signal.dedup_key is not None:
        return f"key:{signal.dedup_key}"
    labels = {f"label.{name}": value for name, value in signal.labels.items()}
    fields = {"subject": signal.subject, "body": signal.body, "from": signal.sender, "type": signal.type, **labels}
    return fingerprint(rules, "signal", fields, payload=signal.payload_hash)


def _join(draft: Draft, signal: Signal, incident: Incident) -> None:
    counted = draft.put(incident.changed(count=incident.count + 1, last_seen_at=draft.now))
    draft.subject = draft.put(
        signal.changed(status="handed_off", incident=incident.id, disposition="duplicate_suppressed", due_at=None)
    )
    draft.settle("join_incident", f"reports {incident.id} once more, {counted.count} in all")
    draft.row(
        "incident.duplicate_suppressed",
        counted,
        level="info",
        reason=draft.reason,
        meta=meta_of(counted) | {"signal": signal.id, "count": counted.count},
    )
    body = f"This is known as incident {incident.id}; your report is number {counted.count} of it."
    reply(draft, draft.need(Signal, signal.id), role="joined", stage="classified", body=body, incident=counted)


def _open(draft: Draft, signal: Signal, key: str, earlier: Incident | None) -> None:
    policy = draft.policy
    reading = assess.read(draft, signal)  # the privacy gates come before any judgement (R-000-24)
    judged, because = assess.judge(draft, signal, recurs=earlier is not None)
    severity = judged.severity
    incident = draft.put(
        Incident(
            id=draft.new_id("inc"),
            pid=signal.pid,
            title=signal.subject,
            nature=judged.nature,
            severity=severity,
            severity_reason=because,
            sev_initial=severity,
            sev_max=severity,
            status="triage",
            owner=policy.lanes.incident,
            reporter=signal.sender,
            reporter_pid=signal.from_pid,
            dedup_key=key,
            opened_by=signal.id,
            recurrence_of=None if earlier is None else earlier.id,
            detected_at=draft.now,
            last_seen_at=draft.now,
            due_at=draft.now + policy.targets[severity.rank].respond,
        )
    )
    draft.subject = draft.put(
        signal.changed(
            status="handed_off",
            incident=incident.id,
            disposition="opened" if earlier is None else "recurrence",
            due_at=None,
        )
    )
    draft.settle("open_incident", f"lane incident, severity {severity.label}: {because}")
    draft.row(
        "incident.detected",
        incident,
        level="error",
        reason=f"reported by {signal.id}",
        meta=meta_of(incident),
    )
    draft.row(
        "incident.triage",
        incident,
        level="warn",
        reason=f"severity {severity.label}: {because}",
        meta=meta_of(incident),
    )
    draft.mail(
        policy.lanes.incident,
        role="incident",
        type="task",
        sender=signal.to,
        subject=f"{severity.label} {signal.subject}",
        body=f"{signal.body}\n\nIncident {incident.id}, reported by {signal.sender}.",
        about=incident,
        priority=priority_of(severity),
    )
    escalate_incident(draft, signal, incident)
    record = assess.file(draft, signal, draft.need(Incident, incident.id), reading, judged)
    if record.status == "waiting":  # otherwise its reporter hears what triage came to, and that is one answer
        body = f"Filed as incident {incident.id}, severity {severity.label}; {incident.owner} triages it."
        reply(draft, draft.need(Signal, signal.id), role="filed", stage="classified", body=body, incident=incident)


def _note(draft: Draft) -> str | None:
    note = draft.event.document.get("note")
    return str(note) if note else None
