"""`prismfs greet`: say hello. A toy verb, made by one file and its row in the table of verbs."""

from __future__ import annotations

import click

from prismfs.cli import output


@click.command("greet", epilog="\b\nExample:\n  prismfs greet mayor")
@click.argument("name")
@output.verb(writes=True)
def command(call: output.Call, name: str, dry_run: bool) -> None:
    """Say hello to NAME."""
    call.submit("greet", {"to": name}, dry_run=dry_run)
