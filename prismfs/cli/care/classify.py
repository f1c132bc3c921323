"""`prismfs classify`: put a signal into a lane."""

import click

from prismfs.cli import output


@click.command(
    "classify", epilog='\b\nExample:\n  prismfs --as Sage classify sig-01k5 --lane incident --reason "data is lost"'
)
@click.argument("identifier", metavar="ID")
@click.option(
    "--lane", required=True, type=click.Choice(["info", "incident", "enhancement", "recommendation"]), help="The lane."
)
@click.option("--reason", required=True, help="Why; it stands in the audit row.")
@output.verb(writes=True)
def command(call: output.Call, identifier: str, lane: str, reason: str, dry_run: bool) -> None:
    """Put the signal whose id begins with ID into a lane; what follows in that lane happens at once.

    It is how a signal that waits for somebody is sorted, and how a lane that the rules chose is overruled. A signal
    that became an incident keeps its lane. The intake desk may, and whom the roster allows classify.
    """
    call.submit("classify", {"lane": lane, "reason": reason}, target=identifier, dry_run=dry_run)
