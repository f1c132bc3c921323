"""`prismfs metrics`: how incidents were detected, answered, resolved and learned from (R-002-55 to R-002-60)."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from prismfs.cli import output
from prismfs.errors import StoreError, UsageError

if TYPE_CHECKING:
    from prismfs.engine.metrics.facts import Facts

_Format = Literal["table", "json", "prometheus", "html"]


@click.command(
    "metrics",
    epilog="\b\nExample:\n  prismfs metrics --from 2026-03-01 --to 2026-04-01 --by severity\n"
    "  prismfs metrics --format prometheus --output /var/lib/node_exporter/prismfs.prom",
)
@click.option("--from", "start", help="Only incidents detected from this day, week or instant on.")
@click.option("--to", "end", help="Only incidents detected before this day, week or instant.")
@click.option("--by", type=click.Choice(["week", "severity"]), help="The same figures also for each of these.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "prometheus", "html"]),
    default="table",
    help="How to print them (default: table).",
)
@click.option(
    "--output",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write them into this file, whole or not at all, instead of printing them.",
)
@output.verb()
def command(
    call: output.Call,
    start: str | None,
    end: str | None,
    by: Literal["week", "severity"] | None,
    form: _Format,
    file: Path | None,
) -> None:
    """Measure incident response: times to detect, respond and resolve, rates, counts by severity and week.

    In JSON times are seconds, and what has no members is null. Drills, duplicates and false positives do not count.
    """
    from prismfs.engine.metrics.figures import measure
    from prismfs.engine.metrics.source import read_facts
    from prismfs.store.reading import reading

    if call.as_json and form not in ("table", "json") and file is None:
        raise UsageError("usage", f"--json prints no {form}", hint="leave --json out, or write it with --output FILE")
    if call.as_json and form == "table":
        form = "json"
    if form == "prometheus" and by == "week":
        raise UsageError("usage", "there are no weeks in prometheus' format", field="--by", hint="leave --by out")
    first, last = _window(start, end)
    with reading(call.project()) as connection:
        facts = read_facts(connection)
        data = measure(facts, start=first, end=last, by="severity" if form == "prometheus" else by)
        if form == "html":
            text = _page(data, facts, connection)
        else:
            text = _text(data, form)
    if file is not None:
        write_whole(file, text)
        output.result(call, {"file": str(file), "format": form}, f"wrote {file}")
    else:
        click.echo(text, nl=False)


def _text(data: dict[str, Any], form: _Format) -> str:
    if form == "prometheus":
        from prismfs.engine.metrics.prometheus import exposition

        return exposition(data)
    if form == "json":
        return output.encode({"schema": output.SCHEMA, "ok": True, "data": data}) + "\n"
    from prismfs.cli.admin.metrics_table import table_of

    return table_of(data)


def _page(data: dict[str, Any], facts: Facts, connection: sqlite3.Connection) -> str:
    from prismfs.engine.metrics.incidents_now import read_active
    from prismfs.engine.metrics.page import page

    return page(data, facts, active=read_active(connection, at=facts.as_of))


def _window(start: str | None, end: str | None) -> tuple[int | None, int | None]:
    from prismfs.cli.instants import read_instant

    first, last = (
        None if text is None else round(read_instant(text, option).timestamp() * 1000)
        for text, option in ((start, "--from"), (end, "--to"))
    )
    if first is not None and last is not None and last < first:
        raise UsageError("usage", "--to lies before --from", field="--to", hint="a window is [from, to)")
    return first, last


_READABLE = 0o644
"""A collector that runs as somebody else reads it, too."""


def write_whole(path: Path, text: str) -> None:
    """Write `text` beside `path` and rename it there; the name until then begins with a dot and ends in `.part`.

    Raises:
        StoreError: `not_written`; `path` is as it was.
    """
    name = None
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            os.fchmod(number, _READABLE)
        os.replace(name, path)
    except OSError as error:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        raise StoreError(
            "not_written", f"cannot be written: {error.strerror}", path=str(path),
            hint="check that its folder is there, and its mode",
        ) from error  # fmt: skip
