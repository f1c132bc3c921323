"""`prismfs incident`: list and show incidents, and tell their life from the opening to the end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from prismfs.cli import output
from prismfs.cli.gates.api import phase
from prismfs.cli.instants import Instant, within
from prismfs.cli.listing import print_list
from prismfs.cli.response.incident_update import AT, PARTS, give, given
from prismfs.cli.show import record_with
from prismfs.errors import RefusedError, UsageError
from prismfs.records.instants import format_instant
from prismfs.store.reading import reading, resolve_id

_KEY = "The open one with this dedup key of its reporter; nothing happens where none has it."

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
_IN_THE_HEAD = frozenset({"timers", "severity_history", "notes", "due_at", "level", "owner", "missed", "roles"})


@click.group("incident", epilog="\b\nExample:\n  prismfs incident list --open")
def command() -> None:
    """List, show, triage, acknowledge and resolve incidents."""


@command.command("list", epilog="\b\nExample:\n  prismfs incident list --open --severity P0")
@click.option("--open", "only_open", is_flag=True, help="Only those whose fault may still be there.")
@click.option(
    "--severity",
    type=click.Choice(["P0", "P1", "P2", "P3"], case_sensitive=False),
    help="Only this severity.",
)
@click.option("--status", help="Only this status.")
@click.option("--level", help="Only those that this level of the chain has, such as support or coordination.")
@click.option("--owner", help="Only those of this owner.")
@click.option("--from", "start", type=Instant(), help="Only those detected from then on, as 2h (ago) or 2026-W10.")
@click.option("--to", "end", type=Instant(), help="Only those detected before then.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def list_(call: output.Call, level: str | None, start: datetime | None, end: datetime | None, **filters: Any) -> None:
    """List incidents, newest first; by status, level, severity, owner or time of detection (R-002-54)."""
    window = within("$.detected_at", start=start, end=end)
    print_list(call, "incident", members={"$.level|agent": level}, compare=window, words={"level": level}, **filters)


@command.command("show", epilog="\b\nExample:\n  prismfs incident show inc-01k5")
@click.argument("identifier", metavar="ID")
@output.verb()
def show(call: output.Call, identifier: str) -> None:
    """Show one incident: how bad, its owner, what is due and how soon; then its members and its triage record."""

    document, lines = record_with(call, identifier, with_member=("triage", "triage_record"), but=_IN_THE_HEAD)
    if document.get("kind") != "incident":
        raise RefusedError("not_found", "it is no incident", field="/id", hint=f"prismfs show {identifier}")
    output.result(call, document, [*head_of(document, call.now()), *lines])


@command.command(
    "triage",
    epilog='\b\nExample:\n  prismfs --as Clara incident triage inc-01k5 --severity P1 --reason "data is lost"',
)
@click.argument("identifier", metavar="ID")
@click.option("--severity", help="How urgent: a label of the project's incident scale, such as P1.")
@click.option(
    "--scope",
    type=click.Choice(["customer-internal", "prism-product", "mixed"]),
    help="Whose matter; only what is not customer-internal may ever leave.",
)
@click.option("--nature", help="What it is about, such as defect, regression, security or data_loss.")
@click.option("--reason", required=True, help="Why; it stands in the triage record.")
@output.verb(writes=True)
def triage(
    call: output.Call, identifier: str, severity: str | None, scope: str | None, nature: str | None, reason: str,
    dry_run: bool,
) -> None:  # fmt: skip
    """Judge an incident, or overrule the judgement that it has; the one before stays in the record.

    What is left out stays as it was judged, or as the rules proposed it. The incident manager may, and operators.
    """
    document = given({"severity": severity, "scope": scope, "nature": nature, "reason": reason})
    give(call, "triage", identifier, document, dry_run=dry_run)


@command.command("ack", epilog='\b\nExample:\n  prismfs --as Clara incident ack inc-01k5 --note "looking"')
@click.argument("identifier", metavar="[ID]", required=False)
@click.option("--key", help=_KEY)
@click.option("--note", default="", help="What you are doing about it.")
@AT
@output.verb(writes=True)
def ack(
    call: output.Call, identifier: str | None, key: str | None, note: str, at: datetime | None, dry_run: bool
) -> None:
    """Say that you answer for it; its escalation is not raised any more."""
    _give_by_key(call, "ack", identifier, key, note, at, dry_run=dry_run)


@command.command("resolve", epilog='\b\nExample:\n  prismfs --as Clara incident resolve inc-01k5 --note "rolled back"')
@click.argument("identifier", metavar="[ID]", required=False)
@click.option("--key", help=_KEY)
@click.option("--note", required=True, help="What made the fault go away.")
@AT
@output.verb(writes=True)
def resolve(
    call: output.Call, identifier: str | None, key: str | None, note: str, at: datetime | None, dry_run: bool
) -> None:
    """Say that the fault is gone; its escalation is closed and the reporter told."""
    _give_by_key(call, "resolve", identifier, key, note, at, dry_run=dry_run)


@command.command(
    "open",
    epilog="\b\nExample:\n"
    '  prismfs --as Cheryl incident open "Payments answer with errors" --severity P1 --started 2026-03-01T09:55Z\n'
    '  prismfs --as Cheryl incident open "Database is gone" --severity P0 --drill',
)
@click.argument("title")
@click.option("--severity", help="How urgent, as you judge it: a label of the project's incident scale, such as P1.")
@click.option("--nature", help="What it is about, such as outage, data_loss, security or defect.")
@click.option("--body", default="", help="What is seen; '-' reads standard input.")
@click.option("--started", type=Instant(), help="When the impact began, as 20m (ago) or 2026-03-01T10:00+01:00.")
@click.option("--workflow", help="The workflow that it affects.")
@click.option("--key", help="Its dedup key: the same key again is counted on the one that is open.")
@AT
@click.option("--drill", is_flag=True, help="A drill: marked in every message, and left out of every figure.")
@output.verb(writes=True)
def open_(
    call: output.Call, title: str, severity: str | None, nature: str | None, body: str, started: datetime | None,
    workflow: str | None, key: str | None, at: datetime | None, drill: bool, dry_run: bool,
) -> None:  # fmt: skip
    """Open an incident that you report yourself. With a severity it counts as judged, by you."""
    said: dict[str, Any] = {
        "subject": title,
        "body": output.read_body(body),
        "severity": severity,
        "nature": nature,
        "started_at": started and format_instant(started),
        "at": at and format_instant(at),
        "workflow": workflow,
        "dedup_key": key,
        "drill": drill or None,
    }
    give(call, "open", None, given(said), dry_run=dry_run)


@command.command(
    "mitigate", epilog='\b\nExample:\n  prismfs --as Clara incident mitigate inc-01k5 --note "rolled back"'
)
@click.argument("identifier", metavar="ID")
@click.option("--begin", is_flag=True, help="Somebody begins to work on less impact; nothing is mitigated yet.")
@click.option("--note", default="", help="What was done, or is; kept as a remark.")
@AT
@output.verb(writes=True)
def mitigate(call: output.Call, identifier: str, begin: bool, note: str, at: datetime | None, dry_run: bool) -> None:
    """Say that the impact is gone or bearable, though the cause may not be known yet."""
    document = given({"begin": begin, "note": note, "at": at and format_instant(at)})
    give(call, "mitigate", identifier, document, dry_run=dry_run)


@command.command(
    "reopen", epilog='\b\nExample:\n  prismfs --as Clara incident reopen inc-01k5 --reason "it fails again"'
)
@click.argument("identifier", metavar="ID")
@click.option("--reason", required=True, help="What is seen; kept as a remark.")
@output.verb(writes=True)
def reopen(call: output.Call, identifier: str, reason: str, dry_run: bool) -> None:
    """Say that the fault is back, or that a false alarm was none; targets go on from its detection."""
    give(call, "reopen", identifier, {"reason": reason}, dry_run=dry_run)


@command.command(
    "close",
    epilog="\b\nExample:\n  prismfs --as Clara incident close inc-01k5\n"
    '  prismfs --as Clara incident close inc-01k5 --false-positive --reason "the probe was wrong"',
)
@click.argument("identifier", metavar="ID")
@click.option("--reason", default="", help="Why; needed for a false alarm.")
@click.option("--false-positive", is_flag=True, help="There was no fault at all; it may still be open.")
@output.verb(writes=True)
def close(call: output.Call, identifier: str, reason: str, false_positive: bool, dry_run: bool) -> None:
    """Close an incident that is resolved. What was P0 or P1 at its worst needs a stored review first."""
    document = {"reason": reason, "false_positive": false_positive}
    give(call, "close", identifier, document, dry_run=dry_run)


@command.command("merge", epilog="\b\nExample:\n  prismfs --as Clara incident merge inc-01k5 --into inc-01k4")
@click.argument("identifier", metavar="ID")
@click.option("--into", required=True, metavar="OTHER", help="The incident that stands for both from then on.")
@output.verb(writes=True)
def merge(call: output.Call, identifier: str, into: str, dry_run: bool) -> None:
    """Say that an incident is the same fault as another one; the worse severity of the two holds."""
    with reading(call.project()) as connection:
        other = resolve_id(connection, into)
    give(call, "merge", identifier, {"into": other}, dry_run=dry_run)


def head_of(incident: dict[str, Any], now: datetime) -> list[str]:
    """Return the lines that say first what one asks first: severity, state, owner, what is due and how soon."""
    severity = incident.get("severity") or {}
    label = output.severity_style(severity.get("rank"), str(severity.get("label")))
    has_it, owner = _responder(incident), incident.get("owner")
    owned = "" if has_it == owner else f", owner {owner}"
    drill = "  drill" if incident.get("drill") else ""
    lines = [
        f"{click.style(str(incident.get('id')), bold=True)}  {label}  {incident.get('status')}{drill}",
        output.one_line(str(incident.get("title") or "")),
        f"with {has_it} (level {incident.get('level', 'agent')}{owned}), "
        f"reports {incident.get('count', 1)}, reopened {incident.get('reopened', 0)}",
    ]
    held = [
        f"  {each['role']}".ljust(20) + f"{each['identity']}, since {each['since']}"
        for each in incident.get("roles") or ()
    ]
    return [*lines, *held, "", *_due(incident, now), *_happened(incident), *_history(incident), *_notes(incident), ""]


def _responder(incident: dict[str, Any]) -> Any:
    lead = next((each["identity"] for each in incident.get("roles") or () if each.get("leads")), None)
    return lead or incident.get("acknowledged_by") or incident.get("owner")


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
    for remark in incident.get("notes") or ():
        yield f"  remark    {remark.get('by')}  {remark.get('at')}  {output.one_line(str(remark.get('text')))}"


def _span(wait: timedelta) -> str:
    """Return a span of time in its two largest units."""
    seconds = int(wait.total_seconds())
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")]
    told = [f"{number}{unit}" for number, unit in parts if number][:2]
    return " ".join(told) or "0s"


def _give_by_key(
    call: output.Call,
    verb: str,
    identifier: str | None,
    key: str | None,
    note: str,
    at: datetime | None,
    *,
    dry_run: bool,
) -> None:
    if (identifier is None) == (key is None):
        raise UsageError("usage", "name the incident by its ID or by --key, one of the two")
    document = given({"note": note, "key": key, "at": at and format_instant(at)})
    give(call, verb, identifier, document, dry_run=dry_run)


for _part in (*PARTS, phase):
    command.add_command(_part)
