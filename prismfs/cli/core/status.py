"""`prismfs status` and `prismfs prime`: where the project, or one record, stands, and what waits for an answer.

At the top stands the banner of active incidents: severity, status, who has it, how far its target is off (R-002-51,
R-002-53).
"""

import json
import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any

import click

from prismfs.cli import output
from prismfs.cli.core.status_detail import read_status_detail
from prismfs.cli.sender import own_pid, sender_text, with_sender
from prismfs.engine.admin.isolation import isolation_of
from prismfs.engine.metrics.facts import format_seconds, instant_of
from prismfs.engine.metrics.incidents_now import Active, read_active
from prismfs.errors import PrismfsError
from prismfs.store import listing
from prismfs.store.reading import reading, resolve_id

MOST = 5
"""Incidents that the banner names; the rest is a number."""

_SOON = 5 * 60
"""Seconds before its target from which on an incident stands out."""


@click.command("status", epilog="\b\nExample:\n  prismfs status\n  prismfs status sig-01k5")
@click.argument("identifier", metavar="[ID]", required=False)
@output.verb()
def command(call: output.Call, identifier: str | None = None) -> None:
    """Say what is open, undelivered, refused and due; with ID, where that record stands.

    In a tenant's folder every project is told of.
    """
    if identifier is not None:
        with reading(call.project()) as connection:
            data = read_status_detail(connection, resolve_id(connection, identifier))
        output.result(call, data, _record_lines(data))
        return
    found = []
    for root in call.projects():
        with reading(root) as connection:
            found.append(_project(root, connection))
    if len(found) == 1:
        output.result(call, found[0], _project_lines(found[0]))
    else:
        lines = [line for data in found for line in (*_project_lines(data), "")]
        output.result(call, {"items": found, "total": len(found)}, lines)


@click.command("prime", epilog="\b\nExample:\n  prismfs prime")
@output.verb()
def prime(call: output.Call) -> None:
    """Print the escalations that wait for an answer, grouped by severity, the most urgent first (R-004-20)."""
    with reading(call.project()) as connection:
        where: dict[str, object] = {"status": "open", "type": "escalation"}
        texts, _ = listing.find_documents(connection, "bead", where=where, newest_first=False)
        pid = own_pid(connection)
    beads = sorted(
        (with_sender(json.loads(text), pid) for text in texts), key=lambda bead: (bead["severity"]["rank"], bead["id"])
    )
    groups: dict[str, list[dict[str, Any]]] = {}
    for bead in beads:
        groups.setdefault(bead["severity"]["label"], []).append(bead)
    now = int(time.time() * 1000)
    many = "1 escalation waits" if len(beads) == 1 else f"{len(beads) or 'no'} escalations wait"
    lines = [f"{many} for an answer"]
    for label, group in groups.items():
        lines.append(f"{output.severity_style(group[0]['severity']['rank'], label)} ({len(group)})")
        for bead in group:
            said = f"{sender_text(bead)}: {bead['title']}"
            age = format_seconds((now - instant_of(bead["created_at"])) // 1000)
            waits = f"{age:>7}  {_next_raise(bead.get('due_at'), now)}"
            lines.append(f"  {bead['id']}  {bead['tier']:10}  {waits}  {output.safe(said)}")
    if beads:
        lines.append("answer: prismfs escalate ack ID, then close ID --reason, or forward ID --reason")
    output.result(call, {"items": beads, "total": len(beads)}, lines)


def _next_raise(due_at: str | None, now: int) -> str:
    """Return how far off the next raise is, as of `now` (ms since 1970); what is overdue stands out."""
    if due_at is None:
        return f"{'not raised again':18}"
    left = (instant_of(due_at) - now) // 1000
    if left < 0:
        return click.style(f"{'overdue ' + format_seconds(-left):18}", fg="red", bold=True)
    return f"{'next in ' + format_seconds(left):18}"


def read_banner(connection: sqlite3.Connection, *, at: int) -> dict[str, Any]:
    """Return the most urgent open incidents as of `at` (ms since 1970), at most `MOST`, and how many there are."""
    items = read_active(connection, at=at)
    return {"items": items[:MOST], "total": len(items)}


def banner_lines(found: dict[str, Any]) -> list[str]:
    """Return the banner as lines, the most urgent first; none where nothing is open."""
    items, more = found["items"], found["total"] - len(found["items"])
    if not items:
        return []
    many = "1 incident is open" if found["total"] == 1 else f"{found['total']} incidents are open"
    lines = [click.style(many, bold=True), *map(_line, items)]
    return [*lines, *([f"  and {more} more: prismfs incident list --open"] if more else []), ""]


def _line(item: Active) -> str:
    severity = output.severity_style(item["rank"], f"{item['severity']:4}")
    who = item["responder"] + ("" if item["acknowledged"] else " (not acknowledged)")
    drill = " drill" if item["drill"] else ""
    cells = (f"{item['status']:10}", f"{item['level']:12}", f"{who:28}")
    told = "  ".join(output.one_line(cell) for cell in cells)
    return f"  {severity}  {told}  {_target(item)}  {item['id']}{drill}  {_short(item['title'])}"


def _target(item: Active) -> str:
    left = item["left_seconds"]
    if left is None:
        return f"{'no target':26}"
    if left <= 0:
        return click.style(f"{item['target']} {format_seconds(-left)} overdue".ljust(26), fg="red", bold=True)
    said = f"{item['target']} in {format_seconds(left)}".ljust(26)
    return click.style(said, fg="yellow") if left <= _SOON else said


def _short(title: str) -> str:
    said = output.one_line(title)
    return said if len(said) <= 60 else f"{said[:59]}…"


def _record_lines(data: dict[str, Any]) -> list[str]:
    """Return a short table; the status is left out where it says no more than the stage."""
    shown = {name: value for name, value in data.items() if value}
    if shown.get("status") == shown.get("stage"):
        shown.pop("status", None)
    width = max(map(len, shown))
    return [f"{name.replace('_', ' '):{width}}  {output.one_line(_text(value))}" for name, value in shown.items()]


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _project(root: Path, connection: sqlite3.Connection) -> dict[str, Any]:
    counts = listing.count_by_status(connection)
    project = json.loads(listing.read_document(connection, "project") or "{}")

    def number(kind: str, *statuses: str) -> int:
        return sum(count for name, status, _, count in counts if name == kind and status in statuses)

    def escalations(status: str) -> int:
        where: dict[str, object] = {"type": "escalation", "status": status}
        return listing.find_documents(connection, "bead", where=where, limit=0)[1]

    watcher = _watcher(root)
    return {
        "pid": project.get("pid"),
        "path": str(root),
        "active_incidents": read_banner(connection, at=int(time.time() * 1000)),
        "incidents_open": sum(count for name, _, is_open, count in counts if name == "incident" and is_open),
        "escalations_open": escalations("open"),
        "escalations_acknowledged": escalations("acknowledged"),
        "work_open": number("bead", "open", "in_progress", "blocked", "deferred") - escalations("open"),
        "signals_unclassified": number("signal", "unclassified"),
        "signals_asked": number("signal", "asked"),
        "undelivered": number("outbox", "pending", "sending", "unknown", "failed", "dead", "not_configured"),
        "held_back": number("outbox", "held"),
        "silences": number("silence", "active", "pending"),
        "todos_open": number("todo", "open"),
        "triages_waiting": number("triage_record", "waiting"),
        "gates_waiting": number("artifact", "presented"),
        "issues_to_review": number("phone_home", "pending_operator_review"),
        "issues_not_sent": number("phone_home", "approved", "shipping", "failed"),
        "waiting_in_inbox": _count(root / "inbox"),
        "in_quarantine": _count(root / "quarantine", suffix=".reason.yaml"),
        "next_due": min(filter(None, map(partial(listing.read_next_due, connection), (None, "outbox"))), default=None),
        "isolation": isolation_of(root).form,
        "tenant": _tenant(root, project),
        "sharing": _sharing(watcher),
        "watcher": watcher,
    }


def _tenant(root: Path, project: dict[str, Any]) -> dict[str, Any] | None:
    """Return the home that the project names, and why nothing crosses to it; None where it names none."""
    if not isinstance(project.get("home"), dict):
        return None
    from prismfs.engine.tenant.tenancy import find_tenancy  # here: most projects have none

    try:
        tenancy = find_tenancy(root)
        problem = None if tenancy is None else tenancy.problem_with(project["pid"])
    except PrismfsError as error:
        problem = error.problem
    said = None if problem is None else {**problem.as_document(), "said": str(problem)}
    return {"home": project["home"]["pid"], "problem": said}


def _project_lines(data: dict[str, Any]) -> list[str]:
    watcher = data["watcher"]
    said = "not running"
    if watcher is not None:
        said = output.one_line(f"{watcher['state']} (process {watcher['process_id']}, {watcher['at']})")
    lines = [f"{data['pid']}  {data['path']}", f"watcher: {said}"]
    for name, value in data.items():
        if isinstance(value, int) and value:
            lines.append(f"{value:6}  {name.replace('_', ' ')}")
    if len(lines) == 2:
        lines.append("nothing is open")
    if data["next_due"]:
        lines.append(f"next due: {data['next_due']}")
    if data["sharing"] is not None:
        lines.append(output.one_line("not shared since {since}: {message} [{code}]".format_map(data["sharing"])))
    if data["tenant"] is not None and (problem := data["tenant"]["problem"]) is not None:
        said = f"nothing crosses to {data['tenant']['home']}: {problem['said']} [{problem['code']}]"
        lines.append(output.one_line(said))
    return [*banner_lines(data["active_incidents"]), *lines]


def _watcher(root: Path) -> dict[str, Any] | None:
    try:
        health = json.loads((root / "run" / "health.json").read_text())
    except (OSError, ValueError):
        return None
    return health if isinstance(health, dict) and {"state", "process_id", "at"} <= health.keys() else None


def _sharing(watcher: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what keeps the watcher from sharing the project, and `since` when; None where nothing does."""
    found = None if watcher is None else watcher.get("sharing")
    return found if isinstance(found, dict) and {"since", "code", "message"} <= found.keys() else None


def _count(folder: Path, suffix: str = "") -> int:
    try:
        return sum(1 for entry in folder.iterdir() if entry.name.endswith(suffix) and not entry.name.startswith("."))
    except OSError:
        return 0
