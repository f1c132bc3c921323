"""`prismfs list`: the records of one kind, from the projection."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import click

from prismfs.cli import output
from prismfs.store import listing
from prismfs.store.reading import reading

_KINDS = (
    "signal",
    "incident",
    "job",
    "pause",
    "triage_record",
    "phone_home",
    "approval",
    "artifact",
    "decision",
    "bead",
    "outbox",
    "silence",
    "inhibition",
    "group",
    "mail",
    "todo",
    "journal",
    "kb",
    "persona",
    "audit",
    "project",
    "policy",
    "triage",
    "escalation",
    "routing",
    "fingerprint",
    "tracker",
    "workflow",
    "consent",
    "redaction",
)
_RANKS = {"P0": 0, "P1": 1, "P2": 2, "P3": 3, "CRITICAL": 0, "HIGH": 1, "MEDIUM": 2, "LOW": 3}


@click.command(
    "list",
    epilog="\b\nExample:\n  prismfs list incident --open --severity P1\n  prismfs list mail --owner mayor --json",
)
@click.argument("kind", type=click.Choice(_KINDS), metavar="KIND")
@click.option("--status", help="Only this status.")
@click.option("--open", "only_open", is_flag=True, help="Only open ones.")
@click.option("--severity", type=click.Choice(list(_RANKS), case_sensitive=False), help="Only this severity.")
@click.option("--owner", help="Only this owner: addressee of a mail, tier of a bead, sender of a signal.")
@click.option("--ref", help="Only those about this record.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def command(call: output.Call, kind: str, limit: int | None, **filters: Any) -> None:
    """List the records of KIND, newest first: signal, incident, bead, outbox, mail, todo, journal, kb, …"""
    print_list(call, kind, limit=limit, **filters)


def print_list(
    call: output.Call,
    kind: str,
    *,
    status: str | None = None,
    only_open: bool = False,
    severity: str | None = None,
    owner: str | None = None,
    ref: str | None = None,
    members: Mapping[str, str | None] | None = None,
    compare: Sequence[tuple[str, Literal["<", ">="], str]] = (),
    limit: int | None = None,
) -> None:
    """Print a listing; `--json` gives whole records, the table a line each.

    `members` and `compare` are further conditions, as `store.listing.find_documents` takes them.
    """
    where: dict[str, object | None] = {"status": status, "owner": owner, "ref": ref, **(members or {})}
    where = {column: value for column, value in where.items() if value is not None}
    if only_open:
        where["open"] = 1
    if severity is not None:
        where["rank"] = _RANKS[severity.upper()]
    with reading(call.project()) as connection:
        texts, total = listing.find_documents(connection, kind, where=where, compare=compare, limit=limit)
    if call.as_json:
        head = json.dumps({"schema": output.SCHEMA, "ok": True})[:-1]
        print(f'{head}, "data": {{"items": [{", ".join(texts)}], "total": {total}}}}}')
        return
    rows = [row_of(kind, json.loads(text)) for text in texts]
    if not rows:
        click.echo(f"no {kind} matches")
        return
    columns = {name: name.upper() for name in dict.fromkeys(name for row in rows for name in row)}
    click.echo(output.table(rows, columns))
    if total > len(rows):
        click.echo(f"{total - len(rows)} more; leave --limit out to see them")


def row_of(kind: str, document: dict[str, Any]) -> dict[str, Any]:
    """Return what a table shows of one record."""
    severity = document.get("severity")
    row: dict[str, Any] = {"id": document.get("id") or document.get("name") or document.get("identity") or kind}
    if isinstance(severity, dict):
        row["severity"] = output.severity_style(severity.get("rank"), str(severity.get("label")))
    for name in ("status", "lane", "level", "action", "to", "tier", "owner", "held_by", "ends_at"):
        if document.get(name) is not None:
            row[name] = document[name]
    if document.get("matchers"):
        row["matchers"] = " ".join(document["matchers"])
    if kind == "artifact":
        row |= {"phase": document["phase"], "revision": document.get("revision", 1), "about": document["about"]}
    for name in ("title", "subject", "reason", "job"):
        if document.get(name) is not None:
            row["what"] = document[name]
            break
    if kind == "triage_record":
        judged = document.get("classification") or {}
        row |= {
            "incident": document["incident"],
            "scope": judged.get("scope") or "-",
            "what": judged.get("reason") or "-",
        }
    return row
