"""`prismfs silence`: mute notices for a time; state, audit and deadlines go on."""

from datetime import datetime, timedelta
from typing import Any

import click

from prismfs.cli import output
from prismfs.cli.instants import Instant, Length
from prismfs.clock import SystemClock
from prismfs.errors import UsageError
from prismfs.records.instants import format_instant

_FOR = click.option("--for", "lasting", type=Length(), help="How long it lasts, as 2h (from its beginning).")
_UNTIL = click.option("--until", type=Instant(ahead=True), help="When it ends, as 2026-03-01T10:00+01:00.")
_FROM = click.option("--from", "begins", type=Instant(ahead=True), help="When it begins (default: now).")


@click.group("silence", epilog="\b\nExample:\n  prismfs silence add source=patrol:disk --for 2h --reason 'new disks'")
def command() -> None:
    """Mute notices for a time, such as during maintenance. What is still open when it ends is notified then."""


@command.command(
    "add",
    epilog="\b\nExample:\n"
    "  prismfs silence add 'source=~\"patrol:.+\"' severity=LOW --for 2h --reason 'new disks'\n"
    "  prismfs silence add --source plugin:rebuild --until 2026-03-01T10:00:00Z --reason maintenance",
)
@click.argument("matchers", nargs=-1, metavar="MATCHER…")
@click.option("--source", help="Mute everything of this source, such as plugin:rebuild.")
@click.option("--reason", required=True, help="Why.")
@_FROM
@_FOR
@_UNTIL
@output.verb(writes=True)
def add(
    call: output.Call, matchers: tuple[str, ...], source: str | None, reason: str, begins: datetime | None,
    lasting: timedelta | None, until: datetime | None, dry_run: bool,
) -> None:  # fmt: skip
    """Mute what fulfils every MATCHER: name=value, !=, =~ or !~ (RE2); severity, source, category, tier or a label."""
    every = [*matchers, *([f'source="{source}"'] if source else [])]
    document = {"matchers": every, "reason": reason} | _times(begins, lasting, until)
    _submit(call, "silence.add", document, dry_run=dry_run)


@command.command("update", epilog="\b\nExample:\n  prismfs silence update sil-01k5 --for 4h --reason 'takes longer'")
@click.argument("identifier", metavar="ID")
@click.option("--matcher", "matchers", multiple=True, help="Another set of matchers: ends this one, makes a new one.")
@click.option("--reason", help="Another reason.")
@_FROM
@_FOR
@_UNTIL
@output.verb(writes=True)
def update(
    call: output.Call, identifier: str, matchers: tuple[str, ...], reason: str | None, begins: datetime | None,
    lasting: timedelta | None, until: datetime | None, dry_run: bool,
) -> None:  # fmt: skip
    """Change a silence. A new end or reason keeps its id; new matchers or another beginning make a new one."""
    document: dict[str, Any] = _times(begins, lasting, until)
    if matchers:
        document["matchers"] = list(matchers)
    if reason is not None:
        document["reason"] = reason
    _submit(call, "silence.change", document, target=identifier, dry_run=dry_run)


@command.command("expire", epilog="\b\nExample:\n  prismfs silence expire sil-01k5")
@click.argument("identifier", metavar="ID")
@output.verb(writes=True)
def expire(call: output.Call, identifier: str, dry_run: bool) -> None:
    """End a silence now; what it held and is still open is notified."""
    _submit(call, "silence.expire", {}, target=identifier, dry_run=dry_run)


@command.command("list", epilog="\b\nExample:\n  prismfs silence list --all --json")
@click.option("--all", "everything", is_flag=True, help="Those that are over, too.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def list_(call: output.Call, everything: bool, limit: int | None) -> None:
    """List silences, newest first."""
    from prismfs.cli.listing import print_list

    print_list(call, "silence", only_open=not everything, limit=limit)


def _submit(call: output.Call, kind: str, document: dict[str, Any], **options: Any) -> None:
    """Submit and print, by what is loaded for writing verbs alone."""
    call.submit(kind, document, **options)


def _times(begins: datetime | None, lasting: timedelta | None, until: datetime | None) -> dict[str, Any]:
    """Return the beginning and the end that the options say.

    Raises:
        UsageError: both an end and a length are given.
    """
    if lasting is not None and until is not None:
        raise UsageError("usage", "say either --for or --until", hint="prismfs silence add --help")
    if lasting is not None:
        until = (begins or SystemClock().now()) + lasting
    times = {"starts_at": begins, "ends_at": until}
    return {name: format_instant(at) for name, at in times.items() if at is not None}
