"""`prismfs action`: what incidents left to be done, whose it is, and by when (R-003-24, R-003-29)."""

import json
from typing import Any

import click

from prismfs.cli import output
from prismfs.store import listing
from prismfs.store.reading import reading, resolve_id


@click.group("action", epilog="\b\nExample:\n  prismfs action list --overdue")
def command() -> None:
    """Action items of incidents: work items with an owner and a deadline. They are made by an incident's tracker."""


@command.command(
    "list", epilog="\b\nExample:\n  prismfs action list --overdue\n  prismfs action list --incident inc-01k5"
)
@click.option("--open", "only_open", is_flag=True, help="Only those that are not done.")
@click.option("--overdue", is_flag=True, help="Only those that are not done and late.")
@click.option("--incident", metavar="INC", help="Only those of this incident.")
@click.option("--owner", help="Only this owner's.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@output.verb()
def list_(
    call: output.Call, only_open: bool, overdue: bool, incident: str | None, owner: str | None, limit: int | None
) -> None:
    """List action items, the earliest deadline first."""
    from prismfs.records.instants import format_instant

    now = format_instant(call.now())
    with reading(call.project()) as connection:
        where: dict[str, object] = {"open": 1} if only_open or overdue else {}
        if incident is not None:
            where["ref"] = resolve_id(connection, incident)
        texts, _ = listing.find_documents(connection, "bead", where=where)
    items = [_marked(item, now) for item in map(json.loads, texts) if "action-item" in item.get("labels", ())]
    if overdue:
        items = [item for item in items if item["overdue"]]
    if owner is not None:
        items = [item for item in items if str(item.get("assignee")).casefold() == owner.casefold()]
    found = sorted(items, key=lambda item: (str(item.get("deadline")), item["id"]))
    shown = found[:limit]
    lines = [_table(shown)] if shown else ["no action item matches"]
    if len(found) > len(shown):
        lines.append(f"{len(found) - len(shown)} more; leave --limit out to see them")
    output.result(call, {"items": shown, "total": len(found)}, lines)


@command.command("done", epilog='\b\nExample:\n  prismfs --as jade action done bea-01k5 --note "alert added"')
@click.argument("identifier", metavar="ID")
@click.option("--note", default="", help="What was done.")
@output.verb(writes=True)
def done(call: output.Call, identifier: str, note: str, dry_run: bool) -> None:
    """Say that an action item is done. Its owner may, and those whom the roster allows action.done."""
    call.submit("action.done", {"note": note}, target=identifier, dry_run=dry_run)


def _marked(item: dict[str, Any], now: str) -> dict[str, Any]:
    """Return `item` with `overdue`: whether it is late and not done."""
    return item | {"overdue": item["status"] != "closed" and str(item.get("deadline") or now) < now}


def _table(items: list[dict[str, Any]]) -> str:
    rows = [
        {
            "id": item["id"],
            "priority": f"P{item.get('priority', 2)}",
            "owner": item.get("assignee") or "",
            "due": output.Styled(click.style(_day(item), fg="red") if item["overdue"] else _day(item)),
            "status": "overdue" if item["overdue"] else item["status"],
            "incident": item.get("related") or "",
            "what": item["title"],
        }
        for item in items
    ]
    columns = {"id": "ID", "priority": "PRIORITY", "owner": "OWNER", "due": "BY", "status": "STATUS"}
    return output.table(rows, columns | {"incident": "INCIDENT", "what": "ACTION"})


def _day(item: dict[str, Any]) -> str:
    return str(item.get("deadline") or "")[:10]
