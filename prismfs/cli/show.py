"""`prismfs show`: one record, whole."""

from __future__ import annotations

import json
from typing import Any

import click

from prismfs.cli import output
from prismfs.store import listing
from prismfs.store.reading import reading, resolve_id


@click.command("show", epilog="\b\nExample:\n  prismfs show inc-01k5 --json")
@click.argument("identifier", metavar="ID")
@output.verb()
def command(call: output.Call, identifier: str) -> None:
    """Show the record whose id begins with ID."""
    print_record(call, identifier)


def print_record(call: output.Call, identifier: str) -> None:
    """Print one record: its document with `--json`, else member by member, long text last."""
    with reading(call.project()) as connection:
        text = listing.read_document(connection, resolve_id(connection, identifier))
    document: dict[str, Any] = json.loads(text or "{}")
    output.result(call, document, _lines(document))


def _lines(document: dict[str, Any]) -> list[str]:
    width = max(len(name) for name in document)
    short, long = [], []
    for name, value in document.items():
        if isinstance(value, str) and "\n" in value:
            long.append(f"\n{name}:\n{output.safe(value).rstrip()}")
        else:
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            if name == "severity" and isinstance(value, dict):
                shown = output.severity_style(value.get("rank"), str(value.get("label")))
            else:
                shown = output.safe(shown)
            short.append(f"{click.style(name.ljust(width), bold=True)}  {shown}")
    return short + long
