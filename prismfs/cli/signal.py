"""`prismfs signal`: send, list and show signals."""

from __future__ import annotations

import json
from typing import Any

import click

from prismfs.cli import output

_TYPES = (
    "Question",
    "TaskAssigned",
    "Acknowledgment",
    "StatusUpdate",
    "ReviewRequested",
    "ReviewCompleted",
    "IncidentUpdate",
)


@click.group(
    "signal",
    epilog='\b\nExample:\n  prismfs signal send --to Sage --type Question --subject "export writes an empty file"',
)
def command() -> None:
    """Send, list and show signals."""


@command.command(
    "send",
    epilog='\b\nExample:\n  prismfs --as jade signal send --to Sage --type Question --subject "how do I rotate a key?"',
)
@click.option("--to", required=True, help="The persona it is for; Sage is the intake desk.")
@click.option("--type", "type_", type=click.Choice(_TYPES), required=True, help="What kind of message it is.")
@click.option("--subject", required=True, help="One line.")
@click.option("--body", default="", help="The text; - reads standard input.")
@click.option("--to-pid", help="The project it is for, if another than this.")
@click.option("--in-reply-to", help="The signal that it answers.")
@click.option("--category", type=click.Choice(["INFO", "TASK", "ASK", "BLOCKER"]), help="What it asks of the reader.")
@output.verb(writes=True)
def send(call: output.Call, dry_run: bool, type_: str, body: str, **fields: str | None) -> None:
    """Drop a signal into the project's inbox; the watcher takes it from there."""
    from prismfs.cli.drop import drop_bytes

    text = output.read_body(body)
    document: dict[str, Any] = {"kind": "signal", "from": call.actor(), "type": type_, **fields}
    document = {name: value for name, value in document.items() if value is not None}
    if text:
        document["body"] = text
    data = json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"
    name = None if dry_run else drop_bytes(call.project(), data, suffix="json", stem="signal")
    line = (
        f"would drop {data.decode()}"
        if dry_run
        else f"dropped inbox/{name}; prismfs list signal shows it once it is taken in"
    )
    output.result(call, {"file": name, "signal": document, "dry_run": dry_run}, line)


@command.command("list", epilog="\b\nExample:\n  prismfs signal list --status unclassified")
@click.option("--status", help="Only this status.")
@click.option("--open", "only_open", is_flag=True, help="Only those that still wait for something.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def list_(call: output.Call, status: str | None, only_open: bool, limit: int | None) -> None:
    """List signals, newest first."""
    from prismfs.cli.listing import print_list

    print_list(call, "signal", status=status, only_open=only_open, limit=limit)


@command.command("show", epilog="\b\nExample:\n  prismfs signal show sig-01k5")
@click.argument("identifier", metavar="ID")
@output.verb()
def show(call: output.Call, identifier: str) -> None:
    """Show one signal."""
    from prismfs.cli.show import print_record

    print_record(call, identifier)
