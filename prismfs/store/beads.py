"""What listings ask of beads: which are ready, what depends on what. Plain JSON from the projection, no models."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from prismfs.errors import RefusedError
from prismfs.records.links import Node, blockers
from prismfs.store import listing
from prismfs.store.reading import resolve_id

ESCALATION = "escalation"
USUAL_PRIORITY = 2
"""What a work item that names no priority has: a file leaves out what is its default."""

Bead = dict[str, Any]


class Graph:
    """The beads of a listing as a graph of links, by their ids and by those that imported ones have elsewhere."""

    def __init__(self, beads: Iterable[Bead]) -> None:
        self._beads: dict[str, Bead] = {}
        for bead in beads:
            self._beads[bead["id"]] = bead
            if "external_id" in bead:
                self._beads.setdefault(bead["external_id"], bead)

    def find(self, name: str) -> Node | None:
        """Return the bead that `name` names, None where it is not in the listing."""
        bead = self._beads.get(name)
        return None if bead is None else node_of(bead)


def node_of(bead: Bead) -> Node:
    """Return `bead` as a node of the graph of links."""
    status = bead["status"]
    links = tuple((link["type"], link["on"]) for link in bead.get("dependencies", ()))
    return Node(id=bead["id"], open=status != "closed", held=status == "blocked", on=links)


def ready(connection: sqlite3.Connection) -> list[Bead]:
    """Return the open work items that nothing open blocks, by priority and then by age (R-004-19)."""
    texts, _ = listing.find_documents(connection, "bead", where={"open": 1})
    beads = [json.loads(text) for text in texts]
    graph = Graph(beads)
    found = [
        bead
        for bead in beads
        if bead["type"] != ESCALATION and bead["status"] == "open" and not blockers(node_of(bead), graph.find)
    ]
    found.sort(key=lambda bead: (priority_of(bead), bead["created_at"], bead["id"]))
    return found


def find_bead(connection: sqlite3.Connection, text: str) -> Bead:
    """Return the bead that `text` names: the id that an imported one has elsewhere, or the beginning of its own.

    Raises:
        RefusedError: `not_found`, `ambiguous`.
    """
    bead = named(connection, text.encode(errors="replace").decode())
    if bead is None:
        document = json.loads(listing.read_document(connection, resolve_id(connection, text)) or "{}")
        bead = document if document.get("kind") == "bead" else None
    if bead is None:
        raise RefusedError("not_found", f"no bead {text[:60]}", field="ID", hint="prismfs bead list --all")
    return bead


def named(connection: sqlite3.Connection, name: str) -> Bead | None:
    """Return the bead with this whole id, its own or the one it has elsewhere; None where there is none."""
    query = "SELECT document FROM record WHERE kind = 'bead' AND id = ? UNION ALL SELECT document FROM record "
    query += "WHERE kind = 'bead' AND ref = ?"
    for (text,) in connection.execute(query, (name, name)):
        bead: Bead = json.loads(text)
        if name in (bead["id"], bead.get("external_id")):
            return bead
    return None


def dependents(connection: sqlite3.Connection, bead: Bead) -> list[tuple[str, Bead]]:
    """Return (type of link, bead) for every bead with a link on `bead`, oldest first."""
    names = {bead["id"], bead.get("external_id", bead["id"])}
    query = (
        "SELECT DISTINCT record.id, document FROM record, json_each(document, '$.dependencies') AS link "
        "WHERE kind = 'bead' AND json_extract(link.value, '$.on') IN (?, ?) ORDER BY record.id"
    )
    found = [json.loads(text) for _, text in connection.execute(query, (min(names), max(names)))]
    return [(link["type"], other) for other in found for link in other["dependencies"] if link["on"] in names]


def priority_of(bead: Bead) -> int:
    """Return the priority, 0 to 4; of an escalation the rank of its severity."""
    if bead["type"] == ESCALATION:
        return int(bead["severity"]["rank"])
    return int(bead.get("priority", USUAL_PRIORITY))
