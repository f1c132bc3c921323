"""`prismfs metrics`: how incidents were detected, answered, resolved and learned from (R-002-55 to R-002-60)."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import click

from prismfs.cli import output
from prismfs.cli.instants import Instant
from prismfs.engine.metrics.facts import format_seconds
from prismfs.errors import StoreError, UsageError
from prismfs.store.reading import reading

if TYPE_CHECKING:
    from datetime import datetime

    from prismfs.engine.metrics.facts import Facts

_Format = Literal["table", "json", "prometheus", "html"]

_TIMES = {
    "mttd": "to detect (MTTD)",
    "mtt_respond": "to respond",
    "mtt_resolve.all": "to resolve, all",
    "mtt_resolve.escalated_only": "to resolve, escalated only",
}
_RATES = {
    "auto_resolve_rate": "resolved without escalation, of those resolved",
    "repeat_rate": "same root cause again, of those with one",
    "review_on_time_rate": "mandatory reviews on time",
    "action_item_closure_rate": "action items closed",
}
_SHORT = {
    "mttd": "DETECT",
    "mtt_respond": "RESPOND",
    "mtt_resolve.all": "RESOLVE",
    "mtt_resolve.escalated_only": "ESCALATED",
}
_WEEKS = 12
_LABELS = ("P0", "P1", "P2", "P3")


@click.command(
    "metrics",
    epilog="\b\nExample:\n  prismfs metrics --from 2026-03-01 --to 2026-04-01 --by severity\n"
    "  prismfs metrics --format prometheus --output /var/lib/node_exporter/prismfs.prom",
)
@click.option("--from", "start", type=Instant(), help="Only incidents detected from then on, as 2026-W10 or 30d (ago).")
@click.option("--to", "end", type=Instant(), help="Only incidents detected before then.")
@click.option("--by", type=click.Choice(["week", "severity"]), help="The same figures also for each of these.")
@click.option(
    "--format",
    "form",
    type=click.Choice(get_args(_Format)),
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
    start: datetime | None,
    end: datetime | None,
    by: Literal["week", "severity"] | None,
    form: _Format,
    file: Path | None,
) -> None:
    """Measure incident response: times to detect, respond and resolve, rates, counts by severity and week.

    In JSON times are seconds, and what has no members is null. Drills, duplicates and false positives do not count.
    """
    from prismfs.engine.metrics.figures import measure
    from prismfs.engine.metrics.source import read_facts

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
        text = _page(data, facts, connection) if form == "html" else _text(data, form)
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
    return _table(data)


def _page(data: dict[str, Any], facts: Facts, connection: sqlite3.Connection) -> str:
    from prismfs.engine.metrics.incidents_now import read_active
    from prismfs.engine.metrics.page import page

    return page(data, facts, active=read_active(connection, at=facts.as_of))


def _window(start: datetime | None, end: datetime | None) -> tuple[int | None, int | None]:
    first, last = (None if at is None else round(at.timestamp() * 1000) for at in (start, end))
    if first is not None and last is not None and last < first:
        raise UsageError("usage", "--to lies before --from", field="--to", hint="a window is [from, to)")
    return first, last


def _table(data: dict[str, Any]) -> str:
    """Return the figures as lines for people; times are means of what is named, `-` where there is nothing."""
    start, end = data["from"], data["to"]
    window = " ".join(filter(None, (start and f"from {start}", end and f"to {end}"))) or "all time"
    left_out = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in data["excluded"].items() if count)
    parts = [
        f"{data['pid']}, {window}: {data['incidents']} incidents, {data['open']} open"
        + (f" (not counted: {left_out})" if left_out else "")
        + (f", times of {data['corrected']} told afterwards" if data["corrected"] else ""),
        _times(data),
        _rates(data),
        _severities(data),
    ]
    if data["weeks"]:
        parts.append(_weeks(data["weeks"]))
    if "by" in data:
        parts.append(_groups(data))
    return "\n\n".join(parts) + "\n"


def _member(data: dict[str, Any], place: str) -> dict[str, Any]:
    for name in place.split("."):
        data = data[name]
    return data


def _times(data: dict[str, Any]) -> str:
    found = {label: _member(data, place) for place, label in _TIMES.items()}
    rows = [
        {"what": label, "n": values["n"]} | {name: _span(values[name]) for name in ("mean", "median", "p90")}
        for label, values in found.items()
    ]
    return output.table(rows, {"what": "TIME", "n": "N", "mean": "MEAN", "median": "MEDIAN", "p90": "P90"})


def _rates(data: dict[str, Any]) -> str:
    rates = {label: data[name] for name, label in _RATES.items()}
    for target in ("respond", "resolve"):
        rates[f"target to {target} missed"] = data["breach_rate"][target]["all"]
    rows = [
        {"what": label, "percent": _share(rate), "of": f"{rate['count']}/{rate['n']}"} for label, rate in rates.items()
    ]
    return output.table(rows, {"what": "RATE", "percent": "PER CENT", "of": "OF"})


def _severities(data: dict[str, Any]) -> str:
    counts, missed = data["by_severity"], data["breach_rate"]
    rows = [
        {
            "severity": output.severity_style(rank, label),
            "final": counts["sev_final"][label],
            "worst": counts["sev_max"][label],
            "respond": _missed(missed["respond"][label]),
            "resolve": _missed(missed["resolve"][label]),
        }
        for rank, label in enumerate(_LABELS)
    ]
    columns = {"severity": "SEVERITY", "final": "LAST", "worst": "WORST"}
    return output.table(rows, columns | {"respond": "RESPONSE MISSED", "resolve": "RESOLUTION MISSED"})


def _weeks(weeks: list[dict[str, Any]]) -> str:
    rows = [{"week": week["week"], **week["sev_final"], "all": sum(week["sev_final"].values())} for week in weeks]
    columns = {"week": "WEEK"} | {label: label for label in _LABELS} | {"all": "ALL"}
    shown = output.table(rows[-_WEEKS:], columns)
    return shown if len(rows) <= _WEEKS else f"{shown}\n{len(rows) - _WEEKS} earlier weeks; --json has them"


def _groups(data: dict[str, Any]) -> str:
    name = data["by"]
    rows = [
        {name: group[name], "incidents": group["incidents"]}
        | {place: _span(_member(group, place)["mean"]) for place in _SHORT}
        | {"auto": _share(group["auto_resolve_rate"]), "repeat": _share(group["repeat_rate"])}
        for group in data["groups"]
    ]
    columns = {name: name.upper(), "incidents": "N", **_SHORT, "auto": "AUTO %", "repeat": "REPEAT %"}
    return output.table(rows, columns) if rows else f"no {name} has an incident"


def _span(seconds: float | None) -> str:
    return "-" if seconds is None else format_seconds(seconds)


def _share(rate: dict[str, Any]) -> str:
    return "-" if rate["percent"] is None else f"{rate['percent']:.1f}"


def _missed(rate: dict[str, Any]) -> str:
    return "-" if rate["percent"] is None else f"{rate['percent']:.1f} % of {rate['n']}"


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
            os.fchmod(number, 0o644)  # a collector that runs as somebody else reads it, too
        os.replace(name, path)
    except OSError as error:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        raise StoreError(
            "not_written", f"cannot be written: {error.strerror}", path=str(path),
            hint="check that its folder is there, and its mode",
        ) from error  # fmt: skip
