"""How an incident is shown to people: how bad, where it stands, who has it, what is due; then every member."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from prismfs.cli import output

_WAITS = {
    "respond": "to be answered",
    "resolve": "to be resolved",
    "hop": "climbs by its age",
    "update": "status update",
    "promised": "promised update",
    "review": "review",
}
_HAPPENED = (
    ("started_at", "impact began"),
    ("detected_at", "detected"),
    ("responded_at", "answered"),
    ("mitigated_at", "mitigated"),
    ("resolved_at", "resolved"),
    ("review_stored_at", "review stored"),
    ("closed_at", "closed"),
)
_IN_THE_HEAD = frozenset({"timers", "severity_history", "notes", "due_at", "level", "owner", "missed"})


def print_incident(call: output.Call, identifier: str) -> None:
    """Print one incident: its document and its triage record with `--json`, else its head and then its members."""
    from prismfs.cli.show import record_with
    from prismfs.clock import SystemClock
    from prismfs.errors import RefusedError

    document, lines = record_with(call, identifier, with_member=("triage", "triage_record"), but=_IN_THE_HEAD)
    if document.get("kind") != "incident":
        raise RefusedError("not_found", "it is no incident", field="/id", hint=f"prismfs show {identifier}")
    output.result(call, document, [*head_of(document, SystemClock().now()), *lines])


def head_of(incident: dict[str, Any], now: datetime) -> list[str]:
    """Return the lines that say first what one asks first: severity, state, owner, what is due and how soon."""
    severity = incident.get("severity") or {}
    label = output.severity_style(severity.get("rank"), str(severity.get("label")))
    drill = "  drill" if incident.get("drill") else ""
    lines = [
        f"{click.style(str(incident.get('id')), bold=True)}  {label}  {incident.get('status')}{drill}",
        output.one_line(str(incident.get("title") or "")),
        f"with {incident.get('owner')} (level {incident.get('level', 'agent')}), "
        f"reports {incident.get('count', 1)}, reopened {incident.get('reopened', 0)}",
    ]
    return [*lines, "", *_due(incident, now), *_happened(incident), *_history(incident), *_notes(incident), ""]


def _due(incident: dict[str, Any], now: datetime) -> Iterator[str]:
    timers: dict[str, str] = incident.get("timers") or {}
    for name, at in sorted(timers.items(), key=lambda timer: timer[1]):
        left = datetime.fromisoformat(at).astimezone(UTC) - now
        said = f"{_span(left)} left" if left >= timedelta(0) else f"{_span(-left)} late"
        yield f"  due       {_WAITS.get(name, name).ljust(18)} {at}  {said}"
    for name in incident.get("missed") or ():
        yield f"  missed    {_WAITS.get(name, name)}"


def _happened(incident: dict[str, Any]) -> Iterator[str]:
    since = datetime.fromisoformat(incident["detected_at"]) if incident.get("detected_at") else None
    for name, said in _HAPPENED:
        at = incident.get(name)
        if not at:
            continue
        after = "" if since is None else datetime.fromisoformat(at) - since
        told = f"  {_span(after)} after its detection" if isinstance(after, timedelta) and after > timedelta(0) else ""
        yield f"  happened  {said.ljust(18)} {at}{told}"


def _history(incident: dict[str, Any]) -> Iterator[str]:
    for change in incident.get("severity_history") or ():
        before, after = (str((change.get(side) or {}).get("label")) for side in ("before", "after"))
        reason = output.one_line(str(change.get("reason")))
        yield f"  judged    {before} to {after} by {change.get('by')}  {change.get('at')}  {reason}"


def _notes(incident: dict[str, Any]) -> Iterator[str]:
    for note in incident.get("notes") or ():
        yield f"  remark    {note.get('by')}  {note.get('at')}  {output.one_line(str(note.get('text')))}"


def _span(wait: timedelta) -> str:
    """Return a span of time in its two largest units."""
    seconds = int(wait.total_seconds())
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")]
    told = [f"{number}{unit}" for number, unit in parts if number][:2]
    return " ".join(told) or "0s"
