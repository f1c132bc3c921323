"""`prismfs journal`: what agents and people noted of their own work."""

import click

from prismfs.cli import output
from prismfs.cli.listing import print_list


@click.group("journal", epilog='\b\nExample:\n  prismfs --as jade journal add "moved the export to the new disk"')
def command() -> None:
    """Note something, and list what was noted. An entry is never changed."""


@command.command(
    "add", epilog='\b\nExample:\n  prismfs --as jade journal add "restarted the index" --about inc-01k5 --body -'
)
@click.argument("subject")
@click.option("--body", default="", help="The text; - reads standard input.")
@click.option("--about", help="The id of the record that it is about.")
@output.verb(writes=True)
def add(call: output.Call, subject: str, body: str, about: str | None, dry_run: bool) -> None:
    """Note SUBJECT, one line, as the acting identity."""
    document = {"kind": "journal", "from": call.actor(), "subject": subject, "body": output.read_body(body)}
    if about is not None:
        document["about"] = about
    call.submit("journal.add", {"document": document}, dry_run=dry_run)


@command.command("list", epilog="\b\nExample:\n  prismfs journal list --by jade --limit 20")
@click.option("--by", help="Only entries of this identity.")
@click.option("--about", help="Only those about this record.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def list_(call: output.Call, by: str | None, about: str | None, limit: int | None) -> None:
    """List the entries, newest first."""
    print_list(call, "journal", owner=by, ref=about, limit=limit)
