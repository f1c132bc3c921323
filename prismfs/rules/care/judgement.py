"""Judgements of an incident by a person, an agent or the role's command, and the deadline for one.

A judgement that is overruled is not forgotten: it is kept in the record (R-000-03).
"""

from prismfs.errors import RecordError, RefusedError
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import Judgement, Overruled, TriageAnswer, TriageRecord
from prismfs.kinds.core.values import Scope
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import LEAST_URGENT, JsonValue, Nothing, Severity, read_label, with_rank
from prismfs.rules.care import triage
from prismfs.rules.care.assessment import check_nature
from prismfs.rules.core.api import ENGINE, Attend, Attention, Draft, ReplyToReporters, one_line
from prismfs.rules.response.api import change_severity, check_lowering, meta_of, responded

_MEMBERS = ("severity", "scope", "nature", "reason")


def judge_incident(draft: Draft) -> Nothing | None:
    """Judge an incident whose triage waits, or overrule the judgement that it has, with a reason (R-000-22).

    What is not said stays as it was judged, or as the rules proposed it. A person may go below the policy's floor
    for a nature; nobody else may.

    Raises:
        RefusedError: `not_found`, `resolved`, `scope_missing`, `unknown_nature`, `security_lowered`.
        RecordError: `unknown_severity`, or a member of the answer that is not valid.
    """
    document = draft.event.document
    incident = draft.need(Incident, str(document["id"]))
    answer = TriageAnswer.from_document({name: document[name] for name in _MEMBERS if document.get(name) is not None})
    if not incident.is_open:
        raise RefusedError("resolved", "it is not judged any more", field="/id", hint="prismfs show ID")
    incident = draft.put(responded(draft, incident))
    record = _record_of(draft, incident)
    judged = _judged(draft, incident, record, answer, by=draft.event.actor)
    if record is None:
        return _judge_without_record(draft, incident, judged)
    before = record.classification
    if before is None:
        draft.because("judge", f"{draft.event.actor} judges: {judged.said}")
    elif _is_judged(before, judged):
        return Nothing("it is judged so already", incident.id)
    else:
        draft.because("overrule", f"{draft.event.actor} overrules: {judged.said}")
        overruled = Overruled(at=draft.now, by=draft.event.actor, before=before, reason=answer.reason)
        record = draft.put(record.changed(overruled=(*record.overruled, overruled)))
        meta = {"before": _members_of(before)} | _members_of(judged)
        draft.row("triage.overruled", record, level="warn", reason=draft.reason, meta=meta)
    _conclude(draft, record, incident, judged)
    draft.subject = draft.need(Incident, incident.id)
    return None


def triage_due(draft: Draft) -> None:
    """A triage waits: its command answers now, or its deadline has passed (R-000-80)."""
    record = draft.need(TriageRecord, str(draft.event.document["id"]))
    incident = draft.need(Incident, record.incident)
    draft.subject = record
    if record.status != "waiting" or not incident.is_open:
        draft.because("release", "nothing waits for it any more")
        draft.put(record.changed(due_at=None))
        draft.row("triage.released", record, reason=draft.reason)
    elif record.mode == "command" and record.asked_at is None:
        _take_answer(draft, record, incident)
    else:
        _overdue(draft, record, incident)
    draft.subject = draft.need(TriageRecord, record.id)


def _take_answer(draft: Draft, record: TriageRecord, incident: Incident) -> None:
    """Judge as the command says; an answer that is none leaves it to a person, with the reason."""
    found = draft.event.document.get("answer")
    try:
        if not isinstance(found, dict):
            raise RefusedError(str(draft.event.document.get("failed") or "no_answer"), "the command gave no answer")
        answer = TriageAnswer.from_document(found)
        judged = _judged(draft, incident, record, answer, by="command")
    except (RecordError, RefusedError) as error:
        code = one_line(f"{error.code} {error.problem.field or ''}")
        draft.because("ask", f"its command gave no valid answer: {code}")
        triage.ask(draft, record, incident, reason=draft.reason)
        return
    draft.because("judge", f"the command of {record.triager} judges")
    incident = draft.put(responded(draft, incident))
    _conclude(draft, record, incident, judged)


def _overdue(draft: Draft, record: TriageRecord, incident: Incident) -> None:
    draft.because("overdue", f"no judgement at the deadline for rank {incident.severity.rank}")
    late = draft.put(record.changed(due_at=None))
    meta = meta_of(incident) | {"triager": record.triager}
    draft.row("triage.overdue", late, level="warn", reason=draft.reason, meta=meta)
    policy, subject = draft.policy, f"Triage is late: {incident.title}"
    rank = min(incident.severity.rank, LEAST_URGENT - 1)
    draft.follow(
        Attention(
            severity=with_rank(policy.scales, rank, scale=policy.escalation_scale),
            title=subject[:500],
            source="desk:triage",
            reporter=ENGINE,
            category="gate_timeout",
            related=record.id,
            signature=f"desk:triage:{record.id}",
            body=f"Say it: prismfs incident triage {incident.id} --severity LABEL --scope SCOPE --reason TEXT",
            holds_while={"status": ("waiting",)},
        )
    )
    body = f"The triage of incident {incident.id} is late. The delay was escalated."
    draft.follow(ReplyToReporters(incident, role="overdue", stage="overdue", body=body, subject=subject))


def _conclude(draft: Draft, record: TriageRecord, incident: Incident, judged: Judgement) -> None:
    """Finish with `judged`; a fault that turns out to be urgent is escalated if it was not yet."""
    triage.conclude(draft, record, incident, judged)
    draft.follow(Attend(incident.id))


def _judge_without_record(draft: Draft, incident: Incident, judged: Judgement) -> Nothing | None:
    """Judge what the desk itself saw: no signal reported it, so there is no triage record and nothing to send."""
    if _is_judged(incident, judged):
        return Nothing("it is judged so already", incident.id)
    draft.because("judge", f"{draft.event.actor} judges: {judged.said}")
    changed = change_severity(draft, incident, judged.severity, judged.reason)
    changed = draft.put(changed.changed(scope=judged.scope, nature=judged.nature))
    draft.row("incident.triaged", changed, level="warn", reason=judged.said, meta=meta_of(changed) | {"by": judged.by})
    draft.subject = changed
    draft.follow(Attend(changed.id))
    return None


def _is_judged(known: Judgement | Incident, judged: Judgement) -> bool:
    return (known.severity.rank, known.scope, known.nature) == (judged.severity.rank, judged.scope, judged.nature)


def _members_of(judged: Judgement) -> dict[str, JsonValue]:
    return {"severity": judged.severity.label, "scope": judged.scope, "nature": judged.nature}


def _judged(
    draft: Draft, incident: Incident, record: TriageRecord | None, answer: TriageAnswer, *, by: str
) -> Judgement:
    scope = answer.scope or _known_scope(incident, record)
    if scope is None:
        raise RefusedError(
            "scope_missing", "nothing proposes a scope, so it is to be said", field="/scope", hint="--scope SCOPE"
        )
    nature = answer.nature or incident.nature
    check_nature(draft, nature)
    if by == "command" and incident.nature in draft.policy.nature_floor:
        nature = incident.nature  # what may be security stays so until a person says otherwise
    severity = _severity_of(draft, incident, answer, nature=nature, by=by)
    check_lowering(draft, incident, severity, nature=nature)
    return Judgement(severity=severity, scope=scope, nature=nature, reason=answer.reason, by=by)


def _known_scope(incident: Incident, record: TriageRecord | None) -> Scope | None:
    """Return the scope that was judged or proposed; what the desk itself saw is its own matter."""
    if record is None:
        return incident.scope or "customer-internal"
    base = record.classification or record.proposal
    return None if base is None else base.scope


def _severity_of(draft: Draft, incident: Incident, answer: TriageAnswer, *, nature: str, by: str) -> Severity:
    """Return the severity that is said, else the incident's; not below the nature's floor but where a person says."""
    policy, severity = draft.policy, incident.severity
    if answer.severity is not None:
        severity = read_label(policy.scales, answer.severity, scale=policy.incident_scale)
    floor = policy.nature_floor.get(nature)
    if floor is not None and severity.rank > floor and (by == "command" or answer.severity is None):
        severity = with_rank(policy.scales, floor, scale=policy.incident_scale)
    return severity


def _record_of(draft: Draft, incident: Incident) -> TriageRecord | None:
    """Return its triage record; a new one for what was opened before there were any, none without a signal."""
    known = triage.record_of(draft, incident)
    if known is not None or incident.opened_by is None:
        return known
    return triage.new_record(draft, draft.need(Signal, incident.opened_by), incident, mode="person")
