"""An incident reported by a signal: opened, or counted on the one that is open; acknowledged and resolved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import Judgement, TriageRecord
from prismfs.kinds.core.settings.fingerprint import Fingerprint
from prismfs.kinds.response.incident import Incident, Timers
from prismfs.records.plan import Nothing
from prismfs.records.severity import Severity, with_rank
from prismfs.rules.care.assessment import tiers
from prismfs.rules.care.replies import reply, reply_to_reporter
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.fingerprint import fingerprint
from prismfs.rules.response import lifecycle
from prismfs.rules.response.facts import meta_of
from prismfs.rules.response.targets import responded


@dataclass(frozen=True, slots=True)
class Opening:
    """What a person says of an incident beside the signal that reports it; a severity is judged by that person."""

    severity: Severity | None = None
    nature: str | None = None
    started_at: datetime | None = None
    workflow: str | None = None
    drill: bool = False


_REPORTED = Opening()

_NO_KEY = "no open incident has this key"


def open_or_join(draft: Draft) -> None:
    """Open an incident, or count one more report of the open one with the same dedup key (C-01, C-06)."""
    signal = draft.subject
    assert isinstance(signal, Signal)
    if signal.lane != "incident" or signal.incident is not None or signal.status in ("delivered", "expired"):
        return
    take_in(draft, signal, _REPORTED)


def take_in(draft: Draft, signal: Signal, opening: Opening) -> None:
    """Open the incident that `signal` reports, or count it on the one that it repeats.

    A drill and what is real never meet. What repeats a merged incident is counted on the one that it was merged into;
    what was no fault is not what a later one comes back from.
    """
    key = dedup_key(draft.view.single(Fingerprint), signal)
    if signal.from_pid is not None:  # what two projects report is two matters: neither may see the other's
        key = f"{signal.from_pid}/{key}"
    if opening.drill:
        key = f"drill/{key}"
    known = lifecycle.merged_into(draft, draft.view.latest_with_key(Incident, key))
    if known is not None and known.status == "false_positive":
        known = None
    if known is not None and _counts_on(draft, known):
        _join(draft, signal, known, opening)
        return
    _open(draft, signal, key, known, opening)


def acknowledge_incident(draft: Draft) -> Nothing | None:
    """Somebody answers for the incident from now on; its escalation is answered with it."""
    incident = _named(draft)
    if incident is None:
        return Nothing(_NO_KEY)
    if not incident.is_open:
        return Nothing(f"it is {incident.status} already", incident.id)
    if incident.acknowledged_at is not None:
        return Nothing(f"acknowledged already by {incident.acknowledged_by}", incident.id)
    acknowledged = responded(draft, incident).changed(
        acknowledged_at=draft.now, acknowledged_by=draft.event.actor, acknowledged_note=_note(draft)
    )
    draft.subject = draft.put(acknowledged)
    draft.because("acknowledge", f"{draft.event.actor} answers for it")
    draft.row("incident.acknowledged", draft.subject, level="warn", reason=draft.reason, meta=meta_of(draft.subject))
    return None


def _named(draft: Draft) -> Incident | None:
    """Return the incident that a command names: by its id, or the open one with the key that a reporter gave it.

    What a monitor opened by its own key, it can answer and end by that key; None where no open one has it (C-04, C-05).
    """
    key = draft.event.document.get("key")
    if key is None:
        return draft.need(Incident, str(draft.event.document["id"]))
    return lifecycle.merged_into(draft, draft.view.open_with_key(Incident, f"key:{key}"))


def resolve_incident(draft: Draft) -> Nothing | None:
    """The fault is gone: the incident is resolved, with what resolved it.

    Nothing is waited for any more but an update that stakeholders were promised (R-003-16).
    """
    incident = _named(draft)
    if incident is None:
        return Nothing(_NO_KEY)
    if not incident.is_open:
        by = f" by {incident.resolved_by}" if incident.resolved_by else ""
        return Nothing(f"{incident.status} already{by}", incident.id)
    resolved = responded(draft, incident).changed(
        status="resolved",
        resolved_at=draft.now,
        resolved_by=draft.event.actor,
        resolution=_note(draft),
        timers=Timers(promised=incident.timers.promised),
        due_at=incident.timers.promised,
    )
    lifecycle.check_times(resolved)
    draft.subject = draft.put(resolved)
    draft.because("resolve", f"{draft.event.actor} says that the fault is gone")
    draft.row("incident.resolved", draft.subject, level="warn", reason=draft.reason, meta=meta_of(draft.subject))
    body = _note(draft) or "Resolved."
    reply_to_reporter(
        draft, incident, role="resolved", stage="resolved", body=body, subject=f"Resolved: {incident.title}"
    )
    return None


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


def _counts_on(draft: Draft, known: Incident) -> bool:
    """Tell whether one more report is counted on `known`: it is open, or was resolved just now and not closed yet."""
    if known.is_open:
        return True
    since = None if known.status == "closed" else known.resolved_at
    return since is not None and draft.now - since <= draft.policy.dedup_window


def _join(draft: Draft, signal: Signal, incident: Incident, opening: Opening) -> None:
    counted = draft.put(incident.changed(count=incident.count + 1, last_seen_at=draft.now))
    draft.subject = draft.put(
        signal.changed(status="handed_off", incident=incident.id, disposition="duplicate_suppressed", due_at=None)
    )
    draft.because("join_incident", f"reports {incident.id} once more, {counted.count} in all")
    draft.row(
        "incident.duplicate_suppressed",
        counted,
        level="warn",
        reason=draft.reason,
        meta=meta_of(counted) | {"signal": signal.id, "count": counted.count},
    )
    said = opening.severity
    if said is not None and counted.is_open and said.rank < counted.severity.rank:
        counted = lifecycle.make_worse(draft, counted, said, "somebody who reports it again judges it as worse")
    body = f"This is known as incident {incident.id}; your report is number {counted.count} of it."
    reply(draft, draft.need(Signal, signal.id), role="joined", stage="classified", body=body, incident=counted)


def _open(draft: Draft, signal: Signal, key: str, earlier: Incident | None, opening: Opening) -> None:
    reading = tiers.read(draft, signal)  # the privacy gates come before any judgement (R-000-24)
    judged, because = tiers.judge(draft, signal, recurs=earlier is not None)
    judged, because = _as_said(draft, judged, because, opening)
    draft.because("open_incident", f"lane incident, severity {judged.severity.label}: {because}")
    incident = lifecycle.open_incident(
        draft,
        title=signal.subject,
        nature=judged.nature,
        severity=judged.severity,
        because=because,
        reporter=signal.sender,
        opened_by=signal.id,
        key=key,
        pid=signal.pid,
        reporter_pid=signal.from_pid,
        recurrence_of=None if earlier is None else earlier.id,
        started_at=opening.started_at,
        affected_workflow=opening.workflow,
        drill=opening.drill,
    )
    draft.subject = draft.put(
        signal.changed(
            status="handed_off",
            incident=incident.id,
            disposition="opened" if earlier is None else "recurrence",
            due_at=None,
        )
    )
    draft.row(
        "incident.triage",
        incident,
        level="warn",
        reason=f"severity {judged.severity.label}: {because}",
        meta=meta_of(incident),
    )
    incident = lifecycle.hand_to_support(draft, incident, reading=reading, judged=judged)
    record = draft.need(TriageRecord, str(incident.triage))
    if record.status == "waiting":  # otherwise its reporter hears what triage came to, and that is one answer
        body = f"Filed as incident {incident.id}, severity {incident.severity.label}; {incident.owner} triages it."
        reply(draft, draft.need(Signal, signal.id), role="filed", stage="classified", body=body, incident=incident)


def _as_said(draft: Draft, judged: Judgement, because: str, opening: Opening) -> tuple[Judgement, str]:
    """Return the judgement of the rules with what the person who opens it says in place of theirs."""
    if opening.nature is not None:
        judged = judged.changed(nature=opening.nature)
    if opening.severity is not None:
        because = f"judged by {draft.event.actor}"
        reason = f"severity {opening.severity.label}: {because}; scope {judged.scope}; nature {judged.nature}"
        return judged.changed(severity=opening.severity, by=draft.event.actor, reason=reason, rules=()), because
    floor = draft.policy.nature_floor.get(judged.nature)
    if floor is not None and judged.severity.rank > floor:
        because = f"no less urgent than its nature {judged.nature} allows"
        judged = judged.changed(severity=with_rank(draft.policy.scales, floor, scale=draft.policy.incident_scale))
    return judged, because


def _note(draft: Draft) -> str | None:
    note = draft.event.document.get("note")
    return str(note) if note else None
