"""`prismfs incident`: list, show, triage, acknowledge and resolve incidents."""

from typing import Any

import click

from prismfs.cli import output
from prismfs.cli.gates import phase
from prismfs.cli.response import incident_life, incident_pause, incident_update

_KEY = "The open one with this dedup key of its reporter; nothing happens where none has it."


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
@click.option("--from", "start", help="Only those detected from this day, week or instant on.")
@click.option("--to", "end", help="Only those detected before this day, week or instant.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def list_(call: output.Call, level: str | None, start: str | None, end: str | None, **filters: Any) -> None:
    """List incidents, newest first; by status, level, severity, owner or time of detection (R-002-54)."""
    from prismfs.cli.instants import within
    from prismfs.cli.listing import print_list

    window = within("$.detected_at", start=("--from", start), end=("--to", end))
    print_list(call, "incident", members={"$.level|agent": level}, compare=window, **filters)


@command.command("show", epilog="\b\nExample:\n  prismfs incident show inc-01k5")
@click.argument("identifier", metavar="ID")
@output.verb()
def show(call: output.Call, identifier: str) -> None:
    """Show one incident: how bad, who has it, what is due and how soon; then its members and its triage record."""
    from prismfs.cli.response.incident_show import print_incident

    print_incident(call, identifier)


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
@click.option("--kind", "nature", help="What it is about, such as defect, regression, security or data_loss.")
@click.option("--reason", required=True, help="Why; it stands in the triage record.")
@output.verb(writes=True)
def triage(
    call: output.Call, identifier: str, severity: str | None, scope: str | None, nature: str | None, reason: str,
    dry_run: bool,
) -> None:  # fmt: skip
    """Judge an incident, or overrule the judgement that it has; the one before stays in the record.

    What is left out stays as it was judged, or as the rules proposed it. The incident manager may, and operators.
    """
    from prismfs.cli.submit import submit_and_print

    said = {"severity": severity, "scope": scope, "nature": nature, "reason": reason}
    document = {name: value for name, value in said.items() if value is not None}
    submit_and_print(call, "incident.triage", document, target=identifier, dry_run=dry_run)


@command.command("ack", epilog='\b\nExample:\n  prismfs --as Clara incident ack inc-01k5 --note "looking"')
@click.argument("identifier", metavar="[ID]", required=False)
@click.option("--key", help=_KEY)
@click.option("--note", default="", help="What you are doing about it.")
@output.verb(writes=True)
def ack(call: output.Call, identifier: str | None, key: str | None, note: str, dry_run: bool) -> None:
    """Say that you answer for it; its escalation is not raised any more."""
    _give(call, "incident.ack", {"note": note}, identifier, key, dry_run=dry_run)


@command.command("resolve", epilog='\b\nExample:\n  prismfs --as Clara incident resolve inc-01k5 --note "rolled back"')
@click.argument("identifier", metavar="[ID]", required=False)
@click.option("--key", help=_KEY)
@click.option("--note", required=True, help="What made the fault go away.")
@output.verb(writes=True)
def resolve(call: output.Call, identifier: str | None, key: str | None, note: str, dry_run: bool) -> None:
    """Say that the fault is gone; its escalation is closed and the reporter told."""
    _give(call, "incident.resolve", {"note": note}, identifier, key, dry_run=dry_run)


def _give(
    call: output.Call, verb: str, document: dict[str, Any], identifier: str | None, key: str | None, *, dry_run: bool
) -> None:
    from prismfs.cli.submit import submit_and_print
    from prismfs.errors import UsageError

    if (identifier is None) == (key is None):
        raise UsageError("usage", "name the incident by its ID or by --key, one of the two")
    submit_and_print(
        call, verb, document if key is None else document | {"key": key}, target=identifier, dry_run=dry_run
    )


for _care in (
    incident_update.update,
    incident_update.note,
    incident_pause.pause,
    incident_pause.unpause,
    incident_pause.decide,
    incident_life.open_,
    incident_life.mitigate,
    incident_life.reopen,
    incident_life.close,
    incident_life.merge,
    phase.command,
):
    command.add_command(_care)
