"""`prismfs incident pause`, `unpause` and `decide`: what is stopped for an incident, and who says go."""

from typing import Any

import click

from prismfs.cli import output

_AGENT = click.option("--agent", metavar="NAME", help="An agent.")
_WORKFLOW = click.option("--workflow", metavar="NAME", help="A workflow.")


@click.command(
    "pause",
    epilog='\b\nExample:\n  prismfs --as Cheryl incident pause inc-01k5 --agent jade --reason "wrong amounts"',
)
@click.argument("identifier", metavar="ID")
@_AGENT
@_WORKFLOW
@click.option("--reason", required=True, help="Why; it stands in the file that the agent reads.")
@output.verb(writes=True)
def pause(
    call: output.Call, identifier: str, agent: str | None, workflow: str | None, reason: str, dry_run: bool
) -> None:
    """Pause an agent or a workflow while a severe incident is open: writes `pauses/agent-NAME.yaml`, or workflow-."""
    _give(call, "incident.pause", identifier, {"agent": agent, "workflow": workflow, "reason": reason}, dry_run=dry_run)


@click.command("unpause", epilog="\b\nExample:\n  prismfs --as Cheryl incident unpause inc-01k5 --agent jade")
@click.argument("identifier", metavar="ID")
@_AGENT
@_WORKFLOW
@output.verb(writes=True)
def unpause(call: output.Call, identifier: str, agent: str | None, workflow: str | None, dry_run: bool) -> None:
    """Lift a pause, unless another incident asks for it, too."""
    _give(call, "incident.unpause", identifier, {"agent": agent, "workflow": workflow}, dry_run=dry_run)


@click.command(
    "decide",
    epilog="\b\nExample:\n"
    '  prismfs --as Atlas incident decide inc-01k5 --go --action "roll back to 4.2" --reason "no data is lost by it"',
)
@click.argument("identifier", metavar="ID")
@click.option("--go/--no-go", "go", default=None, help="Whether it is to be done.")
@click.option("--action", required=True, help="The recovery action.")
@click.option("--reason", required=True, help="Why.")
@click.option("--draft", help="A message to customers that comes with it, kept as a remark ('-': standard input).")
@output.verb(writes=True)
def decide(
    call: output.Call, identifier: str, go: bool | None, action: str, reason: str, draft: str | None, dry_run: bool
) -> None:
    """Decide on a major recovery action. Only the executive and operators may."""
    from prismfs.cli.submit import submit_and_print
    from prismfs.errors import UsageError

    if go is None:
        raise UsageError("usage", "say --go or --no-go", hint="prismfs incident decide --help")
    document: dict[str, Any] = {"go": go, "action": action, "reason": reason}
    if draft is not None:
        document["draft"] = output.read_body(draft)
    submit_and_print(call, "incident.decide", document, target=identifier, dry_run=dry_run)


def _give(call: output.Call, kind: str, identifier: str, said: dict[str, str | None], *, dry_run: bool) -> None:
    from prismfs.cli.submit import submit_and_print
    from prismfs.errors import UsageError

    if (said["agent"] is None) == (said["workflow"] is None):
        raise UsageError("usage", "say either --agent or --workflow", hint="prismfs incident pause --help")
    document = {name: text for name, text in said.items() if text is not None}
    submit_and_print(call, kind, document, target=identifier, dry_run=dry_run)
