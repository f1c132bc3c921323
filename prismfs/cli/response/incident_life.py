"""`prismfs incident open`, `mitigate`, `reopen`, `close` and `merge`: the life of an incident, told by a person."""

from typing import Any

import click

from prismfs.cli import output


@click.command(
    "open",
    epilog="\b\nExample:\n"
    '  prismfs --as Cheryl incident open "Payments answer with errors" --severity P1 --started 2026-03-01T09:55Z\n'
    '  prismfs --as Cheryl incident open "Database is gone" --severity P0 --drill',
)
@click.argument("title")
@click.option("--severity", help="How urgent, as you judge it: a label of the project's incident scale, such as P1.")
@click.option("--kind", "nature", help="What it is about, such as outage, data_loss, security or defect.")
@click.option("--body", default="", help="What is seen; '-' reads standard input.")
@click.option("--started", help="When the impact began, as 2026-03-01T10:00:00Z.")
@click.option("--workflow", help="The workflow that it affects.")
@click.option("--key", help="Its dedup key: the same key again is counted on the one that is open.")
@click.option("--drill", is_flag=True, help="A drill: marked in every message, and left out of every figure.")
@output.verb(writes=True)
def open_(
    call: output.Call, title: str, severity: str | None, nature: str | None, body: str, started: str | None,
    workflow: str | None, key: str | None, drill: bool, dry_run: bool,
) -> None:  # fmt: skip
    """Open an incident that you report yourself. With a severity it counts as judged, by you."""
    from prismfs.cli.instants import read_instant, rfc3339
    from prismfs.cli.submit import submit_and_print

    said: dict[str, Any] = {
        "subject": title,
        "body": output.read_body(body),
        "severity": severity,
        "nature": nature,
        "started_at": None if started is None else rfc3339(read_instant(started, "--started")),
        "workflow": workflow,
        "dedup_key": key,
        "drill": drill or None,
    }
    document = {name: value for name, value in said.items() if value is not None}
    submit_and_print(call, "incident.open", document, dry_run=dry_run)


@click.command("mitigate", epilog='\b\nExample:\n  prismfs --as Clara incident mitigate inc-01k5 --note "rolled back"')
@click.argument("identifier", metavar="ID")
@click.option("--begin", is_flag=True, help="Somebody begins to work on less impact; nothing is mitigated yet.")
@click.option("--note", default="", help="What was done, or is; kept as a remark.")
@output.verb(writes=True)
def mitigate(call: output.Call, identifier: str, begin: bool, note: str, dry_run: bool) -> None:
    """Say that the impact is gone or bearable, though the cause may not be known yet."""
    from prismfs.cli.submit import submit_and_print

    submit_and_print(call, "incident.mitigate", {"begin": begin, "note": note}, target=identifier, dry_run=dry_run)


@click.command("reopen", epilog='\b\nExample:\n  prismfs --as Clara incident reopen inc-01k5 --reason "it fails again"')
@click.argument("identifier", metavar="ID")
@click.option("--reason", required=True, help="What is seen; kept as a remark.")
@output.verb(writes=True)
def reopen(call: output.Call, identifier: str, reason: str, dry_run: bool) -> None:
    """Say that the fault is back. The targets go on from its detection; one that has passed is missed at once."""
    from prismfs.cli.submit import submit_and_print

    submit_and_print(call, "incident.reopen", {"reason": reason}, target=identifier, dry_run=dry_run)


@click.command(
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
    from prismfs.cli.submit import submit_and_print

    document = {"reason": reason, "false_positive": false_positive}
    submit_and_print(call, "incident.close", document, target=identifier, dry_run=dry_run)


@click.command("merge", epilog="\b\nExample:\n  prismfs --as Clara incident merge inc-01k5 --into inc-01k4")
@click.argument("identifier", metavar="ID")
@click.option("--into", required=True, metavar="OTHER", help="The incident that stands for both from then on.")
@output.verb(writes=True)
def merge(call: output.Call, identifier: str, into: str, dry_run: bool) -> None:
    """Say that an incident is the same fault as another one; the worse severity of the two holds."""
    from prismfs.cli.submit import submit_and_print
    from prismfs.store.reading import reading, resolve_id

    with reading(call.project()) as connection:
        other = resolve_id(connection, into)
    submit_and_print(call, "incident.merge", {"into": other}, target=identifier, dry_run=dry_run)
