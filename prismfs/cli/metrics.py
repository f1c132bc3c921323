"""`prismfs metrics`: how fast incidents were answered and resolved."""

from __future__ import annotations

import click

from prismfs.cli import output


@click.command("metrics", epilog="\b\nExample:\n  prismfs metrics --from 2026-03-01 --to 2026-04-01")
@click.option("--from", "start", help="Only incidents detected from this day or instant on.")
@click.option("--to", "end", help="Only incidents detected before this day or instant.")
@output.verb()
def command(call: output.Call, start: str | None, end: str | None) -> None:
    """Print counts and times of incidents: number, mean, median and p90 in seconds; null for an empty set."""
    from prismfs.engine.metrics import measure
    from prismfs.store import listing
    from prismfs.store.reading import reading

    with reading(call.project()) as connection:
        texts, _ = listing.find_documents(connection, "incident")
    data = measure(texts, start=start, end=end)
    rows = [{"metric": name, **values} for name, values in data["times"].items()]
    columns = {"metric": "SECONDS TO", "n": "N", "mean": "MEAN", "median": "MEDIAN", "p90": "P90"}
    severities = ", ".join(f"{label} {count}" for label, count in data["by_severity"].items()) or "none"
    output.result(call, data, [f"{data['incidents']} incidents: {severities}", output.table(rows, columns)])
