"""`prismfs triage`: try the triage rules; and how rules that are tried, and labelled examples, are read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from prismfs.cli import output
from prismfs.errors import RecordError, StoreError

RULES = click.option(
    "--rules", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Other rules than the project's."
)
EXAMPLES = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group("triage", epilog="\b\nExample:\n  prismfs triage eval reports.jsonl")
def command() -> None:
    """Try the triage rules on labelled reports."""


@command.command("eval", epilog="\b\nExample:\n  prismfs triage eval reports.jsonl --rules settings/triage.yaml")
@EXAMPLES
@RULES
@click.option("--hard", type=click.IntRange(min=0), default=10, show_default=True, help="How many hard cases to print.")
@output.verb()
def evaluate_(call: output.Call, file: Path, rules: Path | None, hard: int) -> None:
    """Sort each report of FILE (JSON lines: id, title, body, lane, …) and compare with its label."""
    from prismfs.engine.admin.evaluate_triage import evaluate
    from prismfs.store.defaults import default_record

    found: Any = read_rules(call, "triage", rules)
    policy: Any = default_record("policy")
    data = evaluate(found, read_examples(file), nature_floor=policy.nature_floor).to_document()
    output.result(call, data, _lines(data, hard))


def read_rules(call: output.Call, kind: str, path: Path | None) -> Any:
    """Return the rules of `path`, else the project's own, else those that ship, as a record of the settings `kind`."""
    from prismfs.kinds import KINDS
    from prismfs.store.defaults import default_record

    folder = KINDS[kind].folder
    if path is None:
        try:
            path = call.project() / folder
        except StoreError:
            return default_record(kind)
    return KINDS[kind].read(path.read_bytes(), path=folder) if path.is_file() else default_record(kind)


def read_examples(file: Path) -> list[Any]:
    """Return the labelled examples of a file of JSON lines.

    Raises:
        RecordError: `syntax`.
    """
    try:
        return [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    except ValueError as error:
        raise RecordError("syntax", f"is not JSON lines: {error}", path=str(file)) from error


def _lines(data: dict[str, Any], hard: int) -> Iterator[str]:
    yield f"{data['count']} reports: {data['accuracy']:.1%} in their lane, {data['unclassified']} unclassified"
    yield f"of those that got a lane: {data['accuracy_classified']:.1%}"
    yield f"questions taken for incidents: {data['info_as_incident']:.1%}"
    severity, kind = data["severity"], data["kind"]
    if severity["count"]:
        exact, near = severity["exact"], severity["within_one"]
        yield f"severity of {severity['count']} incidents: {exact:.1%} exact, {near:.1%} within one"
    if kind["count"]:
        yield f"kind of {kind['count']} incidents: {kind['accuracy']:.1%}"
    if data["scope"]["count"]:
        leaked = data["scope"]["leaked"]
        yield f"scope of {data['scope']['count']}: {data['scope']['accuracy']:.1%}, {leaked} customer-internal let out"
    rows = [{"expected": lane, **found} for lane, found in data["confusion"].items() if any(found.values())]
    columns = {"expected": "IS \\ FOUND", **{lane: lane.upper() for lane in data["confusion"]}}
    yield "\n" + output.table(rows, columns)
    cases = data["hard_cases"][:hard]
    if cases:
        yield f"\nHard cases, the surest first ({len(cases)} of {len(data['hard_cases'])}):"
    for case in cases:
        rules = ", ".join(f"{match['rule']} {match['weight']:+g}" for match in case["matched"]) or "no rule"
        mark = " (ambiguous)" if case["ambiguous"] else ""
        found = f"{case['expected']}, found {case['got']} at {case['confidence']}"
        yield f"  {output.safe(case['id'])}: is {found}{mark}: {rules}"
