"""`prismfs whois`: who can be addressed from here, and how."""

import click

from prismfs.cli import output


@click.command("whois", epilog="\b\nExample:\n  prismfs whois\n  prismfs whois Sage --json")
@click.argument("name", required=False)
@output.verb()
def command(call: output.Call, name: str | None) -> None:
    """List whom signals may be addressed to: the project's personas and the tenant's bridges.

    Of a bridge, its identity, role, class, home project, availability and address are shown, and nothing else.
    """
    from prismfs.engine.admin.roster import find, whois
    from prismfs.engine.turn.desk import Desk

    with Desk(call.project()) as desk:
        entries = whois(desk)
    if name is not None:
        entries = find(entries, name)
    rows = [entry.to_document() for entry in entries]
    columns = {name: name.upper() for name in ("address", "role", "class", "pid", "availability")}
    output.result(call, {"items": rows, "total": len(rows)}, output.table(rows, columns))
