"""The banner of active incidents: severity, status, who has it and how long its target is off (R-002-51, R-002-53)."""

import sqlite3
from typing import Any

import click

from prismfs.cli import output
from prismfs.engine.metrics.incidents_now import Active, read_active
from prismfs.engine.metrics.spans import format_seconds

MOST = 5
"""Incidents that the banner names; the rest is a number."""

_SOON = 5 * 60
"""Seconds before its target from which on an incident stands out."""


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
