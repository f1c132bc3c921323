"""`prismfs nudge` and `prismfs heartbeat`: short notes between agents that are at work now, and who is (R-004-34).

Both stand outside of git.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from prismfs.cli import output
from prismfs.cli.instants import Length, format_age
from prismfs.errors import ForbiddenError, Problem
from prismfs.records.instants import format_instant

if TYPE_CHECKING:
    from datetime import timedelta

    from prismfs.delivery.nudges.forms import Nudge
    from prismfs.delivery.nudges.queue import NudgeQueue


@click.group("nudge", epilog='\b\nExample:\n  prismfs --as deacon nudge send mayor "the build waits for you"')
def command() -> None:
    """Send, claim and finish short notes. They make no commit and expire; for what must stay, send a mail."""


@command.command("send", epilog='\b\nExample:\n  prismfs --as deacon nudge send mayor "the build waits" --ttl 30m')
@click.argument("to")
@click.argument("text")
@click.option("--ttl", type=Length(), default="1h", help="For how long it is worth reading, such as 15m.")
@output.verb(writes=True)
def send(call: output.Call, to: str, text: str, ttl: timedelta, dry_run: bool) -> None:
    """Leave TEXT (- reads standard input) for TO, who gets it by `nudge claim`."""
    from prismfs.delivery.nudges.forms import Nudge
    from prismfs.delivery.nudges.queue import SENDER, new_expiry
    from prismfs.records.ids import derive_id

    now = call.now()
    if call.actor().casefold() == SENDER:
        raise ForbiddenError("reserved_identity", f"{SENDER} is the engine's own name", field="/from", hint="--as NAME")
    nudge = Nudge.from_document(
        {
            "id": derive_id("nud", now, cause=uuid.uuid4().hex),
            "from": call.actor(),
            "to": to,
            "text": output.read_body(text),
            "at": format_instant(now),
            "expires_at": format_instant(new_expiry(now, ttl)),
        }
    )
    call.project()  # a rehearsal wants one as well
    if not dry_run:
        _queue(call).send(nudge, now)
    line = f"{'would send' if dry_run else 'sent'} {nudge.id} to {to}, until {format_instant(nudge.expires_at)}"
    output.result(call, {"nudge": nudge.to_document(), "dry_run": dry_run}, line)


@command.command("claim", epilog="\b\nExample:\n  prismfs --as mayor nudge claim --limit 1 --json")
@click.option("--for", "identity", help="Whose nudges (default: the acting identity's).")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, oldest first.")
@click.option(
    "--process",
    type=click.IntRange(min=1, max=999_999_999),
    help="The process id of who works on them: they go back at once when it has gone.",
)
@output.verb(writes=True)
def claim(call: output.Call, identity: str | None, limit: int | None, process: int | None, dry_run: bool) -> None:
    """Print the nudges to you and claim them. What is not `nudge done` in five minutes goes back."""
    queue, now, owner = _queue(call), call.now(), identity or call.actor()
    if dry_run:
        entries, problems = queue.look(now, owner)
        waiting = [entry.nudge for entry in entries if entry.state in ("waiting", "orphaned")]
        nudges, left = tuple(waiting[:limit]), len(waiting[limit:] if limit else ())
    else:
        claims = queue.claim(owner, now, process=process, limit=limit)
        nudges, left, problems = claims.nudges, claims.left, claims.problems
    lines = [line for nudge in nudges for line in _shown(nudge)] or ["no nudge waits"]
    if left:
        lines.append(f"up to {left} more; leave --limit out to claim them")
    data = {
        "items": [nudge.to_document() for nudge in nudges],
        "total": len(nudges) + left,
        "problems": _problems(call, problems),
        "dry_run": dry_run,
    }
    output.result(call, data, lines)


@command.command("done", epilog="\b\nExample:\n  prismfs --as mayor nudge done nud-01k5")
@click.argument("identifier", metavar="ID")
@click.option("--for", "identity", help="Whose nudge (default: the acting identity's).")
@output.verb(writes=True)
def done(call: output.Call, identifier: str, identity: str | None, dry_run: bool) -> None:
    """Say that a claimed nudge is dealt with: it is not handed out again. A second time changes nothing."""
    queue, owner = _queue(call), identity or call.actor()
    found, changed = queue.done(owner, identifier.strip().lower(), call.now(), dry_run=dry_run)
    line = f"{'would be done' if dry_run else 'done'}: {found}"
    line = line if changed else f"nothing to do: {found} was done before"
    output.result(call, {"id": found, "changed": changed, "dry_run": dry_run}, line)


@command.command("list", epilog="\b\nExample:\n  prismfs nudge list --for mayor")
@click.option("--for", "identity", help="Only those to this identity.")
@output.verb()
def list_(call: output.Call, identity: str | None) -> None:
    """List the nudges of everybody, oldest first, and what became of them so far; claims nothing."""

    now = call.now()
    entries, problems = _queue(call).look(now, identity)
    items: list[dict[str, Any]] = []
    for entry in entries:
        claimed_at = None if entry.claimed_at is None else format_instant(entry.claimed_at)
        items.append({**entry.nudge.to_document(), "state": entry.state, "claimed_at": claimed_at})
    columns = {name: name.upper() for name in ("id", "state", "from", "to", "age", "text")}
    rows = [item | {"age": format_age(item["at"], now)} for item in items]
    text = output.table(rows, columns) if rows else "no nudge"
    output.result(call, {"items": items, "total": len(items), "problems": _problems(call, problems)}, text)


@click.group(
    "heartbeat", invoke_without_command=True, epilog='\b\nExample:\n  prismfs --as jade heartbeat --note "step 3 of 7"'
)
@click.option("--note", help="What you are at, in one line.")
@output.verb(writes=True)
def heartbeat(call: output.Call, note: str | None, dry_run: bool) -> None:
    """Say that the acting identity is at work now. Or: list."""
    if click.get_current_context().invoked_subcommand is not None:
        return

    from prismfs.delivery.nudges.forms import Heartbeat
    from prismfs.delivery.nudges.heartbeats import write_heartbeat

    at = format_instant(call.now())
    beat = Heartbeat.from_document({"at": at, "note": note})
    path = write_heartbeat(call.project(), call.actor(), beat, dry_run=dry_run)
    data = {"path": path, "heartbeat": beat.to_document(), "dry_run": dry_run}
    output.result(call, data, f"{'would write' if dry_run else 'wrote'} {path} at {at}")


@heartbeat.command("list", epilog="\b\nExample:\n  prismfs heartbeat list --older 15m")
@click.option("--older", type=Length(), default="5m", help="From which age on one is stale, such as 90s or 5m.")
@output.verb()
def list_heartbeats(call: output.Call, older: timedelta) -> None:
    """List when each identity was last at work; stale ones are named so."""
    from prismfs.delivery.nudges.heartbeats import read_heartbeats

    now = call.now()
    beats, problems = read_heartbeats(call.project(), now, older=older)
    items = [
        {
            "identity": beat.identity,
            "state": "stale" if beat.stale else "alive",
            "at": format_instant(beat.heartbeat.at),
            "age_seconds": max(0, int(beat.age.total_seconds())),
            "note": beat.heartbeat.note,
        }
        for beat in beats
    ]
    columns = {name: name.upper() for name in ("identity", "state", "age", "note")}
    rows = [item | {"age": format_age(str(item["at"]), now)} for item in items]
    data = {"items": items, "total": len(items), "problems": _problems(call, problems)}
    output.result(call, data, output.table(rows, columns) if rows else "no heartbeat")


def _queue(call: output.Call) -> NudgeQueue:
    from prismfs.delivery.nudges.queue import NudgeQueue

    return NudgeQueue(call.project())


def _shown(nudge: Nudge) -> list[str]:
    """Return a nudge that was handed out as lines for people."""
    head = f"{click.style(nudge.id, bold=True)}  from {nudge.sender}"
    about = "" if nudge.about is None else f", about {nudge.about}"
    return [head + about, *(f"  {line}" for line in output.safe(nudge.text).splitlines())]


def _problems(call: output.Call, problems: Iterable[Problem]) -> list[dict[str, str]]:
    """Return what is broken for the answer; people are told on standard error."""
    found = list(problems)
    for problem in () if call.as_json else found:
        output.print_error(problem, as_json=False)
    return [problem.as_document() for problem in found]
