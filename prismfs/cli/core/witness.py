"""`prismfs witness`: what is remembered of the records outside of the repository."""

from pathlib import Path

import click

from prismfs.cli import output
from prismfs.errors import StoreError


@click.group("witness", epilog="\b\nExample:\n  prismfs witness show\n  prismfs witness export > desk.checkpoint")
def command() -> None:
    """Show and export checkpoints: what engines have signed of the records, kept outside of the repository."""


@command.command("show", epilog="\b\nExample:\n  prismfs witness show --json")
@output.verb()
def show(call: output.Call) -> None:
    """List the checkpoints known here, this user's and those of remotes, and how the records stand to each."""
    from prismfs.engine.trust import report
    from prismfs.store.repo import ProjectRepo

    with ProjectRepo(call.project()) as repo:
        seen, items = repo.witness.head(), [one.to_document() for one in report.known_here(repo)]
    columns = {name: name.upper() for name in ("source", "engine", "commit", "at", "standing")}
    lines = [f"this user saw {seen[:12]} last" if seen else "this user has seen nothing of the records yet"]
    rows = [row | {"commit": str(row["commit"])[:12]} for row in items]
    output.result(call, {"seen": seen, "items": items, "total": len(items)}, [*lines, output.table(rows, columns)])


@command.command("export", epilog="\b\nExample:\n  prismfs witness export desk.checkpoint")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@output.verb()
def export(call: output.Call, file: Path | None) -> None:
    """Print the checkpoint of the records as they are, signed by this clone's engine, or write it to FILE.

    Keep it where nobody who can write here gets at it; `prismfs verify --against FILE` holds the records against it.
    """
    from prismfs.engine.trust import report
    from prismfs.store.repo import ProjectRepo

    with ProjectRepo(call.project()) as repo:
        made, data = report.export(repo)
    if file is not None:
        try:
            file.write_bytes(data)
        except OSError as error:
            raise StoreError("unwritable", str(error.strerror), path=str(file)) from error
    claim, text = made.checkpoint.claim, data.decode()
    said = text.rstrip("\n") if file is None else f"{claim.engine} signs {claim.commit[:12]}: {file}"
    answer = made.to_document() | {"file": None if file is None else str(file), "checkpoint": text}
    output.result(call, answer, said)
