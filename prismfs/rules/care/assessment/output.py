"""The fifth tier of triage: the local postmortem, whether a report may leave, and what the reporter hears (R-000-23).

A postmortem is made of fields that the scanner has seen, and stays in this project. What concerns the customer's own
things ends here, with a way to go on (R-000-27, R-000-28); of the rest a phone-home is staged for an operator to see.
"""

from prismfs.kinds.care.triage_record import Judgement, Output, TriageRecord
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import format_instant
from prismfs.rules.care.follow_ups import StageIssue, WithdrawIssue
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.follow_ups import ReplyToReporters
from prismfs.rules.response.api import change_severity, meta_of

_PATHS = {
    "security": "Take the credential or access in question out of use first, then find out who had it, then mend it.",
    "data_loss": "Stop what writes there first, keep what is left, restore from a backup, then look for the cause.",
    "outage": "Bring it back first (the last version that worked, or a restart), then look for the cause.",
    "performance": "Measure where the time goes before and after each change, and begin with what changed last.",
    "regression": "Go back to the last version that worked, then find the change between the two.",
}
_USUAL_PATH = "Find the smallest case that shows it, mend that in your own project, and try it again."


def conclude(draft: Draft, record: TriageRecord, incident: Incident, judged: Judgement) -> None:
    """Finish a triage with the judgement `judged`: incident, record, row; its reporter and its issue follow.

    It serves a first judgement and one that takes the place of another alike.
    """
    incident = incident.changed(nature=judged.nature, scope=judged.scope)
    incident = draft.put(change_severity(draft, incident, judged.severity, judged.reason, by=judged.by))
    reasons = reasons_against(record, judged)
    if incident.drill:
        reasons = (*reasons, "it is a drill")
    output = Output(postmortem=postmortem(record, incident, judged), eligible=not reasons, reasons=reasons)
    done = draft.put(
        record.changed(status="done", classification=judged, output=output, done_at=draft.now, due_at=None)
    )
    draft.row(
        "incident.triaged",
        incident,
        level="warn",
        reason=f"severity {judged.severity.label}, scope {judged.scope}, nature {judged.nature}",
        meta=meta_of(incident)
        | {
            "triage": done.id,
            "scope": judged.scope,
            "nature": judged.nature,
            "privacy": record.privacy.status,
            "eligible": output.eligible,
            "by": judged.by,
            "rules": list(judged.rules),
        },
    )
    _tell(draft, incident, judged, output)
    if record.classification is not None and record.classification.scope != judged.scope:
        draft.follow(WithdrawIssue(incident.id, f"its scope is {incident.scope} now", stage_anew=output.eligible))
    elif output.eligible:
        draft.follow(StageIssue(incident.id))


def reasons_against(record: TriageRecord, judged: Judgement) -> tuple[str, ...]:
    """Return every reason why the report stays here; none where it may be staged for review."""
    reasons = []
    if judged.scope == "customer-internal":
        reasons.append("scope customer-internal: it concerns the customer's own things")
    if record.privacy.status == "suspect":
        reasons.append(f"privacy: {record.privacy.suspects} places may hold something sensitive")
    if record.privacy.status == "blocked":
        reasons.append("privacy: no scanner has seen the report")
    if record.init.phone_home == "never":
        reasons.append(f"phone_home: never, says the policy of {record.source_pid}")
    return tuple(reasons)


def postmortem(record: TriageRecord, incident: Incident, judged: Judgement) -> str:
    """Return the local postmortem: what, when, who, how bad and why, what was read, what stays open."""
    init, privacy = record.init, record.privacy
    environment = ", ".join(f"{name}={value}" for name, value in sorted(init.environment.items())) or "not stated"
    evidence = "".join(f"\n- {entry.what}: {entry.why} ({entry.lines} lines)" for entry in record.reads)
    taken = f", {privacy.redacted} taken out" if privacy.redacted else ""
    kinds = f" ({', '.join(privacy.kinds)})" if privacy.kinds else ""
    came_back = "" if incident.recurrence_of is None else f"; it came back after {incident.recurrence_of}"
    return f"""\
# {incident.title}

- Incident: {incident.id}, opened by {incident.opened_by}
- Detected: {format_instant(incident.detected_at)}{came_back}
- Reported by: {incident.reporter} of {record.source_pid}
- Severity: {judged.severity.label}
- Scope: {judged.scope}
- Nature: {judged.nature}
- Judged by: {judged.by}
- Why: {judged.reason}
- Environment: {environment}
- Privacy: {privacy.status}{taken}{kinds}

## Evidence read
{evidence or chr(10) + "- the report itself"}

## Open

- The cause, and what would have caught it earlier
- {"Who answers for it" if incident.acknowledged_at is None else "When it is resolved"}
"""


def _tell(draft: Draft, incident: Incident, judged: Judgement, output: Output) -> None:
    said = f"Filed as incident {incident.id} and triaged: severity {judged.severity.label}, scope {judged.scope}, "
    said += f"nature {judged.nature}."
    if judged.scope == "customer-internal":
        path = _PATHS.get(judged.nature, _USUAL_PATH)
        said += (
            f" It concerns your own project and stays local.\n\nA way to resolve it: {path} "
            f"Tell {incident.owner} in this thread what you find; it is closed when the fault is gone."
        )
    elif output.eligible:
        said += (
            "\n\nIt concerns the product: a report is prepared for its tracker, and an operator decides whether it may "
            "leave. You hear of the decision."
        )
    else:
        said += f"\n\nIt stays local: {'; '.join(output.reasons)}. {incident.owner} goes on with it."
    subject = f"Triaged: {incident.title}"
    draft.follow(ReplyToReporters(incident, role="triaged", stage="triaged", body=said, subject=subject))
