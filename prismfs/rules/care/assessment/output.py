"""The fifth tier of triage: the local postmortem, whether a report may leave, and what the reporter hears (R-000-23).

A postmortem is made of fields that the scanner has seen, and stays in this project. What concerns the customer's own
things ends here, with a way to go on (R-000-27, R-000-28); of the rest a phone-home is staged for an operator to see.
"""

from __future__ import annotations

from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.kinds.care.triage_record import Judgement, Output, TriageRecord
from prismfs.kinds.response.incident import Incident
from prismfs.records.base import format_instant
from prismfs.rules.care.outbound_issue import staging
from prismfs.rules.care.replies import reply_to_reporter
from prismfs.rules.core.draft import Draft
from prismfs.rules.response import severity_change
from prismfs.rules.response.facts import meta_of

_WITHDRAWABLE = ("draft", "pending_operator_review", "approved", "failed")

_PATHS = {
    "security": "Take the credential or access in question out of use first, then find out who had it, then mend it.",
    "data_loss": "Stop what writes there first, keep what is left, restore from a backup, then look for the cause.",
    "outage": "Bring it back first (the last version that worked, or a restart), then look for the cause.",
    "performance": "Measure where the time goes before and after each change, and begin with what changed last.",
    "regression": "Go back to the last version that worked, then find the change between the two.",
}
_USUAL_PATH = "Find the smallest case that shows it, mend that in your own project, and try it again."


def conclude(draft: Draft, record: TriageRecord, incident: Incident, judged: Judgement) -> None:
    """Finish a triage with the judgement `judged`: incident, record, row, answer to the reporter, and staging.

    It serves a first judgement and one that takes the place of another alike.
    """
    incident = incident.changed(nature=judged.nature, scope=judged.scope)
    incident = draft.put(severity_change.change(draft, incident, judged.severity, judged.reason, by=judged.by))
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
        _withdraw(draft, incident, eligible=output.eligible)
    elif output.eligible:
        settled = draft.rule, draft.reason
        staging.stage_from_triage(draft, incident, done)
        draft.because(*settled)


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
    reply_to_reporter(draft, incident, role="triaged", stage="triaged", body=said, subject=f"Triaged: {incident.title}")


def _withdraw(draft: Draft, incident: Incident, *, eligible: bool) -> None:
    """Take back what was staged under another scope (R-000-27); what may still leave is to be staged anew by hand."""
    for found in draft.view.with_ref(PhoneHome, incident.id):
        staged = draft.need(PhoneHome, found.id)
        if staged.status in _WITHDRAWABLE:
            reason = f"its scope is {incident.scope} now"
            back = draft.put(staged.changed(status="withdrawn", detail=reason, due_at=None))
            draft.row("phone_home.withdrawn", back, level="warn", reason=reason)
    if eligible:
        draft.mail(
            incident.owner,
            role="restage",
            type="task",
            subject=f"Stage it anew: {incident.title}",
            body=f"The scope of {incident.id} is {incident.scope} now.\n\nprismfs phone-home stage {incident.id}\n",
            about=incident,
        )
