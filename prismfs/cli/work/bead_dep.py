"""`prismfs bead dep`: what a bead depends on, is a part of, or stands near; and one bead as a command names it."""

from collections.abc import Iterator
from typing import Any

import click

from prismfs.cli import output
from prismfs.errors import RefusedError
from prismfs.store import beads
from prismfs.store.reading import reading

LINK_TYPES = ("blocks", "parent-child", "related", "discovered-from", "duplicates", "supersedes")
_DEEPEST = 100
"""Levels that a tree shows."""


@click.group("dep", epilog="\b\nExample:\n  prismfs bead dep add bea-01k5 bea-01k4\n  prismfs bead dep tree bea-01k5")
def command() -> None:
    """Links between beads. With the types blocks and parent-child they say what comes first."""


@command.command("add", epilog="\b\nExample:\n  prismfs bead dep add bea-01k5 bea-01k4 --type parent-child")
@click.argument("identifier", metavar="ID")
@click.argument("on", metavar="ON")
@click.option("--type", "type", type=click.Choice(LINK_TYPES), default="blocks", help="The link.", show_default=True)
@output.verb(writes=True)
def add(call: output.Call, identifier: str, on: str, type: str, dry_run: bool) -> None:
    """Say that bead ID depends on bead ON: ON blocks it, is its parent, and so on. A circle is refused."""
    document = {"id": find(call, identifier)["id"], "on": find(call, on)["id"], "type": type}
    give(call, "bead.dep", document, dry_run=dry_run)


@command.command("remove", epilog="\b\nExample:\n  prismfs bead dep remove bea-01k5 bea-01k4")
@click.argument("identifier", metavar="ID")
@click.argument("on", metavar="ON")
@click.option("--type", "type", type=click.Choice(LINK_TYPES), help="Only this link (default: all between the two).")
@output.verb(writes=True)
def remove(call: output.Call, identifier: str, on: str, type: str | None, dry_run: bool) -> None:
    """Take the links from bead ID to bead ON away."""
    bead = find(call, identifier)
    try:
        name = find(call, on)["id"]
    except RefusedError:
        # A link that was imported may name what is not here.
        if on not in (link["on"] for link in bead.get("dependencies", ())):
            raise
        name = on
    document = {"id": bead["id"], "on": name, "remove": True} | ({} if type is None else {"type": type})
    give(call, "bead.dep", document, dry_run=dry_run)


@command.command("tree", epilog="\b\nExample:\n  prismfs bead dep tree bea-01k5 --json")
@click.argument("identifier", metavar="ID")
@output.verb()
def tree(call: output.Call, identifier: str) -> None:
    """Show what bead ID depends on, and what that depends on; then what depends on it."""
    with reading(call.project()) as connection:
        bead = beads.find_bead(connection, identifier)
        above = _node(connection, bead, "", set(), 0)
        below = [_named(other) | {"type": kind} for kind, other in beads.dependents(connection, bead)]
    lines = list(_lines(above, 0))
    lines += ["needed by:"] * bool(below) + [f"  {_line(entry)}" for entry in below]
    output.result(call, above | {"dependents": below}, lines)


def find(call: output.Call, identifier: str) -> dict[str, Any]:
    """Return the bead that `identifier` names.

    Raises:
        RefusedError: `not_found`, `ambiguous`.
    """
    with reading(call.project()) as connection:
        return beads.find_bead(connection, identifier)


def holder_of(bead: dict[str, Any]) -> str:
    """Return the assignee of the bead, or who acknowledged it; empty without either."""
    return str(bead.get("assignee") or bead.get("acknowledged_by") or "")


def give(call: output.Call, kind: str, document: dict[str, Any], *, dry_run: bool) -> None:
    """Submit a command, and print its result."""
    call.submit(kind, document, dry_run=dry_run)


def parse_link(text: str) -> tuple[str, str]:
    """Return (type, id) of a link that is written `[TYPE:]ID`."""
    kind, mark, name = text.partition(":")
    return (kind, name) if mark and kind in LINK_TYPES else ("blocks", text)


def _node(connection: Any, bead: dict[str, Any], kind: str, seen: set[str], depth: int) -> dict[str, Any]:
    """Return a bead and what it depends on; where it comes again, or lies too deep, that is said in place of it."""
    entry = _named(bead) | ({"type": kind} if kind else {})
    if bead["id"] in seen:
        return entry | {"again": True}
    if depth == _DEEPEST:
        return entry | {"cut": True}
    seen.add(bead["id"])
    below = []
    for link in bead.get("dependencies", ()):
        other = beads.named(connection, link["on"])
        if other is None:
            below.append({"id": link["on"], "type": link["type"], "status": "not here", "title": ""})
        else:
            below.append(_node(connection, other, link["type"], seen, depth + 1))
    return entry | {"dependencies": below}


def _named(bead: dict[str, Any]) -> dict[str, Any]:
    return {"id": bead["id"], "status": bead["status"], "title": bead["title"]} | (
        {"external_id": bead["external_id"]} if "external_id" in bead else {}
    )


def _lines(entry: dict[str, Any], depth: int) -> Iterator[str]:
    yield "  " * depth + _line(entry)
    for below in entry.get("dependencies", ()):
        yield from _lines(below, depth + 1)


def _line(entry: dict[str, Any]) -> str:
    link = f"{entry['type']} " if "type" in entry else ""
    again = "  (see above)" if entry.get("again") else "  (more below it)" if entry.get("cut") else ""
    name = entry.get("external_id") or entry["id"]
    return f"{link}{output.one_line(name)}  [{entry['status']}]  {output.one_line(entry['title'])}{again}".rstrip()
