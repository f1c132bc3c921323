"""`prismfs phone-home sync`: how the filed issues stand, committed and told to their reporters (R-000-78)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from prismfs.cli import output


@click.command(
    "sync",
    epilog="\b\nExample:\n  prismfs phone-home sync\n  prismfs --as olga phone-home sync --file export.json",
)
@click.option(
    "--file", "export", type=click.Path(path_type=Path), help="An export of the tracker to go by, instead of asking it."
)
@output.verb(writes=True)
def command(call: output.Call, export: Path | None, dry_run: bool) -> None:
    """Ask the tracker how the filed issues stand; what differs is committed and told to who reported it.

    The watcher does this by itself every `sync_every` of settings/tracker.yaml. FILE, for a machine without a
    network, is one issue (number, url, state, reason, title, updated_at, comments with id, author, body, created_at) or
    `{"issues": [...]}`; it counts for issues of the same number and address.
    """
    from prismfs.clock import SystemClock
    from prismfs.engine.turn import tracker_sync
    from prismfs.engine.turn.desk import Desk

    now = SystemClock().now()
    with Desk(call.project()) as desk:
        if export is None:
            found, problems = tracker_sync.pull(desk, now)
            others: list[int] = []
            says = {}
        else:
            states = tracker_sync.read_export(_read(export), path=str(export))
            found, problems = tracker_sync.pair(tracker_sync.filed_issues(desk), states, by_url=True), ()
            says = {"actor": call.actor(), "assurance": "local"}
            known = {issue.url for _, issue in found}
            others = [state.number for state in states if state.url not in known]
        transport = tracker_sync.settings_of(desk).transport
        items = [item for pair in found for item in _give(desk, pair, now, says, dry_run=dry_run)]
    data: dict[str, Any] = {
        "items": items,
        "total": len(items),
        "looked_at": len(found),
        "not_ours": others,
        "problems": [problem.as_document() for problem in problems],
        "dry_run": dry_run,
    }
    output.result(call, data, _lines(data, transport if export is None else None))


def _give(desk: Any, pair: Any, now: Any, says: dict[str, str], *, dry_run: bool) -> Iterator[dict[str, Any]]:
    """Give what differs of one issue, ten comments at a time, and yield what was decided."""
    from prismfs.cli.render import decision_document
    from prismfs.engine.turn.submit import rehearse, submit
    from prismfs.engine.turn.tracker_sync import current_record, sync_event
    from prismfs.records.plan import Plan

    record, issue = pair
    decided = True
    while decided and (event := sync_event(record, issue, now, **says)) is not None:
        decision = rehearse(desk, event, now) if dry_run else submit(desk, event, now)[0]
        yield decision_document(decision) | {"issue": issue.number, "state": issue.state}
        decided = isinstance(decision, Plan) and not dry_run
        record = current_record(desk, record)


def _lines(data: dict[str, Any], transport: str | None) -> list[str]:
    if transport == "dry-run":
        return ["nothing to ask: settings/tracker.yaml says transport: dry-run"]
    would = "would do: " if data["dry_run"] else ""
    lines = [f"{would}{item['subject']}  {output.safe(item['reason'])}" for item in data["items"]]
    lines += [f"not ours: issue {number}" for number in data["not_ours"]]
    lines += [f"not read: {output.one_line(str(problem['message']))}" for problem in data["problems"]]
    return lines or [f"nothing differs ({data['looked_at']} issues)"]


def _read(path: Path) -> bytes:
    """Return the bytes of the export, or of standard input for `-`: at most one more than it may hold."""
    import sys

    from prismfs.engine.turn.tracker_sync import MOST_EXPORT
    from prismfs.errors import RecordError

    if str(path) == "-":
        return sys.stdin.buffer.read(MOST_EXPORT + 1)
    try:
        with path.open("rb") as file:
            return file.read(MOST_EXPORT + 1)
    except OSError as error:
        raise RecordError("not_readable", f"cannot be read: {error.strerror}", path=str(path)) from error
