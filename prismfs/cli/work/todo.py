"""`prismfs todo`: what is to be done and is no incident (R-000-16)."""

import click

from prismfs.cli import output
from prismfs.cli.listing import print_list


@click.group("todo", epilog="\b\nExample:\n  prismfs todo list --owner mayor")
def command() -> None:
    """List, add and finish todos. Ideas that were reported become some, too."""


@command.command("list", epilog="\b\nExample:\n  prismfs todo list --owner mayor --all")
@click.option("--owner", help="Only those of this identity.")
@click.option("--all", "everything", is_flag=True, help="Those that are done, too.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def list_(call: output.Call, owner: str | None, everything: bool, limit: int | None) -> None:
    """List what is still to be done, newest first."""
    print_list(call, "todo", only_open=not everything, owner=owner, limit=limit)


@command.command("add", epilog='\b\nExample:\n  prismfs --as jade todo add "rotate the key" --owner mayor')
@click.argument("title")
@click.option("--owner", help="Whose it is; without it, the acting identity's.")
@click.option("--body", default="", help="More about it; - reads standard input.")
@output.verb(writes=True)
def add(call: output.Call, title: str, owner: str | None, body: str, dry_run: bool) -> None:
    """Put TITLE on a list."""
    document = {"kind": "todo", "from": call.actor(), "title": title, "body": output.read_body(body)}
    if owner is not None:
        document["owner"] = owner
    call.submit("todo.add", {"document": document}, dry_run=dry_run)


@command.command("done", epilog="\b\nExample:\n  prismfs --as mayor todo done tod-01k5")
@click.argument("identifier", metavar="ID")
@output.verb(writes=True)
def done(call: output.Call, identifier: str, dry_run: bool) -> None:
    """Mark a todo as done; its owner may, or an operator. It is not removed."""
    call.submit("todo.done", {}, target=identifier, dry_run=dry_run)
