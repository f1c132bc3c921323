"""Opening an incident, or counting one more report of it: one way for signals, jobs and what the desk itself sees.

Each incident has its targets and its row from the decision that opens it, and nothing is kept of one that could not be
opened whole (C-95).
"""

from typing import Any

from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import Judgement
from prismfs.kinds.response.incident import Incident, IncidentStatus
from prismfs.records.api import Id, JsonValue, Severity
from prismfs.rules.core.api import Draft, Reply, one_line
from prismfs.rules.response.facts import SetTargets, TellReporter, add_row, check_times, merged_into, signal_of

DRILL = "[drill] "
"""What the title of a drill begins with, so that every message about it says that it is one."""


def known_by(draft: Draft, key: str) -> Incident | None:
    """Return the newest incident with this key, open or not; that into which it was merged, where it was.

    What was no fault is not what a later one comes back from.
    """
    known = merged_into(draft, draft.view.latest_with_key(Incident, key))
    return None if known is None or known.status == "false_positive" else known


def same_as(draft: Draft, key: str, identity: str | None) -> tuple[Incident | None, Incident | None]:
    """Return the incident that a report repeats, as `known_by` does, and the open one that it is only like (FD-03)."""
    from prismfs.rules.core.identity import find_repeated

    same, like = find_repeated(draft, Incident, key, identity)
    known = merged_into(draft, same)
    return None if known is None or known.status == "false_positive" else known, like


def count(
    draft: Draft, incident: Incident, reason: str, *, signal: Id | None = None, job: Id | None = None
) -> Incident:
    """Count one more report on `incident`, with its row."""
    counted = draft.put(incident.changed(count=incident.count + 1, last_seen_at=draft.now))
    told: dict[str, JsonValue] = {"signal": signal, "count": counted.count, "job": job}
    told = {name: value for name, value in told.items() if value is not None}
    add_row(draft, "incident.duplicate_suppressed", counted, reason=reason, meta=told)
    return counted


def count_signal(
    draft: Draft, signal: Signal, incident: Incident, *, job: Id | None = None, back: bool = False
) -> Incident:
    """Count what `signal` reports on `incident`, which tells of the same fault, and answer its reporter.

    `back` tells that it was over until now.
    """
    draft.put(
        signal.changed(status="handed_off", incident=incident.id, disposition="duplicate_suppressed", due_at=None)
    )
    reason = f"reports {incident.id} once more, {incident.count + 1} in all"
    if back:
        draft.because("reopen_incident", reason)
    else:
        draft.because("join_incident", reason)
    draft.follow(TellReporter(signal.id))
    return count(draft, incident, reason, signal=signal.id, job=job)


def open_for_signal(
    draft: Draft,
    signal: Signal,
    judged: Judgement,
    because: str,
    *,
    key: str,
    earlier: Incident | None,
    like: Incident | None = None,
    **fields: Any,
) -> Incident:
    """Open the incident that `signal` reports as it is judged.

    `earlier` is the one that it comes back from, `like` an open one that it is another of.
    """
    if like is not None:
        fields |= {"another_of": like.id, "differs": _differs(draft, signal, like)}
    incident = open_incident(
        draft,
        title=signal.subject,
        nature=judged.nature,
        severity=judged.severity,
        because=because,
        reporter=signal.sender,
        opened_by=signal.id,
        key=key,
        recurrence_of=None if earlier is None else earlier.id,
        **fields,
    )
    disposition = "opened" if earlier is None else "recurrence"
    draft.put(signal.changed(status="handed_off", incident=incident.id, disposition=disposition, due_at=None))
    return incident


def open_incident(
    draft: Draft,
    *,
    title: str,
    nature: str,
    severity: Severity,
    because: str,
    reporter: str,
    opened_by: Id | None,
    key: str,
    status: IncidentStatus = "triage",
    meta: dict[str, JsonValue] | None = None,
    **fields: Any,
) -> Incident:
    """Open an incident, ask for the targets of its severity, and return it; it is still with the agent (R-002-09).

    `because` says why the severity is what it is; `meta` goes into the row beside the six keys of every row, such as a
    stack trace; `fields` are more members of the record, in place of its defaults. The caller names the decision.

    Raises:
        RefusedError: `times_out_of_order`.
    """
    given: dict[str, Any] = {
        "id": draft.new_id("inc"),
        "pid": draft.project.pid,
        "title": one_line(f"{DRILL}{title}" if fields.get("drill") and not title.startswith(DRILL) else title),
        "nature": nature,
        "severity": severity,
        "severity_reason": because,
        "sev_initial": severity,
        "sev_max": severity,
        "status": status,
        "owner": draft.policy.lanes.incident,
        "reporter": reporter,
        "dedup_key": key,
        "opened_by": opened_by,
        "detected_at": draft.now,
        "last_seen_at": draft.now,
    }
    incident = Incident.model_validate(given | fields)
    check_times(incident)
    incident = draft.put(incident)
    reason = "seen by the desk itself" if opened_by is None else f"reported by {opened_by}"
    if incident.another_of is not None:
        reason += f"; another of {incident.another_of}, differs in {incident.differs}"
    add_row(draft, "incident.detected", incident, level="error", reason=reason, meta=meta)
    draft.follow(SetTargets(incident.id))
    return incident


def tell_reporter(draft: Draft, asked: TellReporter) -> None:
    """Say under which incident a report is known, when all else of the decision is done."""
    signal = draft.need(Signal, asked.signal)
    incident = draft.need(Incident, str(signal.incident))
    if signal.disposition == "duplicate_suppressed":
        role = "joined"
        body = f"This is known as incident {incident.id}; your report is number {incident.count} of it."
    else:
        role = "filed"
        body = f"Filed as incident {incident.id}, severity {incident.severity.label}; {incident.owner} triages it."
        if incident.another_of is not None:
            body += f" It is like {incident.another_of}; whether they are one fault a person says."
    draft.follow(Reply(signal, role=role, stage="classified", body=body, incident=incident))


def texts_of(signal: Signal) -> dict[str, str]:
    """Return what a report says in words."""
    return {"subject": signal.subject, "body": signal.body}


def _differs(draft: Draft, signal: Signal, like: Incident) -> str:
    """Return in what a report differs from the one that opened `like`."""
    from prismfs.rules.core.identity import differences

    before = signal_of(draft, like)
    texts, labels = ({"subject": like.title}, {}) if before is None else (texts_of(before), dict(before.labels))
    return one_line(differences(texts_of(signal), dict(signal.labels), texts, labels))
