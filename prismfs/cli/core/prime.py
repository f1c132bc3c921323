"""`prismfs prime`: what an agent or person should know when a session starts."""

import json
from typing import Any

import click

from prismfs.cli import output
from prismfs.store import listing
from prismfs.store.reading import reading


@click.command("prime", epilog="\b\nExample:\n  prismfs prime")
@output.verb()
def command(call: output.Call) -> None:
    """Print the escalations that wait for an answer, grouped by severity, the most urgent first (R-004-20)."""
    with reading(call.project()) as connection:
        where: dict[str, object] = {"status": "open", "type": "escalation"}
        texts, _ = listing.find_documents(connection, "bead", where=where, newest_first=False)
    beads = sorted((json.loads(text) for text in texts), key=lambda bead: (bead["severity"]["rank"], bead["id"]))
    groups: dict[str, list[dict[str, Any]]] = {}
    for bead in beads:
        groups.setdefault(bead["severity"]["label"], []).append(bead)
    many = "1 escalation waits" if len(beads) == 1 else f"{len(beads) or 'no'} escalations wait"
    lines = [f"{many} for an answer"]
    for label, group in groups.items():
        lines.append(f"{output.severity_style(group[0]['severity']['rank'], label)} ({len(group)})")
        lines += [f"  {bead['id']}  {bead['tier']:10}  {output.safe(bead['title'])}" for bead in group]
    if beads:
        lines.append("answer: prismfs escalate ack ID, then close ID --reason, or forward ID --reason")
    output.result(call, {"items": beads, "total": len(beads)}, lines)
