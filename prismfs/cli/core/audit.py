"""`prismfs log` and `prismfs audit`: the audit rows in order, searched, of bridges (R-000-70 to R-000-72), refused."""

import json
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from prismfs.cli import output
from prismfs.cli.instants import Comparison, Instant, within
from prismfs.errors import PrismfsError, UsageError
from prismfs.store import listing
from prismfs.store.reading import reading, resolve_id

_COLOURS = {"error": "red", "warn": "yellow"}
_PAUSE = 0.5  # seconds between two looks of `log --follow`


_BRIDGED = ("bridge.routed", "bridge.refused", "inbox.refused")
_REFUSED = ("command.refused", "inbox.refused")

AT_THE_DOOR = frozenset(
    {
        "ambiguous_target", "bridge_inbound_only", "bridge_off", "broadcast_refused", "cross_tenant", "empty_pid",
        "project_isolation", "unknown_pid",
    }
)  # fmt: skip
"""Codes of files that were refused because of the project or the bridge that they are for."""


@click.command("log", epilog="\b\nExample:\n  prismfs log inc-01k5\n  prismfs log --follow --json")
@click.argument("identifier", metavar="[ID]", required=False)
@click.option("--follow", is_flag=True, help="Go on printing rows as they come.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the newest so many.")
@output.verb()
def log(call: output.Call, identifier: str | None, follow: bool, limit: int | None) -> None:
    """Print the audit rows of the project, or those of the record whose id begins with ID."""
    root = call.project()
    with reading(root) as connection:
        where = {} if identifier is None else {"ref": resolve_id(connection, identifier)}
        texts, total = listing.find_documents(connection, "audit", where=where, limit=limit)
    rows = [json.loads(text) for text in reversed(texts)]
    if not follow:
        lines = [_line(row) for row in rows]
        if total > len(rows):
            lines.insert(0, f"({total - len(rows)} older rows; leave --limit out to see them)")
        output.result(call, {"items": rows, "total": total}, lines)
        return
    last = 0
    while True:
        for row in rows:
            output.stream(call, row, _line(row))
            last = max(last, row["number"])
        time.sleep(_PAUSE)
        with reading(root) as connection:
            texts, _ = listing.find_documents(connection, "audit", where=where, after=last)
        rows = [json.loads(text) for text in reversed(texts)]


@click.command(
    "audit",
    epilog="\b\nExample:\n  prismfs audit --action inbox.refused --since 2026-03-01\n"
    "  prismfs audit --entity incident --level error --since 2026-W10 --until 2026-W11\n"
    "  prismfs audit --refused --actor jade",
)
@click.option("--action", help="Only this action, such as incident.detected.")
@click.option("--level", type=click.Choice(["info", "warn", "error"]), help="Only this level.")
@click.option("--entity", help="Only rows about this record (its whole id), or about records of this kind.")
@click.option("--actor", help="Only rows of this identity.")
@click.option("--since", type=Instant(), help="Only rows from then on, as 2h (ago), 2026-03-01 or 2026-W10.")
@click.option("--until", type=Instant(), help="Only rows before then.")
@click.option(
    "--bridge", is_flag=True, help="Only what crossed a bridge, or was not let over; of all a tenant's projects."
)
@click.option(
    "--refused", is_flag=True, help="Only commands, files and commits that were refused; --actor is who gave them."
)
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def command(
    call: output.Call, since: datetime | None, until: datetime | None, bridge: bool, refused: bool, limit: int | None,
    **asked: str | None,
) -> None:  # fmt: skip
    """Print the audit rows that match, newest first; errors stand out in red on a terminal (R-002-52, R-002-54)."""
    compare = within("$.at", start=since, end=until)
    if bridge or refused:
        if asked.pop("action") is not None or (bridge and refused):
            raise UsageError("usage", "--bridge and --refused name their actions themselves", hint="leave the rest out")
        (_print_bridge if bridge else _print_refused)(call, compare=compare, limit=limit, **asked)
        return
    columns = {"action": "owner", "level": "status", "entity": "ref", "actor": "$.actor"}
    with reading(call.project()) as connection:
        if asked["entity"] is not None and listing.has_kind(connection, asked["entity"]):
            columns["entity"] = "$.entity_type"
        where = {columns[name]: value for name, value in asked.items() if value is not None}
        texts, total = listing.find_documents(connection, "audit", where=where, compare=compare, limit=limit)
    rows = [json.loads(text) for text in texts]
    lines = [_line(row) for row in rows]
    if total > len(rows):
        lines.append(f"{total - len(rows)} more; leave --limit out to see them")
    output.result(call, {"items": rows, "total": total}, lines or ["no row matches"])


def _line(row: dict[str, Any]) -> str:
    """Return one audit row as a line: when, what, who, about what, why; an error all in red, for it is to stand out."""
    action = click.style(f"{row['action']:28}", fg=_COLOURS.get(row["level"]))
    about = output.one_line(row["entity_id"])[:30]
    rest = f"{row['actor']:10}  {about:30}  {output.safe(row['reason'])}"
    if row["level"] == "error":
        return click.style(f"{row['at']}  {row['action']:28}  {rest}", fg=_COLOURS["error"], bold=True)
    return f"{row['at']}  {action}  {rest}"


def _print_bridge(call: output.Call, *, limit: int | None, compare: Sequence[Comparison], **wanted: str | None) -> None:
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
    lines = [output.table([_bridge_line(row) for row in shown], _COLUMNS)] if shown else ["no row matches"]
    if len(rows) > len(shown):
        lines.append(f"{len(rows) - len(shown)} more; leave --limit out to see them")
    output.result(call, {"items": shown, "total": len(rows)}, lines)


_COLUMNS = {
    "routed_at": "ROUTED_AT", "direction": "DIRECTION", "from": "FROM", "to": "TO", "type": "TYPE", "hash": "HASH",
    "views": "SEEN IN",
}  # fmt: skip


def _rows(root: Path, compare: Sequence[Comparison], wanted: dict[str, str | None]) -> list[dict[str, Any]]:
    found = _rows_of(root, _BRIDGED, compare, wanted, actor="$.actor")
    return [row for row in found if row["action"] != "inbox.refused" or row["meta"].get("code") in AT_THE_DOOR]


def _rows_of(
    root: Path, actions: Sequence[str], compare: Sequence[Comparison], wanted: dict[str, str | None], *, actor: str
) -> list[dict[str, Any]]:
    """Return the rows of `actions` that fulfil `compare`; `actor` is the member that says who."""
    columns = {"level": "status", "entity": "ref", "actor": actor}
    where = {columns[name]: value for name, value in wanted.items() if value is not None}
    found: list[dict[str, Any]] = []
    with reading(root) as connection:
        for action in actions:
            texts, _ = listing.find_documents(connection, "audit", where={**where, "owner": action}, compare=compare)
            found += map(json.loads, texts)
    return found


_REFUSED_COLUMNS = {
    "at": "WHEN", "by": "BY", "how": "KNOWN AS", "what": "WHAT", "code": "CODE", "more": "MORE", "message": "WHY",
}  # fmt: skip


def _print_refused(
    call: output.Call, *, limit: int | None, compare: Sequence[Comparison], **wanted: str | None
) -> None:
    """Print the refused commands, files and commits, newest first; MORE were refused alike and left no row."""
    found = _rows_of(call.project(), _REFUSED, compare, wanted, actor="$.meta.by")
    commits = _rows_of(call.project(), ("commit.observed",), compare, wanted, actor="$.meta.author")
    found += [row for row in commits if row["meta"]["refused"]]
    rows = sorted(found, key=lambda row: row["number"], reverse=True)
    shown = rows[:limit]
    lines = [output.table([_refused_line(row) for row in shown], _REFUSED_COLUMNS)] if shown else ["no row matches"]
    if len(rows) > len(shown):
        lines.append(f"{len(rows) - len(shown)} more; leave --limit out to see them")
    output.result(call, {"items": shown, "total": len(rows)}, lines)


def _refused_line(row: dict[str, Any]) -> dict[str, Any]:
    meta: dict[str, Any] = row["meta"]
    if row["action"] != "commit.observed":
        return meta | {"at": row["at"], "what": meta.get("verb") or meta.get("name")}
    return {
        "at": row["at"],
        "by": meta["author"],
        "how": "author",
        "what": f"commit {meta['commit'][:12]}",
        "code": ", ".join(sorted(set(meta["refused"].values()))),
        "message": ", ".join(meta["refused"]),
    }


def _bridge_line(row: dict[str, Any]) -> dict[str, Any]:
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
