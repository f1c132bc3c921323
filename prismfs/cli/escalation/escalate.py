"""`prismfs escalate`: ask for attention; answer and close escalations."""

from datetime import datetime, timedelta
from typing import Any

import click

from prismfs.cli import output
from prismfs.cli.instants import Instant, Length, within
from prismfs.cli.words import meant
from prismfs.errors import UsageError
from prismfs.records.instants import format_duration, format_instant


class CreateByDefault(click.Group):
    """A group whose first word, when it is no command of the group, is the description of a new escalation."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command `create` in front where none is named; one word that is nearly one is asked about."""
        if args and args[0] not in (*self.commands, "--help"):
            if args[0].isalpha() and (near := meant(args[0], self.commands)):
                said = f"no command {args[0]!r} of escalate; {near} An escalation of that name: escalate create"
                raise click.UsageError(said, ctx)
            args = ["create", *args]
        return super().parse_args(ctx, args)


@click.group(
    "escalate",
    cls=CreateByDefault,
    epilog='\b\nExample:\n  prismfs escalate -s HIGH "witness unresponsive" -m "5 cycles" --source patrol:deacon',
)
def command() -> None:
    """Ask for attention: escalate [-s SEVERITY] "description". Or: ack, close, list, show.

    Escalate when something is beyond you: a system error, a security matter, a conflict or a requirement that
    you cannot settle, a design decision, a loop that does not end, a gate that timed out. Do not escalate
    normal work, errors that are retried anyway, or questions that can be looked up.
    """


@command.command(
    "create",
    epilog='\b\nExample:\n  prismfs escalate -s MEDIUM "rebuild failed" -m - --source plugin:rebuild < log',
)
@click.argument("title", metavar="DESCRIPTION")
@click.option("-s", "--severity", default="MEDIUM", help="CRITICAL, HIGH, MEDIUM or LOW.")
@click.option("-m", "--body", default="", help="The details; - reads standard input.")
@click.option("--source", help="type:name[:detail], such as plugin:rebuild.")
@click.option("--to", help="The tier to begin at.")
@click.option("--category", help="What it is: decision, help, blocked, failed, emergency, …")
@click.option("--related", help="The id of the record it is about.")
@click.option("--signature", help="A key that makes repeats count on one escalation (default: its own words).")
@click.option("--dedup-window", type=Length(), help="How long after its close a repeat counts on the old one, as 1h.")
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="A label for routes; may be repeated.")
@click.option("--stdin", is_flag=True, help="Read the details from standard input, as -m - does.")
@output.verb(writes=True)
def create(
    call: output.Call, title: str, body: str, labels: tuple[str, ...], stdin: bool, dedup_window: timedelta | None,
    dry_run: bool, **fields: str | None,
) -> None:  # fmt: skip
    """Open an escalation and send its first notices. Exit 6 if one could not be delivered."""
    text = output.read_body("-" if stdin else body)
    document: dict[str, Any] = {"kind": "escalation", "from": call.actor(), "title": title, "body": text}
    window = None if dedup_window is None else format_duration(dedup_window)
    document |= {"labels": _pairs(labels) or None, "dedup_window": window, **fields}
    _submit(call, "escalation", {"document": _given(document)}, dry_run=dry_run)


def _given(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value is not None}


def _submit(call: output.Call, kind: str, document: dict[str, Any], **options: Any) -> None:
    """Submit and print, by what is loaded for writing verbs alone."""
    call.submit(kind, document, **options)


def _pairs(labels: tuple[str, ...]) -> dict[str, str]:
    wrong = next((label for label in labels if "=" not in label), None)
    if wrong is not None:
        raise UsageError("usage", f"a label is written as NAME=VALUE, not {wrong[:60]!r}", hint="--label team=web")
    return {name: value for name, _, value in (label.partition("=") for label in labels)}


@command.command("list", epilog="\b\nExample:\n  prismfs escalate list --unacked --severity HIGH --json")
@click.option(
    "--severity",
    type=click.Choice(["CRITICAL", "HIGH", "MEDIUM", "LOW"], case_sensitive=False),
    help="Only this severity.",
)
@click.option("--unacked", is_flag=True, help="Only those that nobody has acknowledged.")
@click.option("--stale", is_flag=True, help="Only unacknowledged ones older than the stale threshold.")
@click.option("--source", help="Only this source, such as plugin:rebuild.")
@click.option("--category", help="Only this category.")
@click.option("--tier", help="Only those that this tier has.")
@click.option("--since", type=Instant(), help="Only those opened from then on, as 2h (ago) or 2026-03-01.")
@click.option("--all", "everything", is_flag=True, help="Closed ones, too.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def list_(
    call: output.Call, severity: str | None, unacked: bool, stale: bool, source: str | None, category: str | None,
    tier: str | None, since: datetime | None, everything: bool, limit: int | None,
) -> None:  # fmt: skip
    """List escalations, newest first; open and acknowledged ones unless said otherwise."""
    from prismfs.cli.listing import print_list

    compare = within("$.created_at", start=since, end=None)
    if stale:
        compare.append(("$.waiting_since", "<", _stale_before(call)))
    print_list(
        call, "bead", severity=severity, status="open" if unacked or stale else None, only_open=not everything,
        owner=tier, members={"type": "escalation", "$.source": source, "$.category": category}, compare=compare,
        words={"tier": tier, "category": category}, limit=limit,
    )  # fmt: skip


def _stale_before(call: output.Call) -> str:
    """Return the instant since before which an open escalation must wait to be stale (R-004-16, FD-18)."""
    from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy
    from prismfs.store.repo import ProjectRepo

    with ProjectRepo(call.project()) as repo:
        policy = repo.view(repo.snapshot()).single(EscalationPolicy)
    return format_instant(call.now() - policy.stale_threshold)


@command.command("show", epilog="\b\nExample:\n  prismfs escalate show bea-01k5")
@click.argument("identifier", metavar="ID")
@output.verb()
def show(call: output.Call, identifier: str) -> None:
    """Show one escalation."""
    from prismfs.cli.show import print_record

    print_record(call, identifier)


@command.command("ack", epilog='\b\nExample:\n  prismfs --as mayor escalate ack bea-01k5 --note "on it"')
@click.argument("identifier", metavar="[ID]", required=False)
@click.option("--signature", help="The open one that has this key, instead of its id.")
@click.option("--note", default="", help="What you are doing about it.")
@output.verb(writes=True)
def ack(call: output.Call, identifier: str | None, signature: str | None, note: str, dry_run: bool) -> None:
    """Say that you have it: it is not raised any more. A second time changes nothing and says so.

    The id of a group of notices stands for all that is in it. What is neither settled nor spoken of for as long as
    ack_timeouts in settings/escalation.json says is open again.
    """
    if (identifier is None) == (signature is None):
        raise UsageError("usage", "say the id, or --signature KEY", hint="prismfs escalate list")
    document = _given({"note": note, "signature": signature})
    _submit(call, "escalate.ack", document, target=identifier, dry_run=dry_run)


@command.command(
    "close", epilog='\b\nExample:\n  prismfs --as mayor escalate close bea-01k5 --reason "fixed in abc123"'
)
@click.argument("identifier", metavar="ID")
@click.option("--reason", required=True, help="How it was settled.")
@output.verb(writes=True)
def close(call: output.Call, identifier: str, reason: str, dry_run: bool) -> None:
    """Say that it is settled, with the reason."""
    _submit(call, "escalate.close", {"reason": reason}, target=identifier, dry_run=dry_run)


@command.command(
    "resolve", epilog='\b\nExample:\n  prismfs --as mayor escalate resolve bea-01k5 --reason "fixed in abc123"'
)
@click.argument("identifier", metavar="ID")
@click.option("--reason", required=True, help="How it was settled.")
@output.verb(writes=True)
def resolve(call: output.Call, identifier: str, reason: str, dry_run: bool) -> None:
    """Say that it is settled: what close does, by the word of the escalation protocol (R-004-12)."""
    _submit(call, "escalate.close", {"reason": reason}, target=identifier, dry_run=dry_run)


@command.command("unack", epilog="\b\nExample:\n  prismfs --as mayor escalate unack bea-01k5")
@click.argument("identifier", metavar="ID")
@output.verb(writes=True)
def unack(call: output.Call, identifier: str, dry_run: bool) -> None:
    """Say that you do not have it any more: it is open again and its clock begins anew."""
    _submit(call, "escalate.unack", {}, target=identifier, dry_run=dry_run)


@command.command(
    "forward", epilog='\b\nExample:\n  prismfs --as deacon escalate forward bea-01k5 --reason "needs a decision"'
)
@click.argument("identifier", metavar="ID")
@click.option("--to", help="The tier to hand it to (default: the next).")
@click.option("--from", "expected", help="The tier where it is now; refused if it was handed on meanwhile.")
@click.option("--reason", required=True, help="Why; it stays on the escalation as a remark.")
@output.verb(writes=True)
def forward(
    call: output.Call, identifier: str, to: str | None, expected: str | None, reason: str, dry_run: bool
) -> None:
    """Hand it to the next tier of the chain, or to the one named."""
    document = _given({"reason": reason, "to": to, "from": expected})
    _submit(call, "escalate.forward", document, target=identifier, dry_run=dry_run)


@command.command("comment", epilog='\b\nExample:\n  prismfs escalate comment bea-01k5 "the disk is a shared one"')
@click.argument("identifier", metavar="ID")
@click.argument("text")
@output.verb(writes=True)
def comment(call: output.Call, identifier: str, text: str, dry_run: bool) -> None:
    """Add a remark; anybody may."""
    _submit(call, "escalate.comment", {"text": text}, target=identifier, dry_run=dry_run)


@command.command("stale", epilog="\b\nExample:\n  prismfs escalate stale --dry-run")
@output.verb(writes=True)
def stale(call: output.Call, dry_run: bool) -> None:
    """Raise what was not acknowledged in time; the watcher does the same by itself."""
    from prismfs.cli.render import render_outcome
    from prismfs.engine.turn.submit import raise_stale

    with call.desk() as desk:
        outcomes = raise_stale(desk, call.now(), dry_run=dry_run)
    told = [render_outcome(outcome) for outcome in outcomes]
    data = {"items": [item for item, _ in told], "total": len(told), "dry_run": dry_run}
    output.result(call, data, [line for _, line in told] or ["nothing is stale"])
