"""Telling what was decided: one line for people, one object for programs."""

from __future__ import annotations

from typing import Any

import click

from prismfs.cli import output
from prismfs.engine.settle import Outcome
from prismfs.kinds import kind_of
from prismfs.kinds.audit import Audit
from prismfs.records.plan import Decision, Nothing, Plan, Refused

_COLOURS = {"error": "red", "warn": "yellow", "info": "green"}


def tell_outcome(outcome: Outcome) -> tuple[dict[str, Any], str]:
    """Return one outcome as an object and as a line."""
    data = decision_document(outcome.decision)
    data["event"] = f"{outcome.event.type} {outcome.event.kind}"
    if outcome.commit is not None:
        data["commit"] = outcome.commit
    return data, f"{(outcome.commit or '')[:9]:9} {tell_decision(outcome.decision)}"


def decision_document(decision: Decision) -> dict[str, Any]:
    """Return a decision as a JSON object: what it puts, the rows, and why."""
    match decision:
        case Plan():
            rows = [put for put in decision.puts if isinstance(put, Audit)]
            return {
                "decided": decision.rule,
                "subject": decision.subject,
                "reason": decision.reason,
                "title": decision.title,
                "records": [
                    {
                        "kind": kind_of(put).name,
                        "id": kind_of(put).name_of(put),
                        "path": kind_of(put).place_of(put),
                    }
                    for put in decision.puts
                    if not isinstance(put, Audit)
                ],
                "actions": [row.action for row in rows],
                "rows": [
                    {"action": row.action, "level": row.level, "about": row.entity_id, "reason": row.reason}
                    for row in rows
                ],
            }
        case Refused():
            return {"decided": "refused", "error": decision.problem.as_document()}
        case Nothing():
            return {"decided": "nothing", "subject": decision.subject, "reason": decision.reason}


def tell_decision(decision: Decision) -> str:
    """Return a decision as one line for people."""
    match decision:
        case Plan():
            rows = [put for put in decision.puts if isinstance(put, Audit)]
            level = next((name for name in ("error", "warn") if any(row.level == name for row in rows)), "info")
            actions = " → ".join(dict.fromkeys(row.action for row in rows))
            return f"{click.style(actions, fg=_COLOURS[level])}  {decision.subject}  {output.safe(decision.reason)}"
        case Refused():
            return click.style(f"refused: {output.safe(str(decision.problem))} [{decision.problem.code}]", fg="red")
        case Nothing():
            return f"nothing to do: {output.safe(decision.reason)}"
