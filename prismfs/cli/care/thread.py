"""A conversation: a signal, what answers it, and what was written to its sender, as this project has it."""

import json
import sqlite3
from typing import Any

import click

from prismfs.cli import output
from prismfs.records.stage import stage_order
from prismfs.store import listing


def read_thread(connection: sqlite3.Connection, identifier: str) -> list[dict[str, Any]]:
    """Return the signals and mails of the conversation that the signal `identifier` belongs to, oldest first.

    Answers stay mails where the sender is of this project; over a bridge they are signals, whose copies in a
    mailbox are left out. Nothing is marked as read (R-000-13).

    Raises:
        RefusedError: `not_found`; it is no signal.
    """
    found = _signal(connection, identifier)
    root = found.get("thread_id") or found["id"]
    begun = listing.read_document(connection, root)
    texts, _ = listing.find_documents(connection, "signal", where={"$.thread_id": root}, newest_first=False)
    signals = [json.loads(text) for text in ((begun,) if begun else ()) + texts]
    entries = {signal["id"]: signal for signal in signals}
    for signal in signals:
        for about in filter(None, (signal["id"], signal.get("incident"))):
            mails, _ = listing.find_documents(connection, "mail", where={"ref": about, "owner": signal["from"]})
            entries |= {mail["id"]: mail for mail in map(json.loads, mails) if mail["type"] == "reply"}
    return sorted(entries.values(), key=_order)


def print_thread(call: output.Call, identifier: str) -> None:
    """Print the conversation: an object with `--json`, else each message with its text indented."""
    from prismfs.store.reading import reading, resolve_id

    with reading(call.project()) as connection:
        entries = read_thread(connection, resolve_id(connection, identifier))
    lines = [line for entry in entries for line in _shown(entry)]
    output.result(call, {"items": entries, "total": len(entries)}, lines)


def _order(entry: dict[str, Any]) -> tuple[str, int, str]:
    """Return what entries are sorted by: what answers a signal in the same turn has its time, in steps of the desk."""
    told = entry.get("progress")
    answers = told is not None and entry.get("in_reply_to") is not None
    if entry["kind"] == "signal" and not answers:
        return entry["created_at"], -2, entry["id"]
    return entry["created_at"], stage_order(told["stage"]) if told else -1, entry["id"]


def _signal(connection: sqlite3.Connection, identifier: str) -> dict[str, Any]:
    from prismfs.errors import RefusedError

    found: dict[str, Any] = json.loads(listing.read_document(connection, identifier) or "{}")
    if found.get("kind") != "signal":
        raise RefusedError("not_found", f"no signal {identifier}", field="ID", hint="prismfs signal list")
    return found


def _shown(entry: dict[str, Any]) -> list[str]:
    sender = entry["from"] + (f"@{entry['from_pid']}" if entry.get("from_pid") else "")
    to = entry["to"] + (f"@{entry['to_pid']}" if entry.get("to_pid") else "")
    head = f"{entry['created_at']}  {sender} to {to}  {entry['type']}, {entry['status']}"
    body = [f"  {line}".rstrip() for line in output.safe(entry.get("body") or "").rstrip().splitlines()]
    name = click.style(output.safe(entry["id"]), bold=True)
    return [f"{name}  {output.safe(head)}", output.one_line(entry["subject"]), *body, ""]
