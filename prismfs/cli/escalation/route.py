"""`prismfs route`: try the way of a file's notices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prismfs.cli import output

if TYPE_CHECKING:
    from prismfs.kinds.core.outbox import Outbox
    from prismfs.rules.escalation.api import LookedAt


@click.group("route", epilog="\b\nExample:\n  prismfs route test report.yaml")
def command() -> None:
    """Try the routes of settings/routing.yaml."""


@command.command(
    "test", epilog="\b\nExample:\n  prismfs route test report.yaml\n  prismfs route test report.yaml --json"
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@output.verb()
def test(call: output.Call, file: Path) -> None:
    """Show which routes FILE (as it would be dropped) would take, why, and what would be sent. Nothing is written."""
    from prismfs.cli.render import decision_document, render_decision
    from prismfs.engine.admin.try_route import try_route
    from prismfs.records.plan import Refused

    with call.desk() as desk:
        trial = try_route(desk, file, call.now())
    if isinstance(trial.decision, Refused):
        raise trial.decision.raised()
    lines = [render_decision(trial.decision)]
    for bead, steps in trial.escalations:
        labels = ", ".join(f"{name}={value}" for name, value in sorted(bead.match_labels.items()))
        lines += [f"{bead.severity.label} at tier {bead.tier}: {output.safe(labels)}", *map(_line_of, steps)]
    if not trial.escalations:
        lines.append("it opens no escalation, so nobody is notified")
    lines += [_sent(message) for message in trial.messages]
    data = {
        "decision": decision_document(trial.decision),
        "escalations": [
            {"labels": bead.match_labels, "tier": bead.tier, "routes": [_document(step) for step in steps]}
            for bead, steps in trial.escalations
        ],
        "messages": [message.to_document() for message in trial.messages],
    }
    output.result(call, data, lines)


def _line_of(step: LookedAt) -> str:
    indent = "  " * (step.depth + 1)
    if step.mismatch is not None:
        return f"{indent}{click.style('no ', dim=True)} {step.route.name}: not {output.safe(step.mismatch)}"
    mark = click.style("yes", fg="green") if step.taken else "via"
    more = "".join(f" {output.safe(matcher)}" for matcher in step.route.matchers)
    return f"{indent}{mark} {step.route.name}{':' if more else ''}{more}"


def _sent(message: Outbox) -> str:
    return f"  {message.action}: {message.status}" + (f" ({output.safe(message.detail)})" if message.detail else "")


def _document(step: LookedAt) -> dict[str, Any]:
    return {
        "route": step.route.name, "depth": step.depth, "taken": step.taken, "mismatch": step.mismatch,
        "matchers": list(step.route.matchers), "actions": list(step.route.actions or ()),
    }  # fmt: skip
