"""`prismfs audit --bridge`: what crossed between projects, and what was not let over (R-000-70 to R-000-72)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from prismfs.cli import output
from prismfs.cli.instants import Comparison
from prismfs.errors import PrismfsError
from prismfs.store import listing
from prismfs.store.reading import reading

_ACTIONS = ("bridge.routed", "bridge.refused", "inbox.refused")

AT_THE_DOOR = frozenset(
    {
        "ambiguous_target", "bridge_inbound_only", "bridge_off", "broadcast_refused", "cross_tenant", "empty_pid",
        "project_isolation", "unknown_pid",
    }
)  # fmt: skip
"""Codes of files that were refused because of the project or the bridge that they are for."""


def print_bridge(call: output.Call, *, limit: int | None, compare: Sequence[Comparison], **wanted: str | None) -> None:
    """Print the rows of bridges that fulfil `compare`, newest first.

    In a tenant's folder those of every project that can be read. A row that two projects hold is printed once, with
    both in `views`.
    """
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    roots = call.projects()
    for root in roots:
        try:
            rows = _rows(root, compare, wanted)
        except PrismfsError as error:
            if len(roots) == 1:
                raise
            click.echo(f"note: {output.safe(str(error.problem.at(str(root))))}", err=True)
            continue
        for row in rows:
            # An arrival is the same row in both projects; everything else is of one of them.
            key = (row["action"], row["entity_id"], None if row["action"] == "bridge.routed" else row["id"])
            found.setdefault(key, {**row, "views": []})["views"].append(root.name)
    rows = sorted(found.values(), key=lambda row: (row["at"], row["number"]), reverse=True)
    shown = rows[:limit]
    lines = [output.table([_line(row) for row in shown], _COLUMNS)] if shown else ["no row matches"]
    if len(rows) > len(shown):
        lines.append(f"{len(rows) - len(shown)} more; leave --limit out to see them")
    output.result(call, {"items": shown, "total": len(rows)}, lines)


_COLUMNS = {
    "routed_at": "ROUTED_AT", "direction": "DIRECTION", "from": "FROM", "to": "TO", "type": "TYPE", "hash": "HASH",
    "views": "SEEN IN",
}  # fmt: skip


def _rows(root: Path, compare: Sequence[Comparison], wanted: dict[str, str | None]) -> list[dict[str, Any]]:
    columns = {"level": "status", "entity": "ref", "actor": "$.actor"}
    where = {columns[name]: value for name, value in wanted.items() if value is not None}
    found: list[dict[str, Any]] = []
    with reading(root) as connection:
        for action in _ACTIONS:
            texts, _ = listing.find_documents(connection, "audit", where={**where, "owner": action}, compare=compare)
            found += map(json.loads, texts)
    return [row for row in found if row["action"] != "inbox.refused" or row["meta"].get("code") in AT_THE_DOOR]


def _line(row: dict[str, Any]) -> dict[str, Any]:
    meta = row["meta"]
    refused = meta.get("code")
    return {
        "routed_at": meta.get("routed_at") or row["at"],
        "direction": meta.get("direction") or f"refused: {refused}",
        "from": "@".join(meta[name] for name in ("from", "from_pid") if meta.get(name)),
        "to": "@".join(meta[name] for name in ("to", "to_pid") if meta.get(name)),
        "type": meta.get("signal_type"),
        "hash": str(meta.get("payload_hash") or meta.get("sha256") or "")[:12],
        "views": ", ".join(row["views"]),
    }
