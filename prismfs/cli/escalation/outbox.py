"""`prismfs outbox`: what is to leave, what did not, and trying it again."""

import click

from prismfs.cli import output


@click.group("outbox", epilog="\b\nExample:\n  prismfs outbox list --undelivered")
def command() -> None:
    """List messages, and try those again that were not delivered."""


@command.command("list", epilog="\b\nExample:\n  prismfs outbox list --undelivered --json")
@click.option("--undelivered", is_flag=True, help="Only those that wait, failed or have no contact.")
@click.option("--status", help="Only this status.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def list_(call: output.Call, undelivered: bool, status: str | None, limit: int | None) -> None:
    """List messages, newest first."""
    from prismfs.cli.listing import print_list

    print_list(call, "outbox", status=status, only_open=undelivered, limit=limit)


@command.command("retry", epilog="\b\nExample:\n  prismfs outbox retry out-01k5")
@click.argument("identifier", metavar="ID")
@output.verb(writes=True)
def retry(call: output.Call, identifier: str, dry_run: bool) -> None:
    """Try a message again that failed or had no contact when it was made; by the contacts of now."""
    call.submit("outbox.retry", {}, target=identifier, dry_run=dry_run)
