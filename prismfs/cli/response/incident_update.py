"""`prismfs incident update`, `hand-over`, `note`, `pause`, `unpause`, `decide`: what is said and ordered meanwhile."""

from datetime import datetime
from typing import Any, Literal

import click

from prismfs.cli import output
from prismfs.cli.instants import Instant
from prismfs.errors import UsageError
from prismfs.records.instants import format_instant

_LISTS = {
    "assign": "Somebody who is to work on it, and gets a task.",
    "unassign": "Somebody who is not any more.",
    "workflows": "A workflow that it affects.",
    "services": "A service that it affects.",
    "customers": "A customer that it affects; the tenant admin is told.",
    "agents": "An agent that it affects, and that is told.",
    "unaffected": "A workflow, service, customer or agent that it does not affect after all.",
}
_FLAGS = {
    "developer_needed": "It needs a human developer.",
    "several_agents": "It needs several agents: goes to coordination.",
    "needs_change": "It needs a change of code or configuration: goes to coordination.",
    "customer_data": "Customer data may be compromised: goes to the executive.",
    "needs_decision": "It needs an executive decision, such as a rollback: goes to the executive.",
}
_TEXTS = {
    "workaround": "What restores service while the cause is looked for; ends nothing ('-': standard input).",
    "financial_impact_usd": "What it costs in US dollars, such as 1200.50.",
    "root_cause_id": "The cause, by an id of your own, such as RC-7; the same one again counts as a repeat.",
}
_NAMES = {
    "root_cause_id": "root-cause",
    "financial_impact_usd": "financial-impact",
    "workflows": "workflow",
    "services": "service",
    "customers": "customer",
    "agents": "agent",
}
"""Options that are not called as the member of the form."""

AT = click.option("--at", type=Instant(), help="When it happened, if before now: as 2026-03-01T02:10Z or 20m.")
_AGENT = click.option("--agent", metavar="NAME", help="An agent.")
_WORKFLOW = click.option("--workflow", metavar="NAME", help="A workflow.")


def give(call: output.Call, verb: str, identifier: str | None, document: dict[str, Any], *, dry_run: bool) -> None:
    """Submit the command `incident.<verb>` about the incident that `identifier` names, and print its result."""
    call.submit(f"incident.{verb}", document, target=identifier, dry_run=dry_run)


def given(members: dict[str, Any]) -> dict[str, Any]:
    """Return the members that were given on the command line."""
    return {name: value for name, value in members.items() if value is not None}


def _facts(function: Any) -> Any:
    """Give the command an option for each fact, in the order of the tables."""
    options = [
        click.option(f"--{_NAMES.get(name, name)}", name, multiple=True, metavar="NAME", help=text)
        for name, text in _LISTS.items()
    ]
    options += [
        click.option(f"--{name.replace('_', '-')}/--no-{name.replace('_', '-')}", name, default=None, help=text)
        for name, text in _FLAGS.items()
    ]
    options += [click.option(f"--{_NAMES.get(name, name)}", name, help=text) for name, text in _TEXTS.items()]
    for option in reversed(options):
        function = option(function)
    return function


@click.command(
    "update",
    epilog="\b\nExample:\n"
    '  prismfs --as Petra incident update inc-01k5 --status-text "reads work again" --expected +2h\n'
    "  prismfs --as Cheryl incident update inc-01k5 --service search --customer acme --needs-change",
)
@click.argument("identifier", metavar="ID")
@click.option("--status-text", help="How it stands, told to stakeholders ('-': standard input).")
@click.option("--expected", type=Instant(ahead=True, clears=True), help="When it will be over, as 2h; reporters hear.")
@click.option("--started", type=Instant(clears=True), help="When the impact began, as 20m (ago).")
@_facts
@output.verb(writes=True)
def update(
    call: output.Call, identifier: str, status_text: str | None, expected: datetime | Literal[""] | None,
    started: datetime | Literal[""] | None, dry_run: bool, **facts: Any,
) -> None:  # fmt: skip
    """Say what is known of an incident. Only what is named changes; names are added, an empty text takes one away.

    What fulfils a condition of the chain (settings/response.yaml) takes the incident on at once.
    """
    document: dict[str, Any] = {
        name: list(said) if isinstance(said, tuple) else said for name, said in given(facts).items() if said != ()
    }
    times = given({"expected_at": expected, "started_at": started})
    document |= {name: at and format_instant(at) for name, at in times.items()}
    document |= {name: document[name] or None for name in (*_TEXTS, *times) if name in document}
    if document.get("workaround"):
        document["workaround"] = output.read_body(document["workaround"])
    if status_text is not None:
        document["status_text"] = output.read_body(status_text)
    if not document:
        raise UsageError("usage", "say what is to change", hint="prismfs incident update --help")
    give(call, "update", identifier, document, dry_run=dry_run)


@click.command("note", epilog='\b\nExample:\n  prismfs --as jade incident note inc-01k5 "it began after the restart"')
@click.argument("identifier", metavar="ID")
@click.argument("text")
@AT
@output.verb(writes=True)
def note(call: output.Call, identifier: str, text: str, at: datetime | None, dry_run: bool) -> None:
    """Add a remark; anybody may. TEXT `-` reads standard input."""
    document = given({"text": output.read_body(text), "at": at and format_instant(at)})
    give(call, "note", identifier, document, dry_run=dry_run)


@click.command(
    "unmerge",
    epilog='\b\nExample:\n  prismfs --as Clara incident unmerge inc-01k5 --reason "it was another disk"',
)
@click.argument("identifier", metavar="ID")
@click.option("--reason", required=True, help="Why; kept as a remark.")
@output.verb(writes=True)
def unmerge(call: output.Call, identifier: str, reason: str, dry_run: bool) -> None:
    """Take a merge back: the incident is one of its own again, with the reports that it had."""
    give(call, "unmerge", identifier, {"reason": reason}, dry_run=dry_run)


_TIMES = {
    "started": "When the impact began.",
    "detected": "When it was detected.",
    "responded": "When somebody first acted on it.",
    "acknowledged": "When it was acknowledged.",
    "mitigated": "When the impact was gone or bearable.",
    "resolved": "When it was resolved.",
}


def _times(function: Any) -> Any:
    """Give the command an option for each time of an incident."""
    for name, text in reversed(_TIMES.items()):
        function = click.option(f"--{name}", type=Instant(), help=text)(function)
    return function


@click.command(
    "correct",
    epilog="\b\nExample:\n  prismfs --as Petra incident correct inc-01k5 --detected 2026-03-01T02:10Z "
    '--reason "written down in the morning"',
)
@click.argument("identifier", metavar="ID")
@_times
@click.option("--root-cause", "cause", metavar="ID", help="The cause, by an id of your own, such as RC-7.")
@click.option("--reason", required=True, help="Why; kept as a remark.")
@output.verb(writes=True)
def correct(
    call: output.Call, identifier: str, cause: str | None, reason: str, dry_run: bool, **times: datetime | None
) -> None:
    """Say when something happened after all, or what its cause was.

    Figures are of the corrected times, the row keeps those before.

    Times are ISO 8601 with any offset, a day, or how long ago, as 2h. Also of an incident that is closed.
    """
    document = {f"{name}_at": format_instant(at) for name, at in given(times).items()}
    document |= given({"root_cause_id": cause})
    if not document:
        raise UsageError("usage", "say which time, or the cause", hint="prismfs incident correct --help")
    give(call, "correct", identifier, document | {"reason": reason}, dry_run=dry_run)


@click.command(
    "hand-over",
    epilog="\b\nExample:\n"
    '  prismfs --as Petra incident hand-over inc-01k5 --to Cheryl --note "reads are slow still"\n'
    "  prismfs --as Petra incident hand-over inc-01k5 --role investigator --to gwen",
)
@click.argument("identifier", metavar="ID")
@click.option("--to", metavar="NAME", help="Who has the role from now on; yourself, to take over.")
@click.option("--role", help="A role of settings/response.yaml; by default the one that leads.")
@click.option("--from", "leaving", metavar="NAME", help="Of a role that many may have: whose place it is.")
@click.option("--note", help="What the next one needs to know; kept as a remark ('-': standard input).")
@output.verb(writes=True)
def hand_over(
    call: output.Call, identifier: str, to: str | None, role: str | None, leaving: str | None, note: str | None,
    dry_run: bool,
) -> None:  # fmt: skip
    """Hand over an incident, or a role in it, to somebody; both are told. When it was first answered stays."""
    if to is None and leaving is None:
        raise UsageError("usage", "say who has it from now on: --to NAME", hint="prismfs incident hand-over --help")
    said = None if note is None else output.read_body(note)
    give(
        call,
        "hand_over",
        identifier,
        given({"to": to, "role": role, "leaving": leaving, "note": said}),
        dry_run=dry_run,
    )


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
    _check_one_named(agent, workflow)
    document = given({"agent": agent, "workflow": workflow, "reason": reason})
    give(call, "pause", identifier, document, dry_run=dry_run)


@click.command("unpause", epilog="\b\nExample:\n  prismfs --as Cheryl incident unpause inc-01k5 --agent jade")
@click.argument("identifier", metavar="ID")
@_AGENT
@_WORKFLOW
@output.verb(writes=True)
def unpause(call: output.Call, identifier: str, agent: str | None, workflow: str | None, dry_run: bool) -> None:
    """Lift a pause, unless another incident asks for it, too."""
    _check_one_named(agent, workflow)
    give(call, "unpause", identifier, given({"agent": agent, "workflow": workflow}), dry_run=dry_run)


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
    if go is None:
        raise UsageError("usage", "say --go or --no-go", hint="prismfs incident decide --help")
    document: dict[str, Any] = {"go": go, "action": action, "reason": reason}
    if draft is not None:
        document["draft"] = output.read_body(draft)
    give(call, "decide", identifier, document, dry_run=dry_run)


def _check_one_named(agent: str | None, workflow: str | None) -> None:
    if (agent is None) == (workflow is None):
        raise UsageError("usage", "say either --agent or --workflow", hint="prismfs incident pause --help")


PARTS: tuple[click.Command, ...] = (update, correct, unmerge, hand_over, note, pause, unpause, decide)
"""The commands of this module."""
