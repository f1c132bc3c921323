"""Incidents reported by a signal, by a command or by the desk itself: opened, or counted on the one with the same key.

The desk reports that the engine's loop stopped: an incident of the highest severity, one at a time (R-002-07). What was
overdue is not handled here: the turn that tells of it handles it as always, late (C-67).
"""

from dataclasses import dataclass
from datetime import datetime

from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import Judgement
from prismfs.kinds.core.bead import Bead
from prismfs.kinds.core.settings.fingerprint import Fingerprint
from prismfs.kinds.core.values import DedupKey
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import (
    MOST_URGENT,
    Instant,
    Line,
    Nothing,
    Severity,
    Text,
    Value,
    Word,
    format_instant,
    parse_instant,
    read_label,
    with_rank,
)
from prismfs.rules.care import api as care
from prismfs.rules.core.api import ENGINE, Attend, Draft, ReportFault, fingerprint, redactions_of
from prismfs.rules.response import lifecycle, opening
from prismfs.rules.response.facts import ENGINE_KEY, TellReporter, add_row, check_past
from prismfs.rules.response.severity import make_worse


class OpenForm(Value):
    """What a person says to open an incident: a severity counts as judged; a drill is kept apart from what is real."""

    subject: Line
    body: Text = ""
    severity: str | None = None
    nature: Word | None = None
    started_at: Instant | None = None
    workflow: Line | None = None
    dedup_key: DedupKey | None = None
    drill: bool = False
    at: Instant | None = None


@dataclass(frozen=True, slots=True)
class _Stated:
    """What a person states of an incident beside the signal that reports it; a severity is judged by that person."""

    severity: Severity | None = None
    nature: str | None = None
    started_at: datetime | None = None
    workflow: str | None = None
    drill: bool = False
    at: datetime | None = None


def open_or_count(draft: Draft, asked: ReportFault) -> None:
    """Open an incident, or count one more report of the open one with the same dedup key (C-01, C-06)."""
    _open_or_count(draft, draft.need(Signal, asked.signal), _Stated())


def open_by_command(draft: Draft) -> None:
    """Open an incident that a person reports at the command line, or count it on the one that it repeats (R-002-24).

    It is a signal of that person, which goes the way of every report. A severity that is given counts as judged by
    them, and is written in the project's own scale.

    Raises:
        RecordError: `unknown_severity`, naming the labels; what the form refuses, with the field.
        RefusedError: `unknown_nature`, `times_out_of_order`, `in_the_future`.
    """
    document, policy, actor = draft.event.document, draft.policy, draft.event.actor
    members = {name: document[name] for name in OpenForm.model_fields if document.get(name) is not None}
    form = OpenForm.from_document(members)
    if form.nature is not None:
        care.check_nature(draft, form.nature)
    check_past(draft, at=form.at)
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
            subject=f"{opening.DRILL}{form.subject}"[:500] if form.drill else form.subject,
            body=form.body,
            dedup_key=form.dedup_key,
            redactions=redactions_of(draft),
            status="received",
            lane="incident",
            lane_reason="opened by a command",
            lane_by=actor,
        )
    )
    reason = f"{actor} opens an incident"
    draft.row("signal.received", signal, reason=reason, meta={"payload_hash": signal.payload_hash})
    stated = _Stated(severity, form.nature, form.started_at, form.workflow, form.drill, form.at)
    draft.subject = _open_or_count(draft, signal, stated)


def engine_stopped(draft: Draft) -> Nothing | None:
    """Open the incident, or count one more stop on the one that is open.

    The event's document holds `heartbeat` (the last one of a watcher that is missing, or null), `overdue` (id and
    due_at of at most 20 records) and `count` (of all of them). Nothing, where another clone has handled all of it.
    """
    document = draft.event.document
    heartbeat = document.get("heartbeat")
    silent_since = parse_instant(str(heartbeat)) if heartbeat is not None else None
    overdue = _still_overdue(draft)
    if silent_since is None and not overdue:
        return Nothing("what was overdue has been handled meanwhile")
    since = min(at for at in (silent_since, *overdue) if at is not None)
    because = _because(silent_since, overdue, int(str(document.get("count", 0))))
    known = draft.view.open_with_key(Incident, ENGINE_KEY)
    draft.because("watchdog", because)
    if known is not None:
        draft.subject = opening.count(draft, known, because)
        return None
    policy, earlier = draft.policy, draft.view.latest_with_key(Incident, ENGINE_KEY)
    draft.subject = incident = opening.open_incident(
        draft,
        title="Engine loop stopped",
        nature="outage",
        severity=with_rank(policy.scales, MOST_URGENT, scale=policy.incident_scale),
        because=because,
        reporter=ENGINE,
        opened_by=None,
        key=ENGINE_KEY,
        started_at=min(since, draft.now),
        recurrence_of=None if earlier is None else earlier.id,
        meta={"heartbeat": heartbeat, "overdue": document["count"]},
    )
    draft.follow(Attend(incident.id))
    return None


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
    identity = None
    if signal.dedup_key is None:
        from prismfs.rules.core.identity import identity_of

        identity = identity_of(draft, opening.texts_of(signal), dict(signal.labels))
    known, like = opening.same_as(draft, key, identity)
    if known is not None and (known.is_open or _is_back(draft, known)):
        return _join(draft, signal, known, stated)
    judged, because = care.judge(draft, signal, recurs=known is not None)
    judged, because = _as_stated(draft, judged, because, stated)
    draft.because("open_incident", f"lane incident, severity {judged.severity.label}: {because}")
    incident = opening.open_for_signal(
        draft,
        signal,
        judged,
        because,
        key=key,
        earlier=known,
        like=like,
        identity=identity,
        pid=signal.pid,
        reporter_pid=signal.from_pid,
        started_at=stated.started_at,
        affected_workflow=stated.workflow,
        drill=stated.drill,
        **({} if stated.at is None else {"detected_at": stated.at, "corrected": ("detected_at",)}),
    )
    reason = f"severity {judged.severity.label}: {because}"
    add_row(draft, "incident.triage", incident, reason=reason)
    draft.follow(Attend(incident.id, judged))
    if not care.is_judged_at_once(draft, incident.owner, judged):  # else its reporter hears what triage came to
        draft.follow(TellReporter(signal.id))
    return incident


def _is_back(draft: Draft, known: Incident) -> bool:
    """Tell whether one more report opens `known` again: it was resolved within the window, and not closed yet."""
    since = None if known.status == "closed" else known.resolved_at
    return since is not None and draft.now - since <= draft.policy.dedup_window


def _join(draft: Draft, signal: Signal, known: Incident, stated: _Stated) -> Incident:
    """Count a report on the incident that it repeats, which is opened again where it was over (FD-02).

    It is judged like every report: one that is worse than the incident ever was raises it (FD-03).
    """
    if known.is_open:
        joined = opening.count_signal(draft, signal, known)
    else:
        again = lifecycle.reopen(draft, known, f"{signal.id} reports it again")
        joined = opening.count_signal(draft, signal, again, back=True)
    said = stated.severity
    if said is not None and said.rank < joined.severity.rank:
        return make_worse(draft, joined, said, "somebody who reports it again judges it as worse")
    judged = care.judge(draft, signal, recurs=False)[0].severity if said is None else joined.severity
    if judged.rank < joined.sev_max.rank:
        return make_worse(draft, joined, judged, "a report that joins it is judged worse")
    return joined


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


def _still_overdue(draft: Draft) -> list[datetime]:
    """Return the due times of the records named that still wait for them: another clone may have been at work."""
    found, named = [], draft.event.document.get("overdue")
    for entry in named if isinstance(named, list) else ():
        assert isinstance(entry, dict)
        identifier, due_at = str(entry["id"]), parse_instant(str(entry["due_at"]))
        record = draft.get(Incident, identifier) or draft.get(Bead, identifier)
        if record is not None and record.due_at == due_at:
            found.append(due_at)
    return found


def _because(silent_since: datetime | None, overdue: list[datetime], count: int) -> str:
    """Return the reason in one line; nothing in it comes from a file that an agent may write but an instant."""
    said = [] if silent_since is None else [f"the watcher was last heard of at {format_instant(silent_since)}"]
    if overdue:
        many = "1 deadline is" if count == 1 else f"{max(count, len(overdue))} deadlines are"
        said.append(f"{many} overdue, the oldest since {format_instant(min(overdue))}")
    return "; ".join(said)
