"""`prismfs heartbeat`: who is at work, and who was not seen since when, outside of git (R-004-34)."""

import click

from prismfs.cli import output


@click.group(
    "heartbeat", invoke_without_command=True, epilog='\b\nExample:\n  prismfs --as jade heartbeat --note "step 3 of 7"'
)
@click.option("--note", help="What you are at, in one line.")
@output.verb(writes=True)
def command(call: output.Call, note: str | None, dry_run: bool) -> None:
    """Say that the acting identity is at work now. Or: list."""
    if click.get_current_context().invoked_subcommand is not None:
        return
    from prismfs.clock import SystemClock
    from prismfs.delivery.nudges.heartbeats import Heartbeat, write_heartbeat
    from prismfs.records.base import format_instant

    at = format_instant(SystemClock().now())
    heartbeat = Heartbeat.from_document({"at": at, "note": note})
    root = call.project()
    path = write_heartbeat(root, call.actor(), heartbeat, dry_run=dry_run)
    data = {"path": path, "heartbeat": heartbeat.to_document(), "dry_run": dry_run}
    output.result(call, data, f"{'would write' if dry_run else 'wrote'} {path} at {at}")


@command.command("list", epilog="\b\nExample:\n  prismfs heartbeat list --older 15m")
@click.option("--older", default="5m", help="From which age on one is stale, such as 90s or 5m.")
@output.verb()
def list_(call: output.Call, older: str) -> None:
    """List when each identity was last at work; stale ones are named so."""
    from prismfs.cli.instants import format_age
    from prismfs.clock import SystemClock
    from prismfs.delivery.nudges.heartbeats import read_heartbeats
    from prismfs.delivery.nudges.queue import duration_of
    from prismfs.records.base import format_instant

    now = SystemClock().now()
    beats, problems = read_heartbeats(call.project(), now, older=duration_of(older, field="/older"))
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
    for problem in () if call.as_json else problems:
        output.print_error(problem, as_json=False)
    data = {"items": items, "total": len(items), "problems": [problem.as_document() for problem in problems]}
    output.result(call, data, output.table(rows, columns) if rows else "no heartbeat")
