"""`prismfs log`: the audit history, oldest first."""

import json
import time
from typing import Any

import click

from prismfs.cli import output
from prismfs.store import listing
from prismfs.store.reading import reading, resolve_id

_COLOURS = {"error": "red", "warn": "yellow"}
_PAUSE = 0.5


@click.command("log", epilog="\b\nExample:\n  prismfs log inc-01k5\n  prismfs log --follow --json")
@click.argument("identifier", metavar="[ID]", required=False)
@click.option("--follow", is_flag=True, help="Go on printing rows as they come.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the newest so many.")
@output.verb()
def command(call: output.Call, identifier: str | None, follow: bool, limit: int | None) -> None:
    """Print the audit rows of the project, or those of the record whose id begins with ID."""
    root = call.project()
    with reading(root) as connection:
        where = {} if identifier is None else {"ref": resolve_id(connection, identifier)}
        texts, total = listing.find_documents(connection, "audit", where=where, limit=limit)
    rows = [json.loads(text) for text in reversed(texts)]
    if not follow:
        lines = [line_of(row) for row in rows]
        if total > len(rows):
            lines.insert(0, f"({total - len(rows)} older rows; leave --limit out to see them)")
        output.result(call, {"items": rows, "total": total}, lines)
        return
    last = 0
    while True:
        for row in rows:
            output.stream(call, row, line_of(row))
            last = max(last, row["number"])
        time.sleep(_PAUSE)
        with reading(root) as connection:
            texts, _ = listing.find_documents(connection, "audit", where=where, after=last)
        rows = [json.loads(text) for text in reversed(texts)]


def line_of(row: dict[str, Any]) -> str:
    """Return one audit row as a line: when, what, who, about what, why; an error all in red, for it is to stand out."""
    action = click.style(f"{row['action']:28}", fg=_COLOURS.get(row["level"]))
    about = output.one_line(row["entity_id"])[:30]
    rest = f"{row['actor']:10}  {about:30}  {output.safe(row['reason'])}"
    if row["level"] == "error":
        return click.style(f"{row['at']}  {row['action']:28}  {rest}", fg=_COLOURS["error"], bold=True)
    return f"{row['at']}  {action}  {rest}"
