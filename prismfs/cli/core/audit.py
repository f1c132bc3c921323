"""`prismfs audit`: search the audit rows."""

import json

import click

from prismfs.cli import output
from prismfs.cli.core.log import line_of
from prismfs.cli.instants import within
from prismfs.errors import UsageError
from prismfs.store import listing
from prismfs.store.reading import reading


@click.command(
    "audit",
    epilog="\b\nExample:\n  prismfs audit --action inbox.refused --since 2026-03-01\n"
    "  prismfs audit --entity incident --level error --since 2026-W10 --until 2026-W11",
)
@click.option("--action", help="Only this action, such as incident.detected.")
@click.option("--level", type=click.Choice(["info", "warn", "error"]), help="Only this level.")
@click.option("--entity", help="Only rows about this record (its whole id), or about records of this kind.")
@click.option("--actor", help="Only rows of this identity.")
@click.option("--since", help="Only rows from this day, week or instant on (2026-03-01 or 2026-03-01T10:00:00Z).")
@click.option("--until", help="Only rows before this day, week or instant.")
@click.option(
    "--bridge", is_flag=True, help="Only what crossed a bridge, or was not let over; of all a tenant's projects."
)
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def command(
    call: output.Call,
    action: str | None,
    level: str | None,
    entity: str | None,
    actor: str | None,
    since: str | None,
    until: str | None,
    bridge: bool,
    limit: int | None,
) -> None:
    """Print the audit rows that match, newest first; errors stand out in red on a terminal (R-002-52, R-002-54)."""
    compare = within("$.at", start=("--since", since), end=("--until", until))
    if bridge:
        from prismfs.cli.care.audit_bridge import print_bridge

        if action is not None:
            raise UsageError("usage", "--bridge names its actions itself", hint="leave --action out")
        print_bridge(call, level=level, entity=entity, actor=actor, compare=compare, limit=limit)
        return
    with reading(call.project()) as connection:
        about = "$.entity_type" if entity is not None and listing.has_kind(connection, entity) else "ref"
        where = {"owner": action, "status": level, about: entity, "$.actor": actor}
        where = {column: value for column, value in where.items() if value is not None}
        texts, total = listing.find_documents(connection, "audit", where=where, compare=compare, limit=limit)
    rows = [json.loads(text) for text in texts]
    lines = [line_of(row) for row in rows]
    if total > len(rows):
        lines.append(f"{total - len(rows)} more; leave --limit out to see them")
    output.result(call, {"items": rows, "total": total}, lines or ["no row matches"])
