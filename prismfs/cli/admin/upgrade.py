"""`prismfs upgrade`: bring records and settings to today's versions."""

import click

from prismfs.cli import output


@click.command("upgrade", epilog="\b\nExample:\n  prismfs upgrade --dry-run")
@output.verb(writes=True)
def command(call: output.Call, dry_run: bool) -> None:
    """Write the files that an older prismfs wrote in the form of this one, all in one commit.

    An operator may, and whom the roster allows upgrade. Nothing has to be: a file of an older version is read as if
    it were of today's. Where one of the files has changes that are not committed, all of it is refused (edited).
    With trust: signed, protected files are named and left to a signed commit.
    """
    from prismfs.cli.submit import submit_and_print
    from prismfs.kinds import KINDS

    submit_and_print(
        call, "upgrade", {"versions": {kind.name: kind.version for kind in KINDS.values()}}, dry_run=dry_run
    )
