"""`prismfs mail`: the mailboxes of the project."""

from __future__ import annotations

import click

from prismfs.cli import output


@click.group("mail", epilog="\b\nExample:\n  prismfs --as mayor mail inbox")
def command() -> None:
    """List, read and acknowledge messages. Reading marks a message; it never removes it."""


@command.command("inbox", epilog="\b\nExample:\n  prismfs --as mayor mail inbox --all")
@click.option("--all", "everything", is_flag=True, help="Read ones, too.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def inbox(call: output.Call, everything: bool, limit: int | None) -> None:
    """List the messages to the acting identity, newest first."""
    from prismfs.cli.listing import print_list

    print_list(call, "mail", owner=call.actor(), only_open=not everything, limit=limit)


@command.command("read", epilog="\b\nExample:\n  prismfs --as mayor mail read mai-01k5")
@click.argument("identifier", metavar="ID")
@output.verb()
def read(call: output.Call, identifier: str) -> None:
    """Show a message to you and mark it as read; it stays where it is."""
    from prismfs.cli.giving import carry_out
    from prismfs.cli.show import print_record

    carry_out(call, "mail.ack", {}, dry_run=False, target=identifier)
    print_record(call, identifier)


@command.command("ack", epilog="\b\nExample:\n  prismfs --as mayor mail ack mai-01k5")
@click.argument("identifier", metavar="ID")
@output.verb(writes=True)
def ack(call: output.Call, identifier: str, dry_run: bool) -> None:
    """Mark a message as read without showing it; only whom it is to, or an operator, may."""
    from prismfs.cli.giving import give

    give(call, "mail.ack", {}, target=identifier, dry_run=dry_run)
