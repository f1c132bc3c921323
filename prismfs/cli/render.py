"""Rendering a decision: one line for people, one object for programs."""

from typing import TYPE_CHECKING, Any

import click

from prismfs.cli import output
from prismfs.kinds import kind_of
from prismfs.kinds.core.audit import AuditFile, said_in
from prismfs.records.api import Decision, Nothing, Plan, Refused

if TYPE_CHECKING:
    from prismfs.engine.turn.commit_group import Outcome
    from prismfs.kinds.response.incident import Incident

_COLOURS = {"error": "red", "warn": "yellow", "info": "green"}


def render_outcome(outcome: "Outcome") -> tuple[dict[str, Any], str]:
    """Return one outcome as an object and as a line."""
    return outcome_document(outcome), outcome_line(outcome)


def outcome_document(outcome: "Outcome") -> dict[str, Any]:
    """Return one outcome as an object."""
    data = decision_document(outcome.decision)
    data["event"] = f"{outcome.event.type} {outcome.event.kind}"
    if outcome.commit is not None:
        data["commit"] = outcome.commit
    return data


def outcome_line(outcome: "Outcome") -> str:
    """Return one outcome as a line."""
    return f"{(outcome.commit or '')[:9]:9} {render_decision(outcome.decision)}"


def decision_document(decision: Decision) -> dict[str, Any]:
    """Return a decision as a JSON object: what it puts, the rows, and why."""
    match decision:
        case Plan():
            rows = said_in(decision.puts)
            return {
                "decided": decision.rule,
                "id": decision.subject,
                "subject": decision.subject,
                "reason": decision.reason,
                "title": decision.title,
                "records": [
                    {"kind": kind_of(put).name, "id": kind_of(put).name_of(put), "path": kind_of(put).place_of(put)}
                    for put in decision.puts
                    if not isinstance(put, AuditFile)
                ],
                "incidents": [_incident(put) for put in _incidents_in(decision)],
                "actions": [row.action for row in rows],
                "rows": [
                    {"action": row.action, "level": row.level, "about": row.entity_id, "reason": row.reason}
                    for row in rows
                ],
            }
        case Refused():
            return {"decided": "refused", "error": decision.problem.as_document()}
        case Nothing():
            return {
                "decided": "nothing",
                "id": decision.subject,
                "subject": decision.subject,
                "reason": decision.reason,
            }


def advice_in(decision: Decision) -> list[str]:
    """Return what a decision advises and does not demand, such as on the words of a review (R-003-23)."""
    found = [row.meta.get("advice") for row in said_in(decision.puts)] if isinstance(decision, Plan) else []
    return [str(text) for advice in found if isinstance(advice, list) for text in advice]


def render_decision(decision: Decision) -> str:
    """Return a decision as one line for people."""
    match decision:
        case Plan():
            rows = said_in(decision.puts)
            level = next((name for name in ("error", "warn") if any(row.level == name for row in rows)), "info")
            actions = " → ".join(dict.fromkeys(row.action for row in rows))
            line = f"{click.style(actions, fg=_COLOURS[level])}  {decision.subject}  {output.safe(decision.reason)}"
            return line + "".join(_incident_state(put) for put in _incidents_in(decision))
        case Refused():
            return click.style(f"refused: {output.safe(str(decision.problem))} [{decision.problem.code}]", fg="red")
        case Nothing():
            return f"nothing to do: {output.safe(decision.reason)}"


def _incidents_in(plan: Plan) -> "list[Incident]":
    found = [put for put in plan.puts if put.kind == "incident"]
    if not found:
        return []
    from prismfs.kinds.response.incident import Incident

    return [put for put in found if isinstance(put, Incident)]


def _incident(incident: "Incident") -> dict[str, Any]:
    """Return the state of an incident for a stream of decisions (R-002-51)."""
    return {
        "id": incident.id,
        "severity": incident.severity.label,
        "status": incident.status,
        "level": incident.level,
        "responder": incident.responder,
    }


def _incident_state(incident: "Incident") -> str:
    severity = output.severity_text(incident.severity.rank, incident.severity.label)
    responder = incident.responder
    return f"  [{severity} {incident.status}, {output.one_line(responder)}]"
