"""Incidents reported by a signal or a command: opened, or counted on the one with the same dedup key."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import Judgement
from prismfs.kinds.core.settings.fingerprint import Fingerprint
from prismfs.kinds.response.forms import OpenForm
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Severity, read_label, with_rank
from prismfs.rules.care import api as care
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.fingerprint import fingerprint
from prismfs.rules.core.follow_ups import Attend, ReportFault
from prismfs.rules.core.form import redactions_of
from prismfs.rules.response import opening
from prismfs.rules.response.facts import meta_of
from prismfs.rules.response.opening import DRILL, TellReporter, name_once
from prismfs.rules.response.severity_change import make_worse


@dataclass(frozen=True, slots=True)
class _Stated:
    """What a person states of an incident beside the signal that reports it; a severity is judged by that person."""

    severity: Severity | None = None
    nature: str | None = None
    started_at: datetime | None = None
    workflow: str | None = None
    drill: bool = False


def open_or_count(draft: Draft, asked: ReportFault) -> None:
    """Open an incident, or count one more report of the open one with the same dedup key (C-01, C-06)."""
    _open_or_count(draft, draft.need(Signal, asked.signal), _Stated())


def open_by_command(draft: Draft) -> None:
    """Open an incident that a person reports at the command line, or count it on the one that it repeats (R-002-24).

    It is a signal of that person, which goes the way of every report. A severity that is given counts as judged by
    them, and is written in the project's own scale.

    Raises:
        RecordError: `unknown_severity`, naming the labels; what the form refuses, with the field.
        RefusedError: `unknown_nature`, `times_out_of_order`.
    """
    document, policy, actor = draft.event.document, draft.policy, draft.event.actor
    members = {name: document[name] for name in OpenForm.model_fields if document.get(name) is not None}
    form = OpenForm.from_document(members)
    if form.nature is not None:
        care.check_nature(draft, form.nature)
    severity = None
    if form.severity is not None:
        severity = read_label(policy.scales, form.severity, scale=policy.incident_scale)
    signal = draft.put(
        care.new_signal(
            draft,
            sender=actor,
            to=policy.lanes.incident,
            type="StatusUpdate",
            category="BLOCKER",
            subject=f"{DRILL}{form.subject}"[:500] if form.drill else form.subject,
            body=form.body,
            dedup_key=form.dedup_key,
            redactions=redactions_of(draft),
            status="received",
            lane="incident",
            lane_reason="opened by a command",
            lane_by=actor,
        )
    )
    meta: dict[str, JsonValue] = {"payload_hash": signal.payload_hash}
    draft.row("signal.received", signal, reason=f"{actor} opens an incident", meta=meta)
    stated = _Stated(severity, form.nature, form.started_at, form.workflow, form.drill)
    draft.subject = _open_or_count(draft, signal, stated)


def dedup_key(rules: Fingerprint, signal: Signal) -> str:
    """Return the key that tells faults apart: the reporter's own, or the fingerprint of subject, body and labels.

    The two are namespaced, so that equal text never makes them collide (C-03). Which of the fields count, and
    what of them, `rules` say; a subject without words counts with its payload (C-10).
    """
    if signal.dedup_key is not None:
        return f"key:{signal.dedup_key}"
    labels = {f"label.{name}": value for name, value in signal.labels.items()}
    fields = {"subject": signal.subject, "body": signal.body, "from": signal.sender, "type": signal.type, **labels}
    return fingerprint(rules, "signal", fields, payload=signal.payload_hash)


def _open_or_count(draft: Draft, signal: Signal, stated: _Stated) -> Incident:
    """Open the incident that `signal` reports, or count it on the one that it repeats.

    A drill and what is real never meet, nor do the reports of two projects: neither may see the other's.
    """
    key = dedup_key(draft.view.single(Fingerprint), signal)
    if signal.from_pid is not None:
        key = f"{signal.from_pid}/{key}"
    if stated.drill:
        key = f"drill/{key}"
    known = opening.known_by(draft, key)
    if known is not None and _counts_on(draft, known):
        counted = opening.count_signal(draft, signal, known)
        said = stated.severity
        if said is None or not counted.is_open or said.rank >= counted.severity.rank:
            return counted
        return make_worse(draft, counted, said, "somebody who reports it again judges it as worse")
    judged, because = care.judge(draft, signal, recurs=known is not None)
    judged, because = _as_stated(draft, judged, because, stated)
    name_once(draft, "open_incident", f"lane incident, severity {judged.severity.label}: {because}")
    incident = opening.open_for_signal(
        draft,
        signal,
        judged,
        because,
        key=key,
        earlier=known,
        pid=signal.pid,
        reporter_pid=signal.from_pid,
        started_at=stated.started_at,
        affected_workflow=stated.workflow,
        drill=stated.drill,
    )
    reason = f"severity {judged.severity.label}: {because}"
    draft.row("incident.triage", incident, level="warn", reason=reason, meta=meta_of(incident))
    draft.follow(Attend(incident.id, judged))
    if not care.is_judged_at_once(draft, incident.owner, judged):  # else its reporter hears what triage came to
        draft.follow(TellReporter(signal.id))
    return incident


def _counts_on(draft: Draft, known: Incident) -> bool:
    """Tell whether one more report is counted on `known`: it is open, or was resolved just now and not closed yet."""
    if known.is_open:
        return True
    since = None if known.status == "closed" else known.resolved_at
    return since is not None and draft.now - since <= draft.policy.dedup_window


def _as_stated(draft: Draft, judged: Judgement, because: str, stated: _Stated) -> tuple[Judgement, str]:
    """Return the judgement of the rules with what the person who opens it states in place of theirs."""
    if stated.nature is not None:
        judged = judged.changed(nature=stated.nature)
    if stated.severity is not None:
        because = f"judged by {draft.event.actor}"
        reason = f"severity {stated.severity.label}: {because}; scope {judged.scope}; nature {judged.nature}"
        return judged.changed(severity=stated.severity, by=draft.event.actor, reason=reason, rules=()), because
    floor = draft.policy.nature_floor.get(judged.nature)
    if floor is not None and judged.severity.rank > floor:
        because = f"no less urgent than its nature {judged.nature} allows"
        judged = judged.changed(severity=with_rank(draft.policy.scales, floor, scale=draft.policy.incident_scale))
    return judged, because
