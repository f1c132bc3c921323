"""`prismfs archive`: take old months out of the working tree."""

import click

from prismfs.cli import output


@click.command("archive", epilog="\b\nExample:\n  prismfs archive --before 2026-03\n  prismfs archive --none")
@click.option("--before", metavar="MONTH", help="Take out every month before this one (2026-03).")
@click.option("--none", "bring_back", is_flag=True, help="Bring every month back.")
@output.verb(writes=True)
def command(call: output.Call, before: str | None, bring_back: bool, dry_run: bool) -> None:
    """Take old months out of the working tree. History keeps them; show, list and log still find them."""
    from prismfs.engine.admin.archive import archive
    from prismfs.engine.turn.desk import Desk
    from prismfs.errors import UsageError

    if bring_back == (before is not None):
        raise UsageError("usage", "say either --before MONTH or --none", hint="prismfs archive --help")
    with Desk(call.project()) as desk:
        done = archive(desk, before, dry_run=dry_run)
    verb = "would take out" if dry_run else "out of the working tree"
    lines = [f"{verb}: {', '.join(done.months) or 'nothing'}; {done.files_on_disk} files on disk"]
    output.result(call, {"months": list(done.months), "files_on_disk": done.files_on_disk, "dry_run": dry_run}, lines)
