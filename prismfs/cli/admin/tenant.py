"""`prismfs tenant`: who is the home of a tenant, and which projects are its members."""

from typing import Any

import click

from prismfs.cli import output
from prismfs.cli.submit import submit_protected


@click.group("tenant", epilog="\b\nExample:\n  prismfs tenant list\n  prismfs -C home tenant add PID-ACME01 acme")
def command() -> None:
    """List the projects of the tenant; let the home take one in or out; name the home of one.

    Both sides are protected files: settings/members.yaml in the home, prismfs.yaml in a member. tenant.yaml only says
    where each lies.
    """


@command.command("list", epilog="\b\nExample:\n  prismfs tenant list --json")
@output.verb()
def list_(call: output.Call) -> None:
    """List the home, its members and what else lies here, and what is wrong with each."""
    from prismfs.engine.admin.membership import belongings

    rows: list[dict[str, Any]] = [one.to_document() for one in belongings(call.project())]
    shown = [
        row | {"root": (row["root"] or "")[:12], "problem": row["problem"]["code"] if row["problem"] else ""}
        for row in rows
    ]
    columns = {name: name.upper() for name in ("pid", "role", "root", "place", "problem")}
    output.result(call, {"items": rows, "total": len(rows)}, output.table(shown, columns))


@command.command("add", epilog="\b\nExample:\n  prismfs -C home tenant add PID-ACME01 acme")
@click.argument("pid")
@click.argument("place", required=False)
@output.verb(writes=True)
def add(call: output.Call, pid: str, place: str | None, dry_run: bool) -> None:
    """Make the project PID a member, by the first commit of its records; an operator of the home project may.

    It lies where tenant.yaml says, or at PLACE, a folder seen from there or an address, which is then written down.
    With trust: signed the list is written, for a commit that an operator signs.
    """
    from prismfs.engine.admin.membership import find_place, first_commit, note_place

    root = first_commit(find_place(call.project(), pid, place), pid)
    submit_protected(call, "tenant.add", {"pid": pid, "root": root}, dry_run=dry_run)
    if place is not None and not dry_run:
        note_place(call.project(), pid, place)


@command.command("remove", epilog="\b\nExample:\n  prismfs -C home tenant remove PID-ACME01")
@click.argument("pid")
@output.verb(writes=True)
def remove(call: output.Call, pid: str, dry_run: bool) -> None:
    """Take the project PID off the home's list of members; its folder stays, and its place in tenant.yaml.

    With trust: signed the list is written, for a commit that an operator signs.
    """
    submit_protected(call, "tenant.remove", {"pid": pid}, dry_run=dry_run)


@command.command("join", epilog="\b\nExample:\n  prismfs -C acme tenant join PID-HOME01")
@click.argument("pid")
@output.verb(writes=True)
def join(call: output.Call, pid: str, dry_run: bool) -> None:
    """Name PID as the home of this project, by the first commit of its records; an operator of this project may.

    With trust: signed prismfs.yaml is written, for a commit that an operator signs.
    """
    from prismfs.engine.admin.membership import find_place, first_commit

    root = first_commit(find_place(call.project(), pid), pid)
    submit_protected(call, "tenant.join", {"pid": pid, "root": root}, dry_run=dry_run)
